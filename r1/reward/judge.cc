// Two orders, one preference.
#include "r1/reward/judge.h"

#include <cmath>
#include <utility>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

int sign(double x) { return x > 0.0 ? 1 : x < 0.0 ? -1 : 0; }

Preference failed(const Judgement& judgement) {
  Preference preference;
  preference.outcome = judgement.outcome;
  preference.why = judgement.why;
  return preference;
}

}  // namespace

Preference judge_pair(const Judge& judge, const JudgeRequest& request, double min_gap) {
  R1_CHECK(min_gap >= 0.0, "min_gap {}", min_gap);
  const Judgement first = judge.compare(request);
  if (first.outcome != Outcome::Scored) return failed(first);
  JudgeRequest swapped = request;
  std::swap(swapped.a, swapped.b);
  const Judgement second = judge.compare(swapped);
  if (second.outcome != Outcome::Scored) return failed(second);
  Preference preference;
  preference.a = (first.a + second.b) / 2.0;
  preference.b = (first.b + second.a) / 2.0;
  preference.consistent = sign(first.a - first.b) == sign(second.b - second.a);
  const double gap = preference.a - preference.b;
  if (std::abs(gap) <= min_gap)
    preference.choice = Preference::Choice::Tie;
  else
    preference.choice = gap > 0.0 ? Preference::Choice::A : Preference::Choice::B;
  preference.why = second.why.empty() ? first.why : first.why + "; " + second.why;
  return preference;
}

}  // namespace r1::reward
