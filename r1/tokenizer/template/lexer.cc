// Tokens of text, tags, comments and raw blocks; those inside a tag are in tag_lexer.cc.
#include "r1/tokenizer/template/lexer.h"

#include <algorithm>

#include "r1/tokenizer/template/tag_lexer.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

/// All line ends as \n; without the one at the end of the file.
std::string normalized(const std::string& source) {
  std::string text;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      text += source[i];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(const std::string& source) : source_(normalized(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) read_text_and_tag();
    put(Token::Kind::End, "");
    return std::move(tokens_);
  }

 private:
  void put(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), {}, line_}); }
  void put_text(std::string_view text) {
    if (!text.empty()) put(Token::Kind::Text, std::string(text));
  }
  void move_to(std::size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }
  std::size_t behind_space(std::size_t from) const {
    while (from < source_.size()) {
      std::size_t next = from;
      if (!is_space(next_code_point(source_, next))) break;
      from = next;
    }
    return from;
  }

  /// Text up to the next tag, and the whole tag.
  void read_text_and_tag() {
    std::size_t tag = at_;
    while ((tag = source_.find('{', tag)) != std::string::npos) {
      const char kind = tag + 1 < source_.size() ? source_[tag + 1] : '\0';
      if (kind == '{' || kind == '%' || kind == '#') break;
      ++tag;
    }
    if (tag == std::string::npos) {
      put_text(std::string_view(source_).substr(at_));
      return move_to(source_.size());
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    put_text(before_tag(std::string_view(source_).substr(at_, tag - at_), sign, kind != '{'));
    move_to(tag + 2 + (sign == '-' || sign == '+' ? 1 : 0));
    if (kind == '#') return skip_comment();
    if (kind == '%' && read_raw()) return;
    read_tag(kind == '%');
  }

  std::string_view before_tag(std::string_view text, char sign, bool is_block) const {
    if (sign == '-') return strip(text, {}, {.left = false});
    if (sign == '+' || !is_block) return text;
    const std::size_t line_begin = text.rfind('\n') + 1;  // npos + 1 is 0
    if (line_begin == 0 && !line_starting_) return text;
    return strip(text.substr(line_begin)).empty() ? text.substr(0, line_begin) : text;
  }

  /// Behind the closing tag at `close`, whose sign and following white space it takes in.
  void leave_tag(std::size_t close, bool trim_newline) {
    const bool strips = close > 0 && source_[close - 1] == '-';
    const bool keeps = close > 0 && source_[close - 1] == '+';
    std::size_t end = close + 2;
    if (strips) {
      end = behind_space(end);
    } else if (trim_newline && !keeps && end < source_.size() && source_[end] == '\n') {
      ++end;
    }
    move_to(end);
    line_starting_ = source_[end - 1] == '\n';
  }

  void skip_comment() {
    const std::size_t close = source_.find("#}", at_);
    if (close == std::string::npos) throw SyntaxError(line_, "a comment {# has no end #}");
    // The sign of {#- is no sign of #}.
    if (close == at_) {
      move_to(close + 2);
      const bool newline = at_ < source_.size() && source_[at_] == '\n';
      if (newline) move_to(at_ + 1);
      line_starting_ = newline;
      return;
    }
    leave_tag(close, true);
  }

  /// The end of `{% [-+]? name [-+]? %}` when that stands at `from` (behind {% and its sign), or npos. `close` gets
  /// the place of its %}.
  bool is_simple_tag(std::size_t from, std::string_view name, std::size_t& close) const {
    std::size_t at = behind_space(from);
    if (source_.compare(at, name.size(), name) != 0) return false;
    at = behind_space(at + name.size());
    if (at < source_.size() && (source_[at] == '-' || (source_[at] == '+' && name != "raw"))) ++at;
    close = at;
    return source_.compare(at, 2, "%}") == 0;
  }

  bool read_raw() {
    std::size_t close = 0;
    if (!is_simple_tag(at_, "raw", close)) return false;
    const int begun = line_;
    leave_tag(close, false);
    for (std::size_t tag = at_; (tag = source_.find("{%", tag)) != std::string::npos; tag += 2) {
      const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      const bool has_sign = sign == '-' || sign == '+';
      if (!is_simple_tag(tag + 2 + (has_sign ? 1 : 0), "endraw", close)) continue;
      put_text(before_tag(std::string_view(source_).substr(at_, tag - at_), sign, true));
      leave_tag(close, true);
      return true;
    }
    throw SyntaxError(begun, "raw has no endraw");
  }

  void read_tag(bool is_block) {
    put(is_block ? Token::Kind::BlockBegin : Token::Kind::OutputBegin, "");
    TagLexer tag(source_, at_, line_, is_block ? "%}" : "}}");
    while (tag.read(tokens_)) {
    }
    line_ = tag.line();
    at_ = tag.position();
    put(is_block ? Token::Kind::BlockEnd : Token::Kind::OutputEnd, "");
    leave_tag(tag.close(), is_block);
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;  // nothing but tags since the last newline, which a tag took in
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const std::string& source) { return Lexer(source).run(); }

std::string describe(const Token& token) {
  switch (token.kind) {
    case Token::Kind::Text:
      return "text";
    case Token::Kind::OutputBegin:
      return "{{";
    case Token::Kind::OutputEnd:
      return "}}";
    case Token::Kind::BlockBegin:
      return "{%";
    case Token::Kind::BlockEnd:
      return "%}";
    case Token::Kind::String:
      return "a string";
    case Token::Kind::Number:
      return "a number";
    case Token::Kind::End:
      return "the template's end";
    default:
      return token.text;
  }
}

}  // namespace r1::tokenizer::jinja
