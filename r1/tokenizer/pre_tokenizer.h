// Cuts text into the pieces inside which BPE merges: an ordered list of regular expressions, each of which isolates its
// matches in the pieces that the one before left (matches and the text between them are both pieces, and a later
// expression sees one piece only, so its look-ahead ends there). Bytes that are not valid UTF-8 form pieces of their
// own. Nothing is dropped: the pieces joined are the text. Expressions are read as Hugging Face's `tokenizers` reads
// them (Oniguruma), run by PCRE2.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace r1::tokenizer {

/// Length of the longest prefix of `text` that is valid UTF-8.
std::size_t valid_utf8_prefix(std::string_view text);
/// Length of the run of bytes at the start of `text` that begin no valid character.
std::size_t invalid_utf8_prefix(std::string_view text);

class PreTokenizer {
 public:
  /// UserError, which opens with `where`, when an expression is malformed, or uses Oniguruma's nested or intersected
  /// classes, which PCRE2 lacks.
  explicit PreTokenizer(const std::vector<std::string>& patterns, const std::string& where = "pre-tokenizer");
  ~PreTokenizer();

  /// Calls f(piece) for each piece from left to right. Thread-safe. UserError when an expression goes over the text
  /// again and again ("(a+)+$").
  template <class F>
  void for_each_piece(std::string_view text, F&& f) const {
    while (!text.empty()) {
      const std::size_t valid = valid_utf8_prefix(text);
      if (valid > 0) split(0, text.substr(0, valid), f);
      text.remove_prefix(valid);
      const std::size_t invalid = invalid_utf8_prefix(text);
      if (invalid > 0) f(text.substr(0, invalid));
      text.remove_prefix(invalid);
    }
  }

 private:
  struct Pattern;
  struct Match {
    bool found = false;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  /// First match of pattern `level` in `text` at or after `from`.
  Match find(std::size_t level, std::string_view text, std::size_t from) const;

  template <class F>
  void split(std::size_t level, std::string_view text, F& f) const {
    if (level == patterns_.size()) return f(text);
    std::size_t done = 0;
    for (std::size_t from = 0; from <= text.size();) {
      const Match match = find(level, text, from);
      if (!match.found) break;
      if (match.begin > done) split(level + 1, text.substr(done, match.begin - done), f);
      if (match.end > match.begin) split(level + 1, text.substr(match.begin, match.end - match.begin), f);
      done = match.end;
      from = match.end > match.begin ? match.end : next_char(text, match.end);
    }
    if (done < text.size()) split(level + 1, text.substr(done), f);
  }
  static std::size_t next_char(std::string_view text, std::size_t at) {
    do ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
    return at;
  }

  std::vector<std::unique_ptr<Pattern>> patterns_;
};

}  // namespace r1::tokenizer
