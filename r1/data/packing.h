// Packing: documents of many lengths into rows of one length, and rows into the flat ("varlen") batch that the trainer
// takes. Tokens see only their own document: sequence_start says where it begins. Documents longer than a row are cut
// into pieces that are documents of their own (the last token of a piece has no label). Order and epochs are the
// loader's (loader.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "r1/data/token_shard.h"

namespace r1::data {

/// Label of a position that does not count in the loss.
inline constexpr std::int32_t kIgnoredLabel = -100;

/// num_rows rows of row_length tokens, flattened: every vector has num_rows * row_length elements.
struct PackedBatch {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> positions;       // restart at 0 with each document
  std::vector<std::int32_t> sequence_start;  // flat index of the first token that this token may attend to
  std::vector<std::int32_t> labels;          // next token of the same document, or kIgnoredLabel
  std::int64_t num_rows = 0;
  std::int64_t row_length = 0;
  std::int64_t num_tokens = 0;   // without padding
  std::int64_t num_targets = 0;  // labels that count
  /// Share of positions that are no padding.
  double fill_rate() const {
    return ids.empty() ? 0.0 : static_cast<double>(num_tokens) / static_cast<double>(ids.size());
  }
};

/// A run of consecutive tokens of one document.
struct Piece {
  std::int64_t begin = 0;  // position in the shard
  std::int64_t size = 0;
};

/// Pieces that share a row; their sizes sum to row_length at most.
using PackedRow = std::vector<Piece>;

/// Best-fit decreasing: documents are cut into pieces of at most row_length, then, longest first (ties in the order
/// given), each goes to the row with the least room that still takes it. O(n log n); the same input gives the same
/// rows.
std::vector<PackedRow> pack_best_fit(std::span<const Piece> documents, std::int64_t row_length);

/// The batch of `rows`, rest of each row filled with `pad_id`; each padding token is a document of its own, without a
/// label.
PackedBatch assemble_batch(const TokenShard& shard, std::span<const PackedRow> rows, std::int64_t row_length,
                           std::int32_t pad_id);

}  // namespace r1::data
