// Pairs judged in both orders: position bias cancels and shows, gaps make ties, failures stay failures.
#include "r1/reward/judge.h"

#include <gtest/gtest.h>

#include <string>

namespace r1::reward {
namespace {

using Choice = Preference::Choice;

/// Scores an answer by its length, with `bias` on top for whatever stands first; fails on the answer "bad" in the first
/// place.
class LengthJudge : public Judge {
 public:
  explicit LengthJudge(double bias) : bias_(bias) {}
  Judgement compare(const JudgeRequest& request) const override {
    if (request.a == "bad") return {9.0, 0.0, Outcome::Unparseable, "no scores"};
    return {static_cast<double>(request.a.size()) + bias_, static_cast<double>(request.b.size()), Outcome::Scored, "w"};
  }
  Grade grade(const GradeRequest&) const override { return {}; }

 private:
  double bias_;
};

JudgeRequest pair_of(const std::string& a, const std::string& b) { return {"q", "", "", a, b}; }

TEST(JudgePairTest, AveragesBothOrders) {
  const Preference fair = judge_pair(LengthJudge(0.0), pair_of("four", "sixsix"));
  EXPECT_EQ(fair.choice, Choice::B);
  EXPECT_EQ(fair.a, 4.0);
  EXPECT_EQ(fair.b, 6.0);
  EXPECT_TRUE(fair.consistent);
  EXPECT_EQ(fair.outcome, Outcome::Scored);
  EXPECT_EQ(fair.why, "w; w");
  EXPECT_EQ(judge_pair(LengthJudge(0.0), pair_of("sixsix", "four")).choice, Choice::A);
}

TEST(JudgePairTest, ALikingForTheFirstPlaceCancelsAndShows) {
  const Preference biased = judge_pair(LengthJudge(3.0), pair_of("four", "sixsix"));
  EXPECT_EQ(biased.choice, Choice::B);
  EXPECT_EQ(biased.a, 5.5);
  EXPECT_EQ(biased.b, 7.5);
  EXPECT_FALSE(biased.consistent);
  EXPECT_EQ(judge_pair(LengthJudge(3.0), pair_of("four", "four")).choice, Choice::Tie);
}

TEST(JudgePairTest, SmallGapsAreTies) {
  EXPECT_EQ(judge_pair(LengthJudge(0.0), pair_of("four", "fives"), 1.0).choice, Choice::Tie);
  EXPECT_EQ(judge_pair(LengthJudge(0.0), pair_of("four", "sixsix"), 1.0).choice, Choice::B);
}

TEST(JudgePairTest, AFailedJudgementIsNoPreference) {
  for (const JudgeRequest& request : {pair_of("bad", "good"), pair_of("good", "bad")}) {
    const Preference failed = judge_pair(LengthJudge(0.0), request);
    EXPECT_EQ(failed.choice, Choice::None);
    EXPECT_EQ(failed.outcome, Outcome::Unparseable);
    EXPECT_EQ(failed.why, "no scores");
  }
}

}  // namespace
}  // namespace r1::reward
