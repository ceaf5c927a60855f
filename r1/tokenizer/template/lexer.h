// A template's source cut into tokens, with Jinja's white space rules: `-` strips, `+` keeps, the newline behind a
// block tag and the spaces before one on its line go (trim_blocks, lstrip_blocks), and the last newline of the file.
#pragma once

#include <string>
#include <vector>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

struct Token {
  enum class Kind { Text, OutputBegin, OutputEnd, BlockBegin, BlockEnd, Name, String, Number, Operator, End };
  Kind kind = Kind::End;
  std::string text;  // String: the value; Operator: as written
  Value number;      // Number: Int or Float
  int line = 1;

  bool is(Kind other) const { return kind == other; }
  bool is_name(const char* name) const { return kind == Kind::Name && text == name; }
  bool is_operator(const char* symbol) const { return kind == Kind::Operator && text == symbol; }
};

/// Ends with a token of kind End. SyntaxError names the line.
std::vector<Token> tokenize(const std::string& source);

/// What a token is called in messages.
std::string describe(const Token& token);

}  // namespace r1::tokenizer::jinja
