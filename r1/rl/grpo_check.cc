// grpo_check.h.
#include "r1/rl/grpo_check.h"

#include "r1/core/error.h"
#include "r1/data/problems/corpus.h"
#include "r1/train/optim/schedule.h"

namespace r1::rl {

void check_settings(const GrpoConfig& c, const GrpoInputs& in) {
  train::validate(c.optimizer);
  if (c.steps < 1 || c.prompts_per_step < 1 || c.group_size < 2 || c.mini_batches < 1 || c.inner_epochs < 1 ||
      c.checkpoint_every < 1 || c.log_every < 1 || c.reference_every < 1)
    user_error("{}: counts must be positive and group_size 2 or more", in.stage);
  if (c.prompts_per_step * c.group_size % c.mini_batches != 0)
    user_error("{}: {} samples a step can't be cut into {} mini_batches", in.stage, c.prompts_per_step * c.group_size,
               c.mini_batches);
  if (c.ratio_level != "token" && c.ratio_level != "sequence")
    user_error("{}.ratio_level '{}': use token or sequence", in.stage, c.ratio_level);
  for (const char* name : {"seq_mean", "token_global", "constant", "micro_batch", ""}) {
    if (*name == 0)
      user_error("{}.loss_normalizer '{}': use seq_mean, token_global, constant or micro_batch", in.stage,
                 c.loss_normalizer);
    if (c.loss_normalizer == name) break;
  }
  if (c.advantage_std != "group" && c.advantage_std != "batch" && c.advantage_std != "none")
    user_error("{}.advantage_std '{}': use group, batch or none", in.stage, c.advantage_std);
  if (in.problems.empty()) user_error("{}: there are no training problems", in.stage);
  data::fill_template(in.prompt_template, "");  // says what is wrong with it
  R1_CHECK(in.scorer != nullptr, "no scorer");
}

}  // namespace r1::rl
