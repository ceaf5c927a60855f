// Tokens inside a tag.
#include "r1/tokenizer/template/tag_lexer.h"

#include <array>

#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'z' ? small - 'a' + 10 : 99;
}

/// Python's escapes in a string literal, from the backslash at `at` on; unknown ones stay as they are.
class Unescaper {
 public:
  Unescaper(std::string_view raw, int line) : raw_(raw), line_(line) {}

  std::string run() {
    while (at_ < raw_.size()) {
      if (raw_[at_] == '\\' && at_ + 1 < raw_.size()) {
        ++at_;
        read_escape(raw_[at_++]);
      } else {
        result_ += raw_[at_++];
      }
    }
    return std::move(result_);
  }

 private:
  void read_escape(char c) {
    constexpr std::string_view kNames = "\\'\"abfnrtv";
    constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
    const std::size_t which = kNames.find(c);
    if (which != std::string_view::npos) {
      result_ += kValues[which];
    } else if (c == '\n') {
      return;  // the line goes on
    } else if (c >= '0' && c <= '7') {
      --at_;
      read_code(8, 1, 3);
    } else if (c == 'x') {
      read_code(16, 2, 2);
    } else if (c == 'u') {
      read_code(16, 4, 4);
    } else if (c == 'U') {
      read_code(16, 8, 8);
    } else if (c == 'N') {
      throw SyntaxError(line_, "the escape \\N in a string is not supported; write the character");
    } else {
      result_ += '\\';
      result_ += c;
    }
  }

  void read_code(int base, int at_least, int at_most) {
    char32_t code = 0;
    int count = 0;
    for (; count < at_most && at_ < raw_.size() && digit_value(raw_[at_]) < base; ++count)
      code = code * static_cast<char32_t>(base) + static_cast<char32_t>(digit_value(raw_[at_++]));
    if (count < at_least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      throw SyntaxError(line_, "a string has an escape that is no character");
    append_utf8(result_, code);
  }

  std::string_view raw_;
  int line_;
  std::size_t at_ = 0;
  std::string result_;
};

}  // namespace

void TagLexer::skip_space() {
  while (at_ < source_.size()) {
    std::size_t next = at_;
    if (!is_space(next_code_point(source_, next))) return;
    line_ += source_[at_] == '\n' ? 1 : 0;
    at_ = next;
  }
}

bool TagLexer::at_end() {
  if (!brackets_.empty()) return false;
  const bool sign = look() == '-' || (look() == '+' && end_ == "%}");
  close_ = at_ + (sign ? 1 : 0);
  return source_.compare(close_, 2, end_) == 0;
}

bool TagLexer::read(std::vector<Token>& tokens) {
  skip_space();
  if (at_end()) return false;
  if (at_ >= source_.size()) throw SyntaxError(line_, "a tag has no end " + end_);
  const char c = look();
  if (is_digit(c)) {
    read_number(tokens);
  } else if (is_name_start(c)) {
    const std::size_t begin = at_;
    while (is_name_start(look()) || is_digit(look())) ++at_;
    tokens.push_back({Token::Kind::Name, source_.substr(begin, at_ - begin), {}, line_});
  } else if (c == '\'' || c == '"') {
    read_string(tokens);
  } else {
    read_operator(tokens);
  }
  return true;
}

void TagLexer::read_number(std::vector<Token>& tokens) {
  std::string digits;
  const auto take = [&] {
    while (is_digit(look()) || (look() == '_' && is_digit(look(1)))) {
      if (look() != '_') digits += look();
      ++at_;
    }
  };
  const char marker = static_cast<char>(look(1) | 0x20);
  if (look() == '0' && (marker == 'x' || marker == 'o' || marker == 'b'))
    throw SyntaxError(line_, "numbers of another base than 10 are not supported");
  const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';  // x.1.2 is an item of an item
  take();
  bool real = false;
  if (!after_dot && look() == '.' && is_digit(look(1))) {
    real = true;
    digits += source_[at_++];
    take();
  }
  const std::size_t sign = look(1) == '-' || look(1) == '+' ? 1 : 0;
  if (!after_dot && (look() | 0x20) == 'e' && is_digit(look(1 + sign))) {
    real = true;
    digits += source_.substr(at_, 1 + sign);
    at_ += 1 + sign;
    take();
  }
  if (!real && digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != std::string::npos)
    throw SyntaxError(line_, "a number begins with 0");
  try {
    Value number = real ? Value::number(parse_float(digits).value_or(0)) : Value::integer(*parse_integer(digits));
    tokens.push_back({Token::Kind::Number, digits, std::move(number), line_});
  } catch (const TemplateError& e) {
    throw SyntaxError(line_, e.what());
  }
}

void TagLexer::read_string(std::vector<Token>& tokens) {
  const char quote = look();
  const int begun = line_;
  std::size_t end = at_ + 1;
  while (end < source_.size() && source_[end] != quote) {
    if (source_[end] == '\\') ++end;
    if (end < source_.size() && source_[end] == '\n') ++line_;
    ++end;
  }
  if (end >= source_.size()) throw SyntaxError(begun, "a string has no end");
  const std::string_view raw = std::string_view(source_).substr(at_ + 1, end - at_ - 1);
  tokens.push_back({Token::Kind::String, Unescaper(raw, begun).run(), {}, begun});
  at_ = end + 1;
}

void TagLexer::read_operator(std::vector<Token>& tokens) {
  static constexpr std::array<const char*, 26> kOperators = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                             "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                             ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
  for (const std::string_view symbol : kOperators) {
    if (source_.compare(at_, symbol.size(), symbol) != 0) continue;
    constexpr std::string_view kOpen = "([{";
    constexpr std::string_view kClose = ")]}";
    if (const std::size_t open = kOpen.find(symbol); open != std::string_view::npos) {
      brackets_ += kClose[open];
      if (brackets_.size() > Limits::kSyntaxDepth) throw SyntaxError(line_, "brackets are nested too deep");
    } else if (kClose.find(symbol) != std::string_view::npos) {
      if (brackets_.empty() || brackets_.back() != symbol[0])
        throw SyntaxError(line_, fmt::format("{} closes no bracket", symbol));
      brackets_.pop_back();
    }
    tokens.push_back({Token::Kind::Operator, std::string(symbol), {}, line_});
    at_ += symbol.size();
    return;
  }
  std::size_t end = at_;
  next_code_point(source_, end);
  throw SyntaxError(line_, fmt::format("unexpected character {}", quoted(source_.substr(at_, end - at_))));
}

}  // namespace r1::tokenizer::jinja
