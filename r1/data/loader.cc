// Epoch order, windows, cursor.
#include "r1/data/loader.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/hash.h"
#include "r1/core/rng.h"
#include "r1/data/json_record.h"

namespace r1::data {
namespace {

// Streams of Purpose::Shuffle within an epoch, told apart by RngKey::sample.
constexpr std::uint32_t kDocumentOrder = 0;
constexpr std::uint32_t kRowOrder = 1;

core::RngKey shuffle_key(const LoaderConfig& config, std::int64_t epoch, std::int64_t window, std::uint32_t what) {
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  R1_CHECK(epoch <= kMax && window <= kMax, "epoch {}, window {}", epoch, window);
  return {.seed = static_cast<std::uint64_t>(config.seed),
          .purpose = core::Purpose::Shuffle,
          .step = static_cast<std::uint32_t>(epoch),
          .prompt = static_cast<std::uint32_t>(window),
          .sample = what};
}

void check_positive(const char* key, std::int64_t value) {
  if (value < 1 || value > std::numeric_limits<std::int32_t>::max())
    user_error("{}: must lie between 1 and 2^31 - 1, is {}", key, value);
}

}  // namespace

void fields(core::FieldVisitor& v, LoaderConfig& c) {
  v("rows_per_batch", c.rows_per_batch, "rows of a batch");
  v("row_length", c.row_length, "tokens of a row");
  v("seed", c.seed, "names the order of documents");
  v("window", c.window, "documents packed together: more = fuller rows");
}

std::string to_json(const LoaderCursor& cursor) {
  nlohmann::ordered_json record;
  record["epoch"] = cursor.epoch;
  record["window"] = cursor.window;
  record["row"] = cursor.row;
  record["stream"] = cursor.stream;
  return dump_record(record);
}

LoaderCursor cursor_from_json(const std::string& json) {
  const nlohmann::json record = parse_record(json);
  return {.epoch = integer_field(record, "epoch"),
          .window = integer_field(record, "window"),
          .row = integer_field(record, "row"),
          .stream = text_field(record, "stream")};
}

PackedLoader::PackedLoader(const TokenShard& shard, const LoaderConfig& config, std::int32_t pad_id)
    : shard_(shard), config_(config), pad_id_(pad_id) {
  check_positive("rows_per_batch", config.rows_per_batch);
  check_positive("row_length", config.row_length);
  check_positive("window", config.window);
  if (shard.num_documents() == 0) user_error("the token shard holds no documents: there is nothing to train on");
  cursor_.stream =
      core::hash_hex(fmt::format("{} {} {} {}", shard.hash(), config.row_length, config.seed, config.window));
  order_ = epoch_order(0);
  rows_ = window_rows(0);
}

std::int64_t PackedLoader::num_windows() const {
  return (shard_.num_documents() + config_.window - 1) / config_.window;
}

std::vector<std::int64_t> PackedLoader::epoch_order(std::int64_t epoch) const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(shard_.num_documents()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  core::Rng(shuffle_key(config_, epoch, 0, kDocumentOrder)).shuffle(order);
  return order;
}

std::vector<PackedRow> PackedLoader::window_rows(std::int64_t window) const {
  const std::int64_t begin = window * config_.window;
  const std::int64_t end = std::min(begin + config_.window, shard_.num_documents());
  std::vector<Piece> documents;
  documents.reserve(static_cast<std::size_t>(end - begin));
  for (std::int64_t i = begin; i < end; ++i)
    documents.push_back({shard_.document_begin(order_[i]), shard_.document_size(order_[i])});
  std::vector<PackedRow> rows = pack_best_fit(documents, config_.row_length);
  core::Rng(shuffle_key(config_, cursor_.epoch, window, kRowOrder))
      .shuffle(rows);  // packing leaves long documents first
  return rows;
}

void PackedLoader::advance() {
  if (++cursor_.row < static_cast<std::int64_t>(rows_.size())) return;
  cursor_.row = 0;
  if (++cursor_.window == num_windows()) {
    cursor_.window = 0;
    order_ = epoch_order(++cursor_.epoch);
  }
  rows_ = window_rows(cursor_.window);
}

PackedBatch PackedLoader::next() {
  std::vector<PackedRow> rows;
  rows.reserve(static_cast<std::size_t>(config_.rows_per_batch));
  for (std::int64_t i = 0; i < config_.rows_per_batch; ++i) {
    rows.push_back(rows_[cursor_.row]);
    advance();
  }
  return assemble_batch(shard_, rows, config_.row_length, pad_id_);
}

void PackedLoader::seek(const LoaderCursor& cursor) {
  if (cursor.stream != cursor_.stream)
    user_error(
        "the saved place in the data belongs to other tokens, seed, row_length or window; start this stage afresh");
  const bool inside = cursor.epoch >= 0 && cursor.epoch <= std::numeric_limits<std::uint32_t>::max() &&
                      cursor.window >= 0 && cursor.window < num_windows() && cursor.row >= 0;
  if (!inside)
    user_error("the saved place in the data does not exist: epoch {}, window {}, row {}", cursor.epoch, cursor.window,
               cursor.row);
  PackedLoader there(*this);  // a refused cursor leaves this loader where it was
  there.cursor_ = cursor;
  there.order_ = epoch_order(cursor.epoch);
  there.rows_ = there.window_rows(cursor.window);
  if (cursor.row >= static_cast<std::int64_t>(there.rows_.size()))
    user_error("the saved place in the data does not exist: row {} of {}", cursor.row, there.rows_.size());
  cursor_ = cursor;
  order_.swap(there.order_);
  rows_.swap(there.rows_);
}

std::int64_t PackedLoader::rows_in_epoch() const {
  std::int64_t rows = 0;
  for (std::int64_t window = 0; window < num_windows(); ++window)
    rows += static_cast<std::int64_t>(window_rows(window).size());
  return rows;
}

}  // namespace r1::data
