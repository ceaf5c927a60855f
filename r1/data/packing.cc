// Best-fit-decreasing packing and batch assembly.
#include "r1/data/packing.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "r1/core/error.h"

namespace r1::data {
namespace {

std::vector<Piece> cut(std::span<const Piece> documents, std::int64_t row_length) {
  std::vector<Piece> pieces;
  pieces.reserve(documents.size());
  for (const Piece& document : documents)
    for (std::int64_t done = 0; done < document.size; done += row_length)
      pieces.push_back({document.begin + done, std::min(row_length, document.size - done)});
  return pieces;
}

// Writes one piece at flat index `at`.
void place(const TokenShard& shard, const Piece& piece, std::int64_t at, PackedBatch& batch) {
  shard.copy_tokens(piece.begin, std::span(batch.ids).subspan(at, piece.size));
  for (std::int64_t t = 0; t < piece.size; ++t) {
    batch.positions[at + t] = static_cast<std::int32_t>(t);
    batch.sequence_start[at + t] = static_cast<std::int32_t>(at);
    if (t + 1 == piece.size || !shard.is_target(piece.begin + t + 1)) continue;
    batch.labels[at + t] = batch.ids[at + t + 1];
    ++batch.num_targets;
  }
  batch.num_tokens += piece.size;
}

}  // namespace

std::vector<PackedRow> pack_best_fit(std::span<const Piece> documents, std::int64_t row_length) {
  R1_CHECK(row_length >= 1, "row_length {}", row_length);
  std::vector<Piece> pieces = cut(documents, row_length);
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.size > b.size; });
  std::vector<PackedRow> rows;
  std::set<std::pair<std::int64_t, std::size_t>> open;  // (room left, row): least room first, then the oldest row
  for (const Piece& piece : pieces) {
    std::int64_t room = row_length;
    std::size_t row = rows.size();
    if (const auto fit = open.lower_bound({piece.size, 0}); fit != open.end()) {
      std::tie(room, row) = *fit;
      open.erase(fit);
    } else {
      rows.emplace_back();
    }
    rows[row].push_back(piece);
    if (room > piece.size) open.emplace(room - piece.size, row);
  }
  return rows;
}

PackedBatch assemble_batch(const TokenShard& shard, std::span<const PackedRow> rows, std::int64_t row_length,
                           std::int32_t pad_id) {
  const auto num_rows = static_cast<std::int64_t>(rows.size());
  R1_CHECK(row_length >= 1 && (num_rows == 0 || row_length <= std::numeric_limits<std::int32_t>::max() / num_rows),
           "a batch of {} rows of {} tokens exceeds 2^31 positions", num_rows, row_length);
  const auto size = static_cast<std::size_t>(num_rows * row_length);
  PackedBatch batch;
  batch.num_rows = num_rows;
  batch.row_length = row_length;
  batch.ids.assign(size, pad_id);
  batch.positions.assign(size, 0);
  batch.labels.assign(size, kIgnoredLabel);
  batch.sequence_start.resize(size);
  for (std::size_t i = 0; i < size; ++i) batch.sequence_start[i] = static_cast<std::int32_t>(i);
  for (std::int64_t row = 0; row < num_rows; ++row) {
    std::int64_t at = row * row_length;
    for (const Piece& piece : rows[row]) {
      R1_CHECK(at + piece.size <= (row + 1) * row_length, "row {} holds more than {} tokens", row, row_length);
      place(shard, piece, at, batch);
      at += piece.size;
    }
  }
  return batch;
}

}  // namespace r1::data
