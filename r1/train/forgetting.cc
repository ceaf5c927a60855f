// KL to the start and EWC (forgetting.h).
#include "r1/train/forgetting.h"

#include "r1/core/error.h"
#include "r1/core/phase.h"
#include "r1/data/loader.h"
#include "r1/model/adapter.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/train/distill_loss.h"
#include "r1/train/step.h"

namespace r1::train {

namespace {

std::vector<at::Tensor> load_fisher(model::Decoder& start, const TrainConfig& config, const TrainInputs& inputs) {
  if (config.forgetting.ewc == 0.0) return {};
  const data::TokenShard shard(inputs.ewc_shard);
  if (shard.vocab_size() > start.shape().vocab_size)
    user_error("{}: tokens go up to {}, the model's vocabulary has {}", inputs.ewc_shard.string(), shard.vocab_size(),
               start.shape().vocab_size);
  core::phase_mark("fisher");
  return diagonal_fisher(start, shard, config, static_cast<std::int32_t>(inputs.ids.pad));
}

}  // namespace

std::vector<at::Tensor> diagonal_fisher(model::Decoder& model, const data::TokenShard& shard, const TrainConfig& config,
                                        std::int32_t pad_id) {
  data::PackedLoader loader(
      shard, {.rows_per_batch = config.rows_per_step, .row_length = config.row_length, .seed = config.seed}, pad_id);
  TrainConfig plain = config;
  plain.mtp_weight = plain.balance_loss_alpha = 0.0;
  const std::vector<model::Parameter> parameters = model.parameters();
  std::vector<at::Tensor> fisher(parameters.size());
  for (std::int64_t batch = 0; batch < config.forgetting.ewc_batches; ++batch) {
    accumulate_gradients(model, loader.next(), plain);
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const at::Tensor& gradient = parameters[i].tensor->grad();
      if (!gradient.defined()) continue;
      const at::Tensor squared = gradient.to(at::kFloat).square();
      fisher[i] = fisher[i].defined() ? fisher[i].add_(squared) : squared;
      parameters[i].tensor->mutable_grad().reset();
    }
  }
  for (at::Tensor& f : fisher)
    if (f.defined()) f.div_(static_cast<double>(config.forgetting.ewc_batches));
  return fisher;
}

Forgetting::Forgetting(const ForgettingConfig& config, std::shared_ptr<model::Decoder> start,
                       std::vector<at::Tensor> fisher)
    : config_(config), start_(std::move(start)), fisher_(std::move(fisher)) {}

Forgetting::Forgetting(const TrainConfig& config, const TrainInputs& inputs)
    : config_(config.forgetting),
      start_(model::load_with_adapter(inputs.init_from, inputs.adapter, tensor::scalar_type(config.dtype))),
      fisher_(load_fisher(*start_, config, inputs)) {}

at::Tensor Forgetting::kl_sum(const model::Decoder& model, const model::ForwardInput& input, const at::Tensor& rows,
                              const at::Tensor& normed) const {
  at::Tensor start_normed;
  {
    const at::NoGradGuard no_grad;
    start_normed = start_->final_norm(start_->stack(input).index_select(0, rows));
  }
  return divergence_sum({start_normed, start_->lm_head()}, {normed, model.lm_head()}, {.kind = "forward"});
}

double Forgetting::add_ewc_gradient(model::Decoder& model) const {
  const at::NoGradGuard no_grad;
  if (fisher_.empty()) return 0.0;
  const std::vector<model::Parameter> current = model.parameters(), start = start_->parameters();
  R1_CHECK(current.size() == fisher_.size() && start.size() == fisher_.size(),
           "{} parameters, {} of the start, {} Fisher tensors", current.size(), start.size(), fisher_.size());
  double sum = 0.0;
  for (std::size_t i = 0; i < fisher_.size(); ++i) {
    if (!fisher_[i].defined()) continue;
    at::Tensor& parameter = *current[i].tensor;
    const at::Tensor moved = parameter.detach().to(at::kFloat) - start[i].tensor->detach().to(at::kFloat);
    const at::Tensor pull = fisher_[i] * moved;
    sum += (pull * moved).sum(at::kDouble).item<double>();
    if (parameter.grad().defined())
      parameter.mutable_grad().add_(pull, config_.ewc);
    else
      parameter.mutable_grad() = (pull * config_.ewc).to(parameter.scalar_type());
  }
  return 0.5 * config_.ewc * sum;
}

std::unique_ptr<Forgetting> make_forgetting(const TrainConfig& config, const TrainInputs& inputs) {
  const ForgettingConfig& c = config.forgetting;
  if (!(c.kl_to_start >= 0.0) || !(c.ewc >= 0.0) || c.ewc_batches < 1)
    user_error("{}: forgetting.kl_to_start and forgetting.ewc can't be negative, forgetting.ewc_batches is 1 or more",
               inputs.stage);
  if (c.kl_to_start == 0.0 && c.ewc == 0.0) return nullptr;
  if (inputs.init_from.empty())
    user_error(
        "{}: forgetting.kl_to_start and forgetting.ewc keep a run near the model it starts from, and this one starts "
        "from fresh weights. Set both to 0 or give a model to start from",
        inputs.stage);
  if (c.ewc > 0.0 && (config.adapter.on() || !inputs.adapter.empty()))
    user_error(
        "{}: forgetting.ewc is about the model's own weights, which an adapter leaves as they are; use "
        "forgetting.kl_to_start",
        inputs.stage);
  if (c.ewc > 0.0 && inputs.ewc_shard.empty())
    user_error("{}: forgetting.ewc needs earlier data (a token shard) to tell which weights matter", inputs.stage);
  if (!tensor::device(config.device).is_cpu())
    user_error("{}: forgetting.kl_to_start and forgetting.ewc run on the CPU only: set device to cpu, or both to 0",
               inputs.stage);
  return std::make_unique<Forgetting>(config, inputs);
}

}  // namespace r1::train
