// Gradients of one update and expert balancing (step.h).
#include "r1/train/step.h"

#include <algorithm>
#include <optional>

#include "r1/core/error.h"
#include "r1/model/freeze.h"
#include "r1/tensor/device.h"
#include "r1/tensor/range.h"
#include "r1/train/batch.h"
#include "r1/train/forgetting.h"

namespace r1::train {

namespace {

void add_loads(std::vector<at::Tensor>& total, const std::vector<at::Tensor>& more) {
  if (total.empty()) total.resize(more.size());
  for (std::size_t i = 0; i < more.size(); ++i) total[i] = total[i].defined() ? total[i] + more[i] : more[i];
}

/// Sum of -log p over the rows that have a target: the others need no logits.
at::Tensor negative_logp(const model::Decoder& model, const at::Tensor& normed, const at::Tensor& targets) {
  return -model.logprobs(normed, targets, 1.0).logp.sum();
}

at::Tensor rows_with(const at::Tensor& targets) {
  const at::NoGradGuard no_grad;
  return targets.ge(0).nonzero().squeeze(1);
}

/// A loss to be read when all work is under way: reading waits for a GPU.
struct Pending {
  double* sum;
  double factor;
  at::Tensor value;
};

}  // namespace

StepLosses accumulate_gradients(const model::Decoder& model, const data::PackedBatch& packed, const TrainConfig& config,
                                const Forgetting* forgetting, std::optional<Rows> own) {
  StepLosses out;
  std::vector<Pending> pending;
  const double targets = static_cast<double>(std::max<std::int64_t>(1, packed.num_targets));
  const bool with_mtp = model.shape().num_nextn_predict_layers > 0 && config.mtp_weight > 0.0;
  const bool with_kl = forgetting != nullptr && forgetting->kl_weight() > 0.0;
  const Rows all = own.value_or(Rows{0, packed.num_rows});
  for (std::int64_t first = all.begin; first < all.end; first += config.micro_batch_rows) {
    std::optional<tensor::Range> range(std::in_place, "data");
    const std::int64_t rows = std::min(config.micro_batch_rows, all.end - first);
    const double share = static_cast<double>(rows) / static_cast<double>(packed.num_rows);
    const Batch host = make_batch(packed, first, rows);
    Batch batch = on_device(host, model.device());
    batch.input.ranges.exact = config.numerics == "exact";
    batch.input.gradient_checkpointing = config.gradient_checkpointing;
    const at::Tensor predicting = tensor::to_device(rows_with(host.targets), model.device());
    const at::Tensor mtp_rows =
        with_mtp ? tensor::to_device(rows_with(host.mtp_targets), model.device()) : at::Tensor();
    range.emplace("forward");
    model::RoutingStats stats;
    stats.sequence_length = config.balance_loss_alpha > 0.0 ? packed.row_length : 0;
    const at::Tensor h = model.stack(batch.input, &stats);
    const at::Tensor predicting_normed = model.final_norm(h.index_select(0, predicting));
    const at::Tensor nll = negative_logp(model, predicting_normed, batch.targets.index_select(0, predicting)) / targets;
    pending.push_back({&out.loss, 1.0, nll.detach()});
    at::Tensor total = nll;
    if (with_mtp) {
      const at::Tensor normed = model.mtp(h, batch.next_ids, batch.input, &stats);
      const at::Tensor mtp =
          negative_logp(model, normed.index_select(0, mtp_rows), batch.mtp_targets.index_select(0, mtp_rows)) / targets;
      pending.push_back({&out.mtp_loss, 1.0, mtp.detach()});
      total = total + config.mtp_weight * mtp;
    }
    if (with_kl) {
      const at::Tensor kl = forgetting->kl_sum(model, batch.input, predicting, predicting_normed) / targets;
      pending.push_back({&out.start_kl, 1.0, kl.detach()});
      total = total + forgetting->kl_weight() * kl;
    }
    for (const at::Tensor& balance : stats.balance_losses) {
      pending.push_back({&out.balance_loss, share, balance.detach()});
      total = total + config.balance_loss_alpha * share * balance;
    }
    range.emplace("backward");
    total.backward();
    add_loads(out.loads, stats.loads);
  }
  const tensor::Range range("backward");  // a GPU works it off while the host waits here
  for (const Pending& p : pending) *p.sum += p.factor * p.value.item<double>();
  return out;
}

void update_router_biases(model::Decoder& model, const std::vector<at::Tensor>& loads, double speed,
                          const std::vector<std::string>& freeze) {
  const at::NoGradGuard no_grad;
  std::size_t layer = 0;
  model.visit_parameters([&](const model::Parameter& p) {
    if (p.kind != model::Parameter::Kind::RouterBias || layer >= loads.size()) return;
    const at::Tensor load = loads[layer++].to(at::kFloat);
    if (!model::matches_any(freeze, p.name)) p.tensor->add_((load.mean() - load).sign(), speed);
  });
}

double max_violation(const std::vector<at::Tensor>& loads) {
  double sum = 0.0;
  for (const at::Tensor& load : loads) {
    const at::Tensor values = load.to(at::kFloat);
    const double mean = values.mean().item<double>();
    if (mean > 0.0) sum += (values.max().item<double>() - mean) / mean;
  }
  return loads.empty() ? 0.0 : sum / static_cast<double>(loads.size());
}

}  // namespace r1::train
