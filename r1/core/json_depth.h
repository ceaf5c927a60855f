// Bounds the nesting of JSON text before it is parsed: nlohmann's parser takes any depth, but its copies and dump()
// call themselves once a level, so that 100 kB of brackets in a stranger's file would end the process. It is no parser:
// what is no JSON passes.
#pragma once

#include <string>
#include <string_view>

namespace r1::core {

inline constexpr int kMaxJsonDepth = 500;

/// UserError, opened by `where`, when arrays and objects of `text` stand more than kMaxJsonDepth deep in each other.
void check_json_depth(std::string_view text, const std::string& where);

}  // namespace r1::core
