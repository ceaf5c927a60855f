// Fields of the training configuration (trainer.h).
#include "r1/train/trainer.h"

namespace r1::train {

void fields(core::FieldVisitor& v, OptimizerConfig& c) {
  v("learning_rate", c.learning_rate, "peak learning rate of AdamW");
  v("min_learning_rate", c.min_learning_rate, "end of the cosine");
  v("warmup_steps", c.warmup_steps, "updates of linear warm-up from 0");
  v("schedule", c.schedule, "constant | cosine");
  v("constant_share", c.constant_share, "share of the steps after warm-up at the peak before the cosine starts");
  v("beta1", c.beta1, "decay of the first moment");
  v("beta2", c.beta2, "decay of the second moment");
  v("eps", c.eps, "added to the root of the second moment");
  v("weight_decay", c.weight_decay, "decoupled decay, not on norms");
  v("max_grad_norm", c.max_grad_norm, "gradients are scaled down to this L2 norm");
  v("moments", c.moments, "f32 | bf16 (on a GPU only): 4 bytes a parameter less, and faster");
}

void fields(core::FieldVisitor& v, ForgettingConfig& c) {
  v("kl_to_start", c.kl_to_start, "weight of KL(start || model) on the trained tokens; 0 = off");
  v("ewc", c.ewc, "lambda of elastic weight consolidation towards the start; 0 = off");
  v("ewc_batches", c.ewc_batches, "batches of earlier data that the Fisher diagonal is taken from");
}

void fields(core::FieldVisitor& v, TrainConfig& c) {
  v("steps", c.steps, "optimizer updates");
  v("rows_per_step", c.rows_per_step, "rows of row_length tokens in one update");
  v("row_length", c.row_length, "tokens of a packed row");
  v("micro_batch_rows", c.micro_batch_rows, "rows of one forward and backward");
  v("gradient_checkpointing", c.gradient_checkpointing,
    "keep each layer's input alone and run the layer again in the backward pass: less memory, a third more time, the "
    "same bits");
  v("cuda_graph", c.cuda_graph,
    "record the forward and backward pass and launch them at once: dense models too small to keep a GPU busy");
  v("optimizer", c.optimizer, "AdamW and its schedule");
  v("dtype", c.dtype, "f32 | bf16 (FP32 master weights)");
  v("device", c.device, "cpu | cuda | auto");
  v("numerics", c.numerics, "exact | fast: which attention trains on a GPU; the CPU knows exact only");
  v("mtp_weight", c.mtp_weight, "lambda of the multi-token prediction loss");
  v("balance_loss_alpha", c.balance_loss_alpha, "factor of the sequence-wise balance loss");
  v("bias_update_speed", c.bias_update_speed, "gamma: step of the experts' selection bias");
  v("forgetting", c.forgetting, "losses that keep the run near the model it starts from");
  v("adapter", c.adapter, "train an adapter in PEFT's format in place of the model's own weights");
  v("freeze", c.freeze,
    "parameters that are not trained, by name: shell patterns such as 'model.embed_tokens.*', * also matching dots");
  v("checkpoint_every", c.checkpoint_every, "updates between checkpoints");
  v("log_every", c.log_every, "updates between metric records");
  v("seed", c.seed, "of weights and data order");
}

}  // namespace r1::train
