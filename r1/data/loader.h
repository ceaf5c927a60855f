// PackedLoader: the endless stream of batches over one token shard. Each epoch visits every document once in an order
// drawn from (seed, epoch); documents are packed window by window (packing.h) and a window's rows are shuffled. The
// state is a small cursor: seek(cursor) goes on with the same batches bit for bit. No threads, no mixing of shards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/packing.h"
#include "r1/data/token_shard.h"

namespace r1::data {

struct LoaderConfig {
  std::int64_t rows_per_batch = 8;
  std::int64_t row_length = 1024;  // tokens
  std::int64_t seed = 0;
  std::int64_t window = 4096;  // documents packed together: more = fuller rows
};
void fields(core::FieldVisitor& v, LoaderConfig& c);

/// The next row to be handed out. `stream` names data, seed, row length and window: a cursor fits only the stream it is
/// from.
struct LoaderCursor {
  std::int64_t epoch = 0;
  std::int64_t window = 0;  // within the epoch
  std::int64_t row = 0;  // within the window
  std::string stream;
  bool operator==(const LoaderCursor&) const = default;
};
std::string to_json(const LoaderCursor& cursor);
/// UserError on anything that to_json did not write.
LoaderCursor cursor_from_json(const std::string& json);

class PackedLoader {
 public:
  /// `shard` must outlive the loader. UserError on an empty shard or a setting out of range.
  PackedLoader(const TokenShard& shard, const LoaderConfig& config, std::int32_t pad_id);

  /// The next rows_per_batch rows; at the end of an epoch the batch goes on with the next one.
  PackedBatch next();
  /// Where next() goes on.
  LoaderCursor cursor() const { return cursor_; }
  /// UserError when the cursor is of another stream or points nowhere.
  void seek(const LoaderCursor& cursor);
  /// Rows of one epoch. Packs the current epoch once through: linear in its documents, reads no tokens.
  std::int64_t rows_in_epoch() const;

 private:
  std::int64_t num_windows() const;
  std::vector<std::int64_t> epoch_order(std::int64_t epoch) const;
  std::vector<PackedRow> window_rows(std::int64_t window) const;
  void advance();

  const TokenShard& shard_;
  LoaderConfig config_;
  std::int32_t pad_id_;
  LoaderCursor cursor_;
  std::vector<std::int64_t> order_;  // of cursor_.epoch
  std::vector<PackedRow> rows_;  // of cursor_.window
};

}  // namespace r1::data
