// Fields of the GRPO configuration (controller.h).
#include "r1/rl/controller.h"

namespace r1::rl {

void fields(core::FieldVisitor& v, GrpoConfig& c) {
  v("steps", c.steps, "rollout batches");
  v("prompts_per_step", c.prompts_per_step, "questions of one rollout batch");
  v("group_size", c.group_size, "samples a question");
  v("late_steps", c.late_steps, "last steps in which late_share of the prompts are late problems (preference prompts)");
  v("late_share", c.late_share, "their share of a step's prompts");
  v("mini_batches", c.mini_batches, "updates a rollout batch");
  v("inner_epochs", c.inner_epochs, "passes over a rollout batch");
  v("clip_low", c.clip_low, "the ratio is clipped below 1 - clip_low");
  v("clip_high", c.clip_high, "and above 1 + clip_high");
  v("delta", c.delta, "cap of the unclipped ratio (two-sided clipping); 0 = none");
  v("bias_correction_kl", c.bias_correction_kl, "KL times the ratio: an unbiased estimate");
  v("kl_coefficient", c.kl_coefficient, "weight of the k3 KL to the reference, in the loss");
  v("reference_every", c.reference_every, "updates between refreshes of the reference");
  v("kl_log_every", c.kl_log_every, "steps between measurements of the KL when kl_coefficient is 0; 0 = never");
  v("ratio_level", c.ratio_level, "token | sequence");
  v("loss_normalizer", c.loss_normalizer, "seq_mean | token_global | constant | micro_batch");
  v("constant_length", c.constant_length, "tokens that `constant` divides each sequence's sum by");
  v("advantage_std", c.advantage_std, "group | batch | none");
  v("advantage_eps", c.advantage_eps, "added to the standard deviation");
  v("advantage_ddof", c.advantage_ddof, "1 = sample standard deviation, 0 = population");
  v("entropy_coefficient", c.entropy_coefficient, "weight of the entropy bonus");
  v("micro_batch_tokens", c.micro_batch_tokens, "tokens of one forward and backward");
  v("gradient_checkpointing", c.gradient_checkpointing,
    "updates keep each layer's input alone and run the layer again in the backward pass: less memory, more time, the "
    "same bits");
  v("optimizer", c.optimizer, "AdamW and its schedule");
  v("sampling", c.sampling, "how completions are sampled");
  v("engine", c.engine, "the rollout engine");
  v("dtype", c.dtype, "f32 | bf16 (FP32 master weights)");
  v("adapter", c.adapter, "train a low-rank adapter in PEFT's format in place of the model's own weights");
  v("freeze", c.freeze, "parameters that are not trained, by name: shell patterns such as 'model.embed_tokens.*'");
  v("shuffle_rewards", c.shuffle_rewards, "control: rewards are permuted over the batch and carry no signal");
  v("watch_every", c.watch_every, "steps between looks at figures that the reward does not see; 0 = never");
  v("watch_tolerance", c.watch_tolerance, "fall of such a figure that raises an alert while reward rises");
  v("max_flops", c.max_flops, "stop when that much compute is spent (controls at equal compute); 0 = no limit");
  v("checkpoint_every", c.checkpoint_every, "steps between checkpoints and between files of completions");
  v("log_every", c.log_every, "steps between metric records");
  v("seed", c.seed, "of prompts' order and sampling");
}

}  // namespace r1::rl
