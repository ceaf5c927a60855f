// Planted leaks are found, near misses are not.
#include "r1/data/contamination.h"

#include <gmock/gmock.h>

#include "r1/data/loaders.h"
#include "tests/data/test_files.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Problem question(const std::string& id, const std::string& prompt, const std::string& answer) {
  Problem problem;
  problem.id = id;
  problem.domain = "maths";
  problem.family = "chain_sum";
  problem.prompt = prompt;
  problem.answer = answer;
  problem.verifier = "number";
  return problem;
}

Problem countdown(const std::string& id, const std::vector<std::int64_t>& numbers, std::int64_t target) {
  Problem problem = question(id, compact_countdown_prompt(numbers, target), "");
  problem.family = "countdown";
  problem.verifier = "countdown";
  problem.tests = {countdown_tests(numbers, target)};
  return problem;
}

TEST(ContaminationTest, FindsAPlantedProblemWhateverItsId) {
  const std::vector<Problem> held_out = {question("a", "7+4+1=?", "12"), countdown("b", {79, 17, 60}, 36)};
  ContaminationCheck check(held_out);
  EXPECT_FALSE(check.add_problem(question("x", "7+4+2=?", "13")));
  EXPECT_FALSE(check.add_problem(countdown("y", {79, 17, 60}, 37)));
  EXPECT_THAT(check.report().contaminated, IsEmpty());
  EXPECT_TRUE(check.add_problem(countdown("z", {60, 79, 17}, 36)));
  EXPECT_TRUE(check.add_problem(question("w", "7+4+1=?", "12")));
  const ContaminationReport report = check.report();
  EXPECT_THAT(report.contaminated, ElementsAre("a", "b"));
  EXPECT_EQ(report.held_out, 2);
  EXPECT_EQ(report.problems_checked, 4);
  EXPECT_EQ(report.matching_problems, 2);
  EXPECT_EQ(report.texts_checked, 0);
}

TEST(ContaminationTest, FindsAPlantedPromptInText) {
  const std::vector<Problem> held_out = {question("short", "7+4=", "11"),
                                         question("long", "How many\n eggs are LEFT?", "3"),
                                         question("zh", "\xE5\xB0\x8F\xE6\x98\x8E 3", "3")};
  const auto met = [&](const std::string& text) {
    ContaminationCheck check(held_out);
    const bool found = check.add_text(text);
    const ContaminationReport report = check.report();
    EXPECT_EQ(report.matching_texts, found ? 1 : 0);
    EXPECT_EQ(found, !report.contaminated.empty());
    return report.contaminated;
  };
  EXPECT_THAT(met("7+4="), ElementsAre("short"));
  EXPECT_THAT(met("so 7+4=11 and"), ElementsAre("short"));
  EXPECT_THAT(met("17+4=21"), IsEmpty());
  EXPECT_THAT(met("7+4"), IsEmpty());
  EXPECT_THAT(met("X. how  many eggs\tare left? Y"), ElementsAre("long"));
  EXPECT_THAT(met("how many eggs are left"), IsEmpty());
  EXPECT_THAT(met("how many eggs are left? 7+4=11"), ElementsAre("short", "long"));
  EXPECT_THAT(met("\xE4\xBA\xBA\xE5\xB0\x8F\xE6\x98\x8E 3\xE4\xBA\xBA"), ElementsAre("zh"));
  EXPECT_THAT(met("\xE5\xB0\x8F\xE6\x98\x8E 35"), IsEmpty());
  EXPECT_THAT(met(""), IsEmpty());
  std::string long_text(100000, 'q');
  EXPECT_THAT(met(long_text), IsEmpty());
  EXPECT_THAT(met(long_text + " 7+4=" + long_text), ElementsAre("short"));
  EXPECT_THAT(met(long_text + "7+4=" + long_text), IsEmpty());  // a word goes on into the prompt
}

TEST(ContaminationTest, FindsCountdownProblemsInAnyOrderAndForm) {
  const std::vector<Problem> held_out = {countdown("b", {79, 17, 60}, 36), countdown("n", {5, 6}, -1)};
  const auto found = [&](const std::string& text) { return ContaminationCheck(held_out).add_text(text); };
  EXPECT_TRUE(found("60 79 17=36"));
  EXPECT_TRUE(found("1 2 3=6\n17,60,79 = 36 \n"));
  EXPECT_TRUE(found("Using the numbers [17, 79, 60], create an equation that equals 36.\nUse"));
  EXPECT_TRUE(found("state 60 17 79 -> 36"));
  EXPECT_TRUE(found("5\n60 79 17=36"));
  EXPECT_TRUE(found("1 2 3=6 60 79 17=36"));
  EXPECT_TRUE(found("6 5=-1"));
  EXPECT_FALSE(found("60 79 17=361"));
  EXPECT_FALSE(found("60 79 17 1=36"));
  EXPECT_FALSE(found("60 79 -17=36"));
  EXPECT_FALSE(found("160 79 17=36"));
  EXPECT_FALSE(found("60 79 17 is about 36"));
  EXPECT_FALSE(found("6 5=1"));
  EXPECT_FALSE(found("60 79 17="));
  EXPECT_FALSE(found("60 79 12345678901234567890 17=36"));
}

TEST(ContaminationTest, HeldOutProblemsThatCannotBeCheckedAreErrors) {
  EXPECT_THAT(user_error_of([] { ContaminationCheck(std::vector{question("e", " \n", "1")}); }),
              HasSubstr("e has no prompt"));
  Problem broken = countdown("c", {1, 2}, 3);
  broken.tests = {"{\"numbers\":[1,"};
  EXPECT_THROW(ContaminationCheck(std::vector{broken}), UserError);
}

TEST(ContaminationTest, RealCountdownSplits) {
  const auto folder = real_data("countdown");
  R1_SKIP_WITHOUT(folder);
  const auto test = load_countdown(folder / "test_500.jsonl", CountdownPrompt::Original).problems;
  ContaminationCheck check(test);
  for (const Problem& problem : load_countdown(folder / "val_200.jsonl", CountdownPrompt::Original).problems)
    EXPECT_EQ(check.add_problem(problem), check.add_text(problem.prompt)) << problem.id;  // two tests, one answer
  for (const Problem& problem : load_countdown(folder / "test_500.jsonl", CountdownPrompt::Compact).problems)
    EXPECT_TRUE(check.add_text("solve " + problem.prompt + " now")) << problem.id;
  EXPECT_EQ(check.report().contaminated.size(), 500u);
}

}  // namespace
}  // namespace r1::data
