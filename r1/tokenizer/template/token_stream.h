// Tokens read one by one by the parser.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "r1/tokenizer/template/lexer.h"

namespace r1::tokenizer::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  /// The current token; the stream goes on to the next, but never behind the End.
  const Token& take() {
    const Token& token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  int line() const { return peek().line; }

  bool skip_name(const char* name) { return skip_if(peek().is_name(name)); }
  bool skip_operator(const char* symbol) { return skip_if(peek().is_operator(symbol)); }

  void expect_operator(const char* symbol) {
    if (!skip_operator(symbol)) refuse(symbol);
  }
  void expect_name(const char* name) {
    if (!skip_name(name)) refuse(name);
  }
  void expect(Token::Kind kind) {
    if (!skip_if(peek().is(kind))) refuse(describe({kind, "", {}, 0}));
  }
  std::string expect_any_name() {
    if (!peek().is(Token::Kind::Name)) refuse("a name");
    return take().text;
  }

  [[noreturn]] void refuse(const std::string& wanted) const {
    throw SyntaxError(line(), fmt::format("{} is expected, but there is {}", wanted, describe(peek())));
  }

 private:
  bool skip_if(bool matches) {
    if (matches) take();
    return matches;
  }
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace r1::tokenizer::jinja
