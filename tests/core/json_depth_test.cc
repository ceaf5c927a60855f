// The bound of nesting, and that brackets in strings and closed ones do not count.
#include "r1/core/json_depth.h"

#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::core {
namespace {

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonDepth, BoundsArraysAndObjectsTogether) {
  EXPECT_NO_THROW(check_json_depth(nested(kMaxJsonDepth), "x.json"));
  EXPECT_THROW(check_json_depth(nested(kMaxJsonDepth + 1), "x.json"), UserError);
  EXPECT_THROW(check_json_depth(R"({"a":)" + nested(kMaxJsonDepth) + "}", "x.json"), UserError);
  try {
    check_json_depth(nested(100'000), "x.json");
    FAIL();
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "x.json: its JSON is nested more than 500 deep; the file is damaged");
  }
}

TEST(JsonDepth, CountsWhatIsOpenNotWhatStandsInStrings) {
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += "[],";
  EXPECT_NO_THROW(check_json_depth(wide + "0]", "x.json"));
  EXPECT_NO_THROW(check_json_depth("[\"\\\"" + std::string(1000, '[') + "\\\\\", 1]", "x.json"));
  EXPECT_THROW(check_json_depth("[\"\\\\\"," + nested(kMaxJsonDepth) + "]", "x.json"), UserError);
}

}  // namespace
}  // namespace r1::core
