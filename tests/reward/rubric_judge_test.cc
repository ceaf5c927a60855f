// Points found and avoided, whole words, and rubrics that are none.
#include "r1/reward/rubric_judge.h"

#include <gtest/gtest.h>

#include <string>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

double score_of(const std::string& rubric, const std::string& answer) {
  return RubricJudge().grade({"q", "", rubric, answer}).score;
}

constexpr const char* kRubric = R"({"points": ["Paris", ["river Seine", "the Seine"]], "avoid": ["London"]})";

TEST(RubricJudgeTest, ScoresPointsMinusWhatToAvoid) {
  EXPECT_EQ(score_of(kRubric, "It is PARIS, on the\n Seine."), 1.0);
  EXPECT_EQ(score_of(kRubric, "It is Paris."), 0.5);
  EXPECT_EQ(score_of(kRubric, "Paris on the Seine, or London"), 0.5);
  EXPECT_EQ(score_of(kRubric, "London"), 0.0);
  EXPECT_EQ(score_of(kRubric, ""), 0.0);
  EXPECT_EQ(RubricJudge().grade({"q", "", kRubric, "Paris"}).why, "1 of 2 points, 0 of 1 to avoid");
}

TEST(RubricJudgeTest, WithoutPointsNothingToAvoidIsAll) {
  const std::string rubric = R"({"avoid": ["step 1", "fuse"]})";
  EXPECT_EQ(score_of(rubric, "I can't help with that."), 1.0);
  EXPECT_EQ(score_of(rubric, "Take a fuse"), 0.5);
  EXPECT_EQ(score_of(rubric, " "), 0.0);
}

TEST(RubricJudgeTest, PhrasesAreWholeWords) {
  EXPECT_EQ(score_of(R"({"points": ["no"]})", "I know nothing"), 0.0);
  EXPECT_EQ(score_of(R"({"points": ["no"]})", "know? no!"), 1.0);
  EXPECT_EQ(score_of(R"({"points": ["首都"]})", "法国的首都是巴黎"), 1.0);
}

TEST(RubricJudgeTest, OrderPlaysNoPart) {
  const RubricJudge judge;
  const Judgement one = judge.compare({"q", "", kRubric, "Paris", "Paris, the Seine"});
  EXPECT_EQ(one.a, 5.0);
  EXPECT_EQ(one.b, 10.0);
  const Preference preference = judge_pair(judge, {"q", "", kRubric, "Paris", "Paris, the Seine"}, 1.0);
  EXPECT_EQ(preference.choice, Preference::Choice::B);
  EXPECT_TRUE(preference.consistent);
}

TEST(RubricJudgeTest, BadRubricsAreTheUsersMistake) {
  for (const char* bad : {"", "[]", "{}", R"({"points": []})", R"({"points": "Paris"})", R"({"points": [3]})",
                          R"({"points": [[]]})", R"({"avoid": [" "]})"})
    EXPECT_THROW((void)score_of(bad, "x"), UserError) << bad;
}

}  // namespace
}  // namespace r1::reward
