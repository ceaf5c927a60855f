// main of the isolation tests, with the worker verb and scorers that misbehave on request: the completion says how.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "r1/core/error.h"
#include "r1/reward/rule_scorer.h"
#include "r1/reward/worker.h"

namespace r1::reward {
namespace {

class Misbehaving : public Scorer {
 public:
  Verdict score(const RewardInput& input) const override {
    const std::string& what = input.completion;
    if (what == "sleep") std::this_thread::sleep_for(std::chrono::hours(1));
    if (what == "loop")
      for (volatile bool go = true; go;) {
      }
    if (what == "abort") std::abort();
    if (what == "exit") std::_Exit(7);
    if (what == "user error") user_error("bad problem {}", input.answer);
    if (what == "throw") throw std::runtime_error("a bug");
    if (what == "eat") eat_memory();
    Verdict verdict;
    verdict.score = static_cast<double>(what.size());
    verdict.why = what;
    return verdict;
  }

 private:
  static void eat_memory() {
    std::vector<std::vector<char>> eaten;
    for (;;) eaten.emplace_back(16 << 20, 'x');
  }
};

std::unique_ptr<Scorer> make_test_scorer(const std::string& spec) {
  if (spec == "misbehaving") return std::make_unique<Misbehaving>();
  if (spec == "broken") user_error("no such scorer");
  return make_rule_scorer(spec);
}

}  // namespace
}  // namespace r1::reward

int main(int argc, char** argv) {
  if (r1::reward::is_scorer_worker(argc, argv)) return r1::reward::run_scorer_worker(r1::reward::make_test_scorer);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
