// Text as Python sees it: code points over UTF-8, Python's white space, case, quoting and numbers. Every text given
// here is valid UTF-8 (templates and messages are checked when they come in). Case mapping is PCRE2's, one
// code point to one, and a sharp s: some 260 of Unicode's letters (digraphs with a title case, ligatures, Georgian,
// Greek with iota subscript) change unlike in Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace r1::tokenizer::jinja {

bool is_utf8(std::string_view text);
void append_utf8(std::string& text, char32_t code_point);
/// The code point at `at`, which is moved behind it.
char32_t next_code_point(std::string_view text, std::size_t& at);
/// One view a code point: 16 times the memory of an ASCII text.
std::vector<std::string_view> characters(std::string_view text);
std::size_t length(std::string_view text);  // in code points
/// The code points [from, to), to <= length.
std::string_view between(std::string_view text, std::size_t from, std::size_t to);

/// str.isspace() of one code point; also what \s matches in Python.
bool is_space(char32_t code_point);

struct Ends {
  bool left = true, right = true;
};
/// str.strip, lstrip, rstrip: of white space, or of the characters of `chars`.
std::string_view strip(std::string_view text, std::optional<std::string_view> chars = {}, Ends ends = {});

/// Position of `needle` in `text` at or behind `from`, or npos. Linear in the length, whatever the texts are.
std::size_t find(std::string_view text, std::string_view needle, std::size_t from = 0);

/// str.split of white space; at most `max_split` cuts when that is not negative.
std::vector<std::string_view> split_space(std::string_view text, std::int64_t max_split);
std::vector<std::string_view> split(std::string_view text, std::string_view separator, std::int64_t max_split);
std::vector<std::string_view> rsplit(std::string_view text, std::string_view separator, std::int64_t max_split);
std::vector<std::string_view> split_lines(std::string_view text);  // str.splitlines()

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalized(std::string_view text);   // str.capitalize
std::string title_method(std::string_view text);  // str.title: a capital after each character that has no case
std::string title_filter(std::string_view text);  // Jinja's filter: a capital after space, hyphen, brackets

std::string quoted(std::string_view text);        // repr of a str
std::string float_text(double value);             // repr of a float
std::string escaped_html(std::string_view text);  // &, <, >, ' and "

/// int(text), float(text); nothing when Python raises ValueError. An integer that does not fit: TemplateError.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_float(std::string_view text);

}  // namespace r1::tokenizer::jinja
