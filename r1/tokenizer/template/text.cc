// Code points, white space, splitting, quoting, numbers. Case is in text_case.cc.
#include "r1/tokenizer/template/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "r1/tokenizer/template/limits.h"

namespace r1::tokenizer::jinja {
namespace {

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool in_set(char32_t c, const std::optional<std::string_view>& chars) {
  if (!chars) return is_space(c);
  for (std::size_t at = 0; at < chars->size();)
    if (next_code_point(*chars, at) == c) return true;
  return false;
}

/// The digits of int() and float(): stripped, without a plus sign and without single underscores between digits.
std::optional<std::string> plain_number(std::string_view text) {
  text = strip(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return {};
  }
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (i == 0 || !digit(i - 1) || !digit(i + 1)) return {};
  }
  return plain;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) return false;
    const std::size_t size = sequence_length(lead);
    if (at + size > text.size()) return false;
    for (std::size_t i = 1; i < size; ++i)
      if (!continues(text[at + i])) return false;
    std::size_t end = at;
    const char32_t c = next_code_point(text, end);
    if ((size == 3 && c < 0x800) || (size == 4 && (c < 0x10000 || c > 0x10FFFF)) || (c >= 0xD800 && c < 0xE000))
      return false;
    at = end;
  }
  return true;
}

void append_utf8(std::string& text, char32_t c) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
  constexpr std::array<unsigned, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = std::min(sequence_length(lead), text.size() - at);
  char32_t c = lead & kLeadBits[size];
  for (std::size_t i = 1; i < size; ++i) c = (c << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  at += size;
  return c;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> parts;
  parts.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    next_code_point(text, at);
    parts.push_back(text.substr(begin, at - begin));
  }
  return parts;
}

std::size_t length(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues));
}

std::string_view between(std::string_view text, std::size_t from, std::size_t to) {
  std::size_t begin = 0;
  std::size_t count = 0;
  for (; count < from; ++count) next_code_point(text, begin);
  std::size_t end = begin;
  for (; count < to; ++count) next_code_point(text, end);
  return text.substr(begin, end - begin);
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view strip(std::string_view text, std::optional<std::string_view> chars, Ends ends) {
  while (ends.left && !text.empty()) {
    std::size_t end = 0;
    if (!in_set(next_code_point(text, end), chars)) break;
    text.remove_prefix(end);
  }
  while (ends.right && !text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && continues(text[begin])) --begin;
    std::size_t end = begin;
    if (!in_set(next_code_point(text, end), chars)) break;
    text = text.substr(0, begin);
  }
  return text;
}

std::size_t find(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* at = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return at == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

std::vector<std::string_view> split_space(std::string_view text, std::int64_t max_split) {
  std::vector<std::string_view> parts;
  text = strip(text, {}, {.right = false});
  while (!text.empty()) {
    if (max_split >= 0 && static_cast<std::int64_t>(parts.size()) == max_split) {
      parts.push_back(text);
      break;
    }
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size(); end = at)
      if (is_space(next_code_point(text, at))) break;
    parts.push_back(text.substr(0, end));
    text = strip(text.substr(end), {}, {.right = false});
  }
  return parts;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator, std::int64_t max_split) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  while (max_split < 0 || static_cast<std::int64_t>(parts.size()) < max_split) {
    const std::size_t at = find(text, separator, begin);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string_view> rsplit(std::string_view text, std::string_view separator, std::int64_t max_split) {
  std::vector<std::string_view> parts;
  while (max_split < 0 || static_cast<std::int64_t>(parts.size()) < max_split) {
    const std::size_t at = text.rfind(separator);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  parts.push_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = at;
    const char32_t c = next_code_point(text, at);
    if (!is_line_end(c)) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(begin, end - begin));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view shortest(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const int exponent = std::atoi(std::string(shortest.substr(shortest.find('e') + 1)).c_str());
  if (exponent < -4 || exponent >= 16) return std::string(shortest);
  const auto fixed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  std::string text(buffer.data(), static_cast<std::size_t>(fixed.ptr - buffer.data()));
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string escaped_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '\'') {
      escaped += "&#39;";
    } else if (c == '"') {
      escaped += "&#34;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const auto plain = plain_number(text);
  if (!plain || plain->empty()) return {};
  std::int64_t value = 0;
  const auto end = std::from_chars(plain->data(), plain->data() + plain->size(), value);
  if (end.ptr != plain->data() + plain->size()) return {};
  if (end.ec == std::errc::result_out_of_range) fail("the number {} is too large", *plain);
  return end.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<double> parse_float(std::string_view text) {
  const auto plain = plain_number(text);
  if (!plain || plain->empty() || plain->find('(') != std::string::npos) return {};  // from_chars reads "nan(...)"
  double value = 0;
  const auto end = std::from_chars(plain->data(), plain->data() + plain->size(), value);
  if (end.ptr != plain->data() + plain->size()) return {};
  if (end.ec == std::errc::result_out_of_range) return std::strtod(plain->c_str(), nullptr);
  return end.ec == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace r1::tokenizer::jinja
