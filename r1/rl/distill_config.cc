// Fields of the distillation configuration (distill.h).
#include "r1/rl/distill.h"

namespace r1::rl {

void fields(core::FieldVisitor& v, DistillConfig& c) {
  v("divergence", c.divergence, "forward KL(T || S) | reverse KL(S || T) | jsd");
  v("jsd_beta", c.jsd_beta, "weight of the teacher in jsd's mixture; 0 = forward, 1 = reverse");
  v("temperature", c.temperature, "both models' logits are divided by it");
  v("on_policy_share", c.on_policy_share, "share of steps whose completions the student samples itself");
  v("steps", c.steps, "optimizer updates");
  v("sequences_per_step", c.sequences_per_step, "sequences of one update");
  v("micro_batch_tokens", c.micro_batch_tokens, "tokens of one forward and backward");
  v("optimizer", c.optimizer, "AdamW and its schedule");
  v("sampling", c.sampling, "how the student's own completions are sampled");
  v("engine", c.engine, "the rollout engine");
  v("dtype", c.dtype, "f32 | bf16 (FP32 master weights)");
  v("checkpoint_every", c.checkpoint_every, "updates between checkpoints");
  v("log_every", c.log_every, "updates between metric records");
  v("seed", c.seed, "of the sequences' order, the on-policy draws and sampling");
}

}  // namespace r1::rl
