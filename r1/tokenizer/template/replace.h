// str.replace, shared by the method and the filter.
#pragma once

#include <string>
#include <string_view>

#include "r1/tokenizer/template/limits.h"

namespace r1::tokenizer::jinja {

struct Replacement {
  std::string_view old_text, new_text;
  std::int64_t count = -1;  // negative: all
};
std::string replaced(Limits& limits, std::string_view text, const Replacement& replacement);

}  // namespace r1::tokenizer::jinja
