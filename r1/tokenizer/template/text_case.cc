// Upper, lower and title case, and repr of a str: what needs Unicode's tables, which PCRE2 brings.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "r1/core/error.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

Code compiled(const char* pattern) {
  int error = 0;
  PCRE2_SIZE where = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern), PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_DOTALL, &error, &where, nullptr));
  R1_CHECK(code != nullptr, "PCRE2 refuses its own pattern {}", pattern);
  return code;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Letters (two bytes each) whose capital leads elsewhere back: PCRE2 knows only pairs.
constexpr std::pair<const char*, const char*> kUpperSpecial[] = {
    {"ß", "SS"}, {"ς", "Σ"}, {"µ", "Μ"}, {"ı", "I"}, {"ſ", "S"}};

/// The whole text through PCRE2's case forcing; `replacement` is \U$0 or \L$0.
std::string forced_case(std::string_view text, const char* replacement) {
  static const Code whole = compiled("^.+$");
  std::string result(text.size() * 3 / 2 + 16, '\0');
  PCRE2_SIZE size = result.size();
  const int count = pcre2_substitute(whole.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                     PCRE2_SUBSTITUTE_EXTENDED | PCRE2_NO_UTF_CHECK | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH,
                                     nullptr, nullptr, reinterpret_cast<PCRE2_SPTR>(replacement), PCRE2_ZERO_TERMINATED,
                                     reinterpret_cast<PCRE2_UCHAR*>(result.data()), &size);
  R1_CHECK(count >= 0, "PCRE2 cannot change the case of a text of {} bytes: error {}", text.size(), count);
  result.resize(size);
  return result;
}

/// Whether str.isprintable() is false for one code point beyond ASCII.
bool is_unprintable(std::string_view character) {
  static const Code pattern = compiled("^[\\p{C}\\p{Z}]");
  struct FreeMatch {
    void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
  };
  const std::unique_ptr<pcre2_match_data, FreeMatch> match(pcre2_match_data_create(1, nullptr));
  return pcre2_match(pattern.get(), reinterpret_cast<PCRE2_SPTR>(character.data()), character.size(), 0,
                     PCRE2_NO_UTF_CHECK, match.get(), nullptr) >= 0;
}

void append_escape(std::string& text, char32_t c) {
  const auto code = static_cast<std::uint32_t>(c);
  if (c < 0x100) {
    text += fmt::format("\\x{:02x}", code);
  } else {
    text += c < 0x10000 ? fmt::format("\\u{:04x}", code) : fmt::format("\\U{:08x}", code);
  }
}

}  // namespace

std::string upper(std::string_view text) {
  std::string result(text);
  if (is_ascii(text)) {
    std::transform(result.begin(), result.end(), result.begin(), ascii_upper);
    return result;
  }
  for (const auto& [small, large] : kUpperSpecial)
    for (std::size_t at = 0; (at = result.find(small, at)) != std::string::npos;) result.replace(at, 2, large);
  return forced_case(result, "\\U$0");
}

std::string lower(std::string_view text) {
  std::string result(text);
  if (!is_ascii(text)) return forced_case(text, "\\L$0");
  std::transform(result.begin(), result.end(), result.begin(), ascii_lower);
  return result;
}

std::string capitalized(std::string_view text) {
  if (text.empty()) return "";
  std::size_t end = 0;
  next_code_point(text, end);
  const std::string_view first = text.substr(0, end);
  return (first == "ß" ? "Ss" : upper(first)) + lower(text.substr(end));
}

std::string title_method(std::string_view text) {
  std::string result;
  bool after_cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    next_code_point(text, at);
    const std::string_view character = text.substr(begin, at - begin);
    const std::string small = lower(character);
    std::string large = upper(character);
    const bool cased = small != large;
    if (large == "SS") large = "Ss";
    result += after_cased ? small : large;
    after_cased = cased;
  }
  return result;
}

std::string title_filter(std::string_view text) {
  std::string result;
  std::string word;
  const auto flush = [&] {
    std::size_t end = 0;
    if (!word.empty()) next_code_point(word, end);
    result += upper(std::string_view(word).substr(0, end)) + lower(std::string_view(word).substr(end));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    const std::string_view character = text.substr(begin, at - begin);
    if (is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<') {
      flush();
      result += character;
    } else {
      word += character;
    }
  }
  flush();
  return result;
}

std::string quoted(std::string_view text) {
  const bool double_quotes = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string result(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    const std::string_view character = text.substr(begin, at - begin);
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c == '\\' || (c < 0x80 && static_cast<char>(c) == quote)) {
      result += '\\';
      result += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7F || (c >= 0x80 && is_unprintable(character))) {
      append_escape(result, c);
    } else {
      result += character;
    }
  }
  return result + quote;
}

}  // namespace r1::tokenizer::jinja
