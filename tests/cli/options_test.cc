// Options from fields: names, defaults, nesting, lists, and the program's exit codes.
#include "r1/cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "r1/cli/verbs.h"

namespace r1::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Inner {
  double rate = 0.5;
};
void fields(core::FieldVisitor& v, Inner& c) { v("rate", c.rate, "a rate"); }
struct Outer {
  std::int64_t count = 3;
  bool loud = false;
  std::string word = "x";
  std::vector<std::int64_t> sizes = {1, 2};
  Inner inner;
};
void fields(core::FieldVisitor& v, Outer& c) {
  v("count", c.count, "how many");
  v("loud", c.loud, "say it");
  v("word", c.word, "a word");
  v("sizes", c.sizes, "some sizes");
  v("inner", c.inner, "more");
}

TEST(Options, EveryFieldIsAnOption) {
  Outer config;
  CLI::App app;
  add_options(app, config);
  app.parse("--count 7 --loud --sizes 4 5 6 --inner.rate 0.25", false);
  EXPECT_EQ(config.count, 7);
  EXPECT_TRUE(config.loud);
  EXPECT_EQ(config.word, "x");
  EXPECT_THAT(config.sizes, ElementsAre(4, 5, 6));
  EXPECT_EQ(config.inner.rate, 0.25);
}

TEST(Options, HelpHasDefaultsAndReasons) {
  Outer config;
  CLI::App app;
  add_options(app, config);
  EXPECT_THAT(app.help(),
              AllOf(HasSubstr("--count"), HasSubstr("=3"), HasSubstr("how many"), HasSubstr("--inner.rate")));
}

int run_words(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return run_program(static_cast<int>(argv.size()), argv.data());
}

TEST(Program, ExitCodes) {
  EXPECT_EQ(run_words({"r1", "--help"}), 0);
  EXPECT_EQ(run_words({"r1", "run", "--help"}), 0);
  EXPECT_EQ(run_words({"r1"}), 2);
  EXPECT_EQ(run_words({"r1", "rnu"}), 2);
  EXPECT_EQ(run_words({"r1", "run", "/nonexistent.yaml"}), 2);
  EXPECT_EQ(run_words({"r1", "generate", "/nonexistent", "--prompt", "x"}), 2);
  EXPECT_EQ(run_words({"r1", "generate", "/nonexistent", "--prompt", "x", "--file", "y"}), 2);
}

TEST(Program, NearestVerbAndOption) {
  testing::internal::CaptureStderr();
  run_words({"r1", "insepct", "x"});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("did you mean inspect?"));
  testing::internal::CaptureStderr();
  run_words({"r1", "generate", "m", "--promt", "x"});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("did you mean --prompt?"));
}

}  // namespace
}  // namespace r1::cli
