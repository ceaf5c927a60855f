// Token shards: tokenised documents in one binary file, read through mmap. Written whole and atomically; on opening,
// lengths, offsets, token range and content hash are all checked, so a truncated or altered file is one clear line, not
// a bad batch. Layout (little-endian): 80-byte header { "R1TOKENS", u32 version, u32 bytes per token (2 | 4), u64
// tokens, u64 documents, u32 vocabulary size, u32 1 with a loss mask, 32 hex digits XXH3-128 of the body, u64 XXH3-64
// of the header before it }; body { tokens, zeros up to a multiple of 8, u64 offsets[documents + 1], mask bits (lowest
// bit first) }.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace r1::data {

/// Collects one shard in memory (2 or 4 bytes a token); larger corpora are several shards.
class TokenShardWriter {
 public:
  /// Ids lie in [0, vocab_size). `eos_id`, when given, is appended to every document.
  TokenShardWriter(std::int64_t vocab_size, std::optional<std::int32_t> eos_id);

  /// One document. `is_target[t]` != 0: token t counts in the loss (0 for a prompt); empty = all count. The appended
  /// end of sequence always counts. Error on an id out of range or a document without tokens.
  void add(std::span<const std::int32_t> ids, std::span<const std::uint8_t> is_target = {});
  std::int64_t num_tokens() const { return static_cast<std::int64_t>(offsets_.back()); }
  std::int64_t num_documents() const { return static_cast<std::int64_t>(offsets_.size()) - 1; }

  /// Writes the shard; the same documents give the same bytes. The writer stays usable.
  void write(const std::filesystem::path& file) const;

 private:
  void put(std::int32_t id, bool is_target);

  std::int64_t vocab_size_;
  std::optional<std::int32_t> eos_id_;
  std::size_t token_bytes_;
  std::string tokens_;
  std::vector<std::uint8_t> mask_bits_;
  std::vector<std::uint64_t> offsets_ = {0};
  std::uint64_t num_put_ = 0;
  bool has_mask_ = false;  // some token does not count
};

/// A shard on disk. Movable; positions are token indices over the whole shard.
class TokenShard {
 public:
  /// UserError with the path when the file is missing, truncated, damaged or of another kind.
  explicit TokenShard(const std::filesystem::path& file);
  ~TokenShard();
  TokenShard(TokenShard&& other) noexcept;
  TokenShard& operator=(TokenShard&& other) noexcept;

  std::int64_t num_tokens() const { return num_tokens_; }
  std::int64_t num_documents() const { return num_documents_; }
  std::int64_t vocab_size() const { return vocab_size_; }
  bool has_mask() const { return mask_ != nullptr; }
  /// XXH3-128 of the content.
  const std::string& hash() const { return hash_; }

  /// First token of document `index` in [0, num_documents]; the last one is num_tokens().
  std::int64_t document_begin(std::int64_t index) const;
  std::int64_t document_size(std::int64_t index) const { return document_begin(index + 1) - document_begin(index); }
  /// Copies tokens [begin, begin + out.size()).
  void copy_tokens(std::int64_t begin, std::span<std::int32_t> out) const;
  /// Whether the token at `position` counts in the loss.
  bool is_target(std::int64_t position) const;

 private:
  void close() noexcept;
  void map(const std::filesystem::path& file);
  void read_header(const std::filesystem::path& file);
  void check_body(const std::filesystem::path& file) const;

  std::string_view bytes_;  // the mapping
  std::string hash_;
  std::int64_t num_tokens_ = 0;
  std::int64_t num_documents_ = 0;
  std::int64_t vocab_size_ = 0;
  std::size_t token_bytes_ = 0;
  const char* tokens_ = nullptr;
  const char* offsets_ = nullptr;
  const char* mask_ = nullptr;
};

}  // namespace r1::data
