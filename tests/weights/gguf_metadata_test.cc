// The typed getters: what each accepts, widens and refuses, and the one line that a refusal is. No files.
#include "r1/weights/gguf_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "r1/core/error.h"
#include "tests/weights/gguf_golden.h"

namespace r1::weights {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(GgufMetadata, GettersWidenEveryTypeOfTheirKind) {
  const GgufMetadata m = gguf_golden_metadata();
  EXPECT_EQ(m.integer("a.u8"), 200);
  EXPECT_EQ(m.integer("a.i8"), -100);
  EXPECT_EQ(m.integer("a.u16"), 60000);
  EXPECT_EQ(m.integer("a.i16"), -30000);
  EXPECT_EQ(m.integer("a.u32"), 4000000000);
  EXPECT_EQ(m.integer("a.i32"), -2000000000);
  EXPECT_EQ(m.integer("a.i64"), -(std::int64_t{1} << 62));
  EXPECT_EQ(m.number("a.f32"), static_cast<double>(0.1F));
  EXPECT_EQ(m.number("a.f64"), 0.1);
  EXPECT_EQ(m.number("a.i8"), -100.0);
  EXPECT_TRUE(m.boolean("a.true"));
  EXPECT_FALSE(m.boolean("a.false"));
  EXPECT_EQ(m.text("a.text"), "naïve\n\"x\"");
  EXPECT_THAT(m.integers("b.u8"), ElementsAre(1, 255));
  EXPECT_THAT(m.integers("b.i16"), ElementsAre(-1, 5, 300));
  EXPECT_THAT(m.integers("b.u64"), ElementsAre(std::int64_t{1} << 40));
  EXPECT_THAT(m.numbers("b.f32"), ElementsAre(0.5, -1.25));
  EXPECT_THAT(m.numbers("b.f64"), ElementsAre(0.1));
  EXPECT_THAT(m.numbers("b.i32"), ElementsAre(-7.0, 8.0));
  EXPECT_THAT(m.booleans("b.bool"), ElementsAre(true, false, true));
  EXPECT_THAT(m.texts("b.text"), ElementsAre("<s>", "", "Ġthe"));
}

TEST(GgufMetadata, RefusalsNameFileKeyAndBothTypes) {
  GgufMetadata m = gguf_golden_metadata("x.gguf");
  m.set("b.large", std::vector<std::uint64_t>{1, UINT64_MAX});
  const std::vector<std::pair<std::function<void()>, std::string>> cases = {
      {[&] { m.integer("a.u64"); }, "metadata key 'a.u64' holds u64, expected an integer below 2^63"},
      {[&] { m.integer("a.f32"); }, "holds f32, expected an integer"},
      {[&] { m.integer("a.true"); }, "holds bool, expected an integer"},
      {[&] { m.integer("b.i32"); }, "holds array of i32, expected an integer"},
      {[&] { m.number("a.text"); }, "holds string, expected a number"},
      {[&] { m.number("a.true"); }, "holds bool, expected a number"},
      {[&] { m.boolean("a.u8"); }, "holds u8, expected a bool"},
      {[&] { m.text("b.text"); }, "holds array of string, expected a string"},
      {[&] { m.integers("a.i32"); }, "holds i32, expected an array of integers"},
      {[&] { m.integers("b.f32"); }, "holds array of f32, expected an array of integers"},
      {[&] { m.integers("b.bool"); }, "holds array of bool, expected an array of integers"},
      {[&] { m.integers("b.large"); }, "holds array of u64, expected an array of integers below 2^63"},
      {[&] { m.numbers("b.text"); }, "holds array of string, expected an array of numbers"},
      {[&] { m.booleans("b.u8"); }, "holds array of u8, expected an array of bool"},
      {[&] { m.texts("a.text"); }, "holds string, expected an array of strings"},
      {[&] { m.texts("b.u8"); }, "holds array of u8, expected an array of strings"},
      {[&] { m.text("general.architectur"); }, "no key 'general.architectur'; the nearest is 'general.architecture'"},
      {[&] { m.texts("tokenizer.ggml.tokens"); }, "the metadata has no key 'tokenizer.ggml.tokens'"},
  };
  for (const auto& [action, expected] : cases) {
    EXPECT_THAT(complaint(action), AllOf(HasSubstr("x.gguf: "), HasSubstr(expected), Not(HasSubstr("\n"))));
  }
}

TEST(GgufMetadata, KeepsOrderAndReplacesInPlace) {
  GgufMetadata m;
  m.set("b", std::uint32_t{1});
  m.set("a", "text");
  m.set("b", 2.5F);
  ASSERT_EQ(m.size(), 2u);
  EXPECT_EQ(m.entries()[0].first, "b");
  EXPECT_EQ(m.entries()[0].second, GgufValue(2.5F));
  EXPECT_TRUE(m.contains("a"));
  EXPECT_FALSE(m.contains("c"));
}

TEST(GgufMetadata, PrintableIsOneBoundedLine) {
  EXPECT_EQ(gguf_printable("a\nb\x7f"
                           "c\t"),
            "a?b?c?");
  EXPECT_EQ(gguf_printable("blk.0.ü"), "blk.0.ü");
  EXPECT_EQ(gguf_printable(std::string(1000, 'x')).size(), 103u);
}

}  // namespace
}  // namespace r1::weights
