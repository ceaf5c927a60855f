// Edit distances worked out by hand, and which suggestion a typo gets.
#include "r1/core/nearest.h"

#include <gtest/gtest.h>

namespace r1::core {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("steps", "steps"), 0u);
  EXPECT_EQ(edit_distance("stepz", "steps"), 1u);
  EXPECT_EQ(edit_distance("step", "steps"), 1u);
  EXPECT_EQ(edit_distance("setps", "steps"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // 2 in the unrestricted variant
}

TEST(Nearest, SuggestsTheClosestAndTheFirstOfEquals) {
  EXPECT_EQ(nearest("stepz", {"seed", "steps", "stop"}), "steps");
  EXPECT_EQ(nearest("aa", {"ab", "ba"}), "ab");
}

TEST(Nearest, SuggestsNothingForAWordFarFromAll) {
  EXPECT_EQ(nearest("temperature", {"steps", "seed"}), "");
  EXPECT_EQ(nearest("xy", {"ab"}), "");
  EXPECT_EQ(nearest("steps", {}), "");
}

}  // namespace
}  // namespace r1::core
