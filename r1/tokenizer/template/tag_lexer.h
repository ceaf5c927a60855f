// The tokens inside {{ }} and {% %}: names, numbers, strings with Python's escapes, operators.
#pragma once

#include <string>
#include <vector>

#include "r1/tokenizer/template/lexer.h"

namespace r1::tokenizer::jinja {

class TagLexer {
 public:
  /// Reads `source` from `at`, in line `line`, up to `end` ("}}" or "%}") outside of all brackets.
  TagLexer(const std::string& source, std::size_t at, int line, const char* end)
      : source_(source), end_(end), at_(at), line_(line) {}

  /// Appends one token; false when the end is reached. SyntaxError on what is no token, or without an end.
  bool read(std::vector<Token>& tokens);

  int line() const { return line_; }
  std::size_t position() const { return at_; }
  /// Where `end` stands: at the position, or one behind it when a sign is before it.
  std::size_t close() const { return close_; }

 private:
  bool at_end();
  void skip_space();
  void read_number(std::vector<Token>& tokens);
  void read_string(std::vector<Token>& tokens);
  void read_operator(std::vector<Token>& tokens);
  char look(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }

  const std::string& source_;
  std::string end_;
  std::size_t at_, close_ = 0;
  int line_;
  std::string brackets_;  // the closing ones that are awaited
};

}  // namespace r1::tokenizer::jinja
