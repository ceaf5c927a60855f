// The printed names of outcomes; they are part of metric names (reward/outcome/timeout) and of report.json. No scoring
// here.
#include "r1/reward/verdict.h"

namespace r1::reward {

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::Scored:
      return "scored";
    case Outcome::Timeout:
      return "timeout";
    case Outcome::Crash:
      return "crash";
    case Outcome::Unparseable:
      return "unparseable";
  }
  return "unknown";
}

}  // namespace r1::reward
