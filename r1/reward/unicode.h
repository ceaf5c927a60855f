// UTF-8 text as code points and their writing systems, as far as rewards need them: which letters are Latin, Han or of
// another script. Not a Unicode library: combining marks, normal forms and case folding are not its matter.
#pragma once

#include <cstddef>
#include <string_view>

namespace r1::reward {

/// The code point that starts at `at`, which moves behind it. A byte that starts no valid sequence gives U+FFFD and
/// moves by one.
char32_t next_code_point(std::string_view text, std::size_t& at);

/// Number of code points; each broken byte counts as one.
std::size_t count_code_points(std::string_view text);

enum class Script {
  None,   // digits, punctuation, symbols, white space, control characters
  Latin,  // ASCII letters and U+00C0 to U+024F without the two signs among them
  Han,    // Chinese characters
  Other,  // letters of any other writing system
};
Script script_of(char32_t code_point);

}  // namespace r1::reward
