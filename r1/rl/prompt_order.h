// PromptOrder: which training problem is asked at which place of which step. Two pools: the main one all along, and a
// late one that takes a share of the prompts in the last steps (DeepSeek-R1: preference prompts only in the last 400 of
// 1,700 steps). Each pool is drawn without replacement, epoch by epoch, in a Philox order: a pure function of
// (seed, step), so nothing has to be stored. It samples nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace r1::rl {

struct PromptOrderConfig {
  std::int64_t steps = 0;
  std::int64_t prompts_per_step = 0;
  std::int64_t late_steps = 0;  // the last steps draw from the late pool, too
  double late_share = 0.0;  // share of their prompts, rounded to whole prompts
  std::uint64_t seed = 0;
};

class PromptOrder {
 public:
  /// Sizes of the pools; `late` may be 0. UserError when late_steps or late_share do not fit.
  PromptOrder(const PromptOrderConfig& config, std::int64_t main, std::int64_t late);

  /// The problems of a 1-based step: indices into the main pool, or, main + i, into the late one.
  std::vector<std::size_t> problems_of(std::int64_t step);

 private:
  struct Pool {
    std::int64_t size = 0;
    std::uint32_t stream = 0;
    std::int64_t epoch = -1;
    std::vector<std::size_t> order;
  };
  std::size_t draw(Pool& pool, std::int64_t number) const;

  PromptOrderConfig config_;
  Pool main_, late_;
};

}  // namespace r1::rl
