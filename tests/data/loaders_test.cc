// Countdown and GSM8K rows, problem records: fields, broken rows, the real files.
#include "r1/data/loaders.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/data/test_files.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kCountdownRow =
    R"row({"id":"t-1","numbers":[79,17,60],"target":36,"gold_expr":"(79+(17-60))",)row"
    R"row("prompt":"Using [79, 17, 60]","bucket":{}})row";

class LoadersTest : public TempFolder {};

TEST_F(LoadersTest, CountdownRowsInBothStyles) {
  const auto file = write("c.jsonl", std::string(kCountdownRow) + "\n");
  const auto original = load_countdown(file, CountdownPrompt::Original).problems;
  ASSERT_EQ(original.size(), 1u);
  EXPECT_EQ(original[0].id, "t-1");
  EXPECT_EQ(original[0].prompt, "Using [79, 17, 60]");
  EXPECT_EQ(original[0].answer, "(79+(17-60))");
  EXPECT_EQ(original[0].verifier, "countdown");
  EXPECT_EQ(original[0].family, "countdown");
  EXPECT_EQ(original[0].difficulty, 1);
  EXPECT_EQ(original[0].source, "c.jsonl:1");
  EXPECT_THAT(original[0].tests, ElementsAre(R"({"numbers":[79,17,60],"target":36})"));
  EXPECT_EQ(load_countdown(file, CountdownPrompt::Compact).problems[0].prompt, "79 17 60=36");
  EXPECT_EQ(countdown_prompt_from_name("compact"), CountdownPrompt::Compact);
  EXPECT_THAT(user_error_of([] { countdown_prompt_from_name("short"); }), HasSubstr("\"short\" is unknown"));
}

TEST_F(LoadersTest, BrokenCountdownRowsNameFileAndLine) {
  const auto message = [&](const std::string& row) {
    const auto file = write("c.jsonl", std::string(kCountdownRow) + "\n" + row + "\n");
    return user_error_of([&] { load_countdown(file, CountdownPrompt::Original); });
  };
  EXPECT_THAT(message(R"({"id":"x","target":3})"), HasSubstr("c.jsonl:2: \"numbers\" must be a list"));
  EXPECT_THAT(message(R"({"id":"x","numbers":[1,"2"],"target":3})"),
              HasSubstr("\"numbers\" must be an integer, is string"));
  EXPECT_THAT(message(R"({"id":"x","numbers":[1.5,2],"target":3})"), HasSubstr("\"numbers\" must be an integer"));
  EXPECT_THAT(message(R"({"id":"x","numbers":[1],"target":3})"), HasSubstr("at least 2 integers"));
  EXPECT_THAT(message(R"({"id":"x","numbers":[1,2]})"), HasSubstr("key \"target\" is missing"));
  EXPECT_THAT(message(R"({"id":"x","numbers":[1,2],"target":18446744073709551615})"), HasSubstr("too large"));
  EXPECT_THAT(message(R"({"id":"x","numbers":[1,2],"target":3,"gold_expr":"1+2"})"), HasSubstr("key \"prompt\""));
}

TEST_F(LoadersTest, BrokenRowsAreSkippedAndCountedOnRequest) {
  ReaderConfig config;
  config.on_bad_line = "skip";
  const auto file = write("c.jsonl", std::string("{\n") + kCountdownRow + "\n{}\n");
  const LoadedProblems loaded = load_countdown(file, CountdownPrompt::Compact, config);
  EXPECT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.bad_lines, 2);
}

TEST_F(LoadersTest, Gsm8kAnswers) {
  const auto row = [](const std::string& answer) { return R"({"question":"Q?","answer":")" + answer + "\"}\n"; };
  const auto file =
      write("g.test.jsonl", row("<<1+1=2>>2 <<2+2=4>>4\\n#### 1,450,000") + row("so\\n#### -3.5 ") + row("#### 7"));
  const auto problems = load_gsm8k(file).problems;
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].answer, "1450000");
  EXPECT_EQ(problems[0].difficulty, 2);
  EXPECT_EQ(problems[0].id, "gsm8k-g-000001");
  EXPECT_EQ(problems[0].verifier, "number");
  EXPECT_EQ(problems[0].prompt, "Q?");
  EXPECT_EQ(problems[1].answer, "-3.5");
  EXPECT_EQ(problems[1].difficulty, 1);
  EXPECT_EQ(problems[2].source, "g.test.jsonl:3");
  for (const char* const bad : {"no mark", "#### ", "#### seven", "#### 1.2.3", "#### -", "#### 5."}) {
    const auto broken = write("bad.jsonl", row("#### 1") + row(bad));
    EXPECT_THAT(user_error_of([&] { load_gsm8k(broken); }), HasSubstr("bad.jsonl:2: \"answer\"")) << bad;
  }
}

TEST_F(LoadersTest, ProblemsReadBackAsWritten) {
  std::vector<Problem> problems = load_countdown(write("c.jsonl", kCountdownRow), CountdownPrompt::Compact).problems;
  problems[0].language = "zh";
  problems[0].difficulty = 3;
  write_problems(folder_ / "p.jsonl.out.jsonl", problems);
  const auto back = load_problems(folder_ / "p.jsonl.out.jsonl").problems;
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(to_json_line(back[0]), to_json_line(problems[0]));
  EXPECT_EQ(back[0].language, "zh");
  EXPECT_EQ(back[0].tests, problems[0].tests);
  const auto mixed =
      write("m.jsonl", to_json_line(problems[0]) + "\n" + R"({"question":"Q?","answer":"so\n#### 7"})" + "\n");
  const auto both = load_problems(mixed).problems;
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].verifier, "countdown");
  EXPECT_EQ(both[1].id, "gsm8k-m-000002");
  EXPECT_EQ(both[1].answer, "7");
  const auto broken = write("bad.jsonl", to_json_line(problems[0]) + "\n{\"id\":3}\n");
  EXPECT_THAT(user_error_of([&] { load_problems(broken); }), HasSubstr("bad.jsonl:2: "));
}

TEST_F(LoadersTest, RealCountdown) {
  const auto folder = real_data("countdown");
  R1_SKIP_WITHOUT(folder);
  const auto test = load_countdown(folder / "test_500.jsonl", CountdownPrompt::Compact).problems;
  ASSERT_EQ(test.size(), 500u);
  std::vector<int> by_difficulty(4);
  for (const Problem& problem : test) ++by_difficulty.at(static_cast<std::size_t>(problem.difficulty));
  EXPECT_THAT(by_difficulty, ElementsAre(0, 187, 213, 100));
  EXPECT_EQ(test[0].prompt, "79 17 60=36");
  EXPECT_EQ(load_countdown(folder / "sft_train_2k.jsonl", CountdownPrompt::Original).problems.size(), 2000u);
  EXPECT_EQ(load_countdown(folder / "val_200.jsonl", CountdownPrompt::Original).problems.size(), 200u);
}

TEST_F(LoadersTest, RealGsm8k) {
  const auto folder = real_data("gsm8k");
  R1_SKIP_WITHOUT(folder);
  const auto problems = load_gsm8k(folder / "test.jsonl").problems;
  ASSERT_EQ(problems.size(), 1319u);
  EXPECT_EQ(problems[0].answer, "18");
  EXPECT_EQ(problems[2].answer, "70000");
  std::set<std::string> ids;
  for (const Problem& problem : problems) ids.insert(problem.id);
  EXPECT_EQ(ids.size(), 1319u);
}

}  // namespace
}  // namespace r1::data
