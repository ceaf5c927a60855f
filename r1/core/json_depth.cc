// One pass (json_depth.h).
#include "r1/core/json_depth.h"

#include "r1/core/error.h"

namespace r1::core {

void check_json_depth(std::string_view text, const std::string& where) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++i;
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > kMaxJsonDepth)
      user_error("{}: its JSON is nested more than {} deep; the file is damaged", where, kMaxJsonDepth);
  }
}

}  // namespace r1::core
