// Byte-level BPE: encode, decode, Hugging Face tokenizer.json. Lossless on any bytes of which the vocabulary has a
// token (all 256 where r1 trained it, 235 in SmolLM2): decode(encode(x)) == x.
// Not so where the model puts text into Unicode's form C first. Training is in bpe_trainer.h, tiktoken's files in
// tiktoken.h, chat templates in chat_template.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace r1::tokenizer {

/// What defines a tokenizer. Tokens are raw bytes here; the file's printable byte-level form is made on save and undone
/// on load. A byte of which no token is there becomes `unknown`, or nothing without one. A special or added token whose
/// id lies inside the base vocabulary has its text in `tokens` too; an id that stands for nothing has an empty string
/// there.
struct Model {
  std::vector<std::string> tokens;  // id -> bytes of the base vocabulary
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;  // in rank order
  std::vector<std::pair<std::string, std::int32_t>>
      special_tokens;  // text -> id (ids may lie after the base vocabulary)
  std::vector<std::pair<std::string, std::int32_t>>
      added_tokens;  // matched like special ones, but never skipped by decode
  bool nfc = false;  // text between special and added tokens is put into Unicode's form C (nfc.h) first: Qwen
  bool rank_by_token = false;  // merges that make the same token, which stand together, rank alike: tiktoken
  std::vector<std::string> split_patterns;  // PCRE2, applied in order, each isolating its matches
  bool ignore_merges = false;  // a piece that is a token becomes it, whatever the merges would make of it (Llama 3)
  std::optional<std::int32_t> unknown;  // id for a byte without a token
};

class Tokenizer {
 public:
  /// Error when the model is inconsistent (a merge whose result is no token, an id given twice).
  explicit Tokenizer(Model model);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// Reads / writes Hugging Face's tokenizer.json (model.type BPE, ByteLevel), given itself or as the folder that holds
  /// it. UserError names file and what is unsupported.
  static Tokenizer load(const std::filesystem::path& tokenizer_json);
  /// The file's text; the same model gives the same bytes. Other programs are told to put the special token `begin`,
  /// if any, ahead of every text (post_processor).
  std::string to_json(const std::string& begin = "") const;

  /// Token ids of `text`. Special and added tokens written in the text become their ids when `parse_special` is set:
  /// the leftmost first, of those the longest. Nothing is put around the text (no post-processor). Thread-safe.
  std::vector<std::int32_t> encode(std::string_view text, bool parse_special = true) const;
  /// The bytes of `ids`; special tokens are written as text unless `skip_special`. Error on an id out of range.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const;

  /// Highest id + 1, special tokens included.
  std::int64_t vocab_size() const;
  /// Whether `id` stands for a token: below vocab_size() there may be gaps.
  bool contains(std::int64_t id) const;
  /// The id of a special or added token.
  std::optional<std::int32_t> special_id(std::string_view text) const;
  const Model& model() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace r1::tokenizer
