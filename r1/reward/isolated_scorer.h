// IsolatedScorer: any scorer, run in killable children ("rewards that cannot lie", handbook architecture.md 1.6). Each
// worker is one process (worker.h says why it is re-executed) with a wall-clock, CPU and memory limit per verdict. A
// worker over its limits is killed and started anew, its verdict is Outcome::Timeout or Outcome::Crash; nothing is ever
// a silent 0. This is protection against hangs and crashes of trusted code, not a sandbox for generated programs
// (reward/code).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/reward/verdict.h"

namespace r1::reward {

struct IsolationConfig {
  std::int64_t num_workers = 2;  // processes
  double wall_seconds = 5.0;  // per verdict
  std::int64_t cpu_seconds = 5;  // per verdict (granularity: a second); 0 = no limit
  std::int64_t memory_bytes = 512LL << 20;  // address space a worker may take on top of its own at start; 0 = no limit
};
void fields(core::FieldVisitor& v, IsolationConfig& c);

class IsolatedScorer : public Scorer {
 public:
  /// Starts the workers; `spec` goes to the ScorerFactory that main handed to run_scorer_worker. UserError when the
  /// factory throws one or a limit makes no sense; Error when no worker answers (main lacks the hidden verb).
  IsolatedScorer(const std::string& spec, const IsolationConfig& config);
  ~IsolatedScorer() override;

  /// One verdict. Thread-safe, one call at a time. UserError and Error of the scorer itself are rethrown here.
  Verdict score(const RewardInput& input) const override;
  /// Verdicts in the order of the inputs, spread over the workers; which worker scores what never shows in the result.
  std::vector<Verdict> score_batch(std::span<const RewardInput> inputs) const override;
  /// Workers that had to be replaced so far.
  std::int64_t num_restarts() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace r1::reward
