// Recorded micro-batches (step_graph.h).
#include "r1/train/step_graph.h"

#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_zero.h>
#include <ATen/ops/constant_pad_nd.h>

#include <algorithm>
#include <bit>

#include "r1/core/error.h"
#include "r1/tensor/device.h"
#include "r1/tensor/device_graph.h"
#include "r1/tensor/range.h"
#include "r1/train/batch.h"

namespace r1::train {

namespace {

constexpr std::int64_t kTargetShapes = 8;  // rows with a target are padded to eighths of all

std::int64_t power_of_two(std::int64_t n) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n)));
}

at::Tensor padded(const at::Tensor& x, std::int64_t count, std::int64_t value) {
  return at::constant_pad_nd(x, {0, count - x.size(0)}, value);
}

/// Documents beyond the last are empty. Where all have one length nothing is padded: that has an attention of its own.
void pad_documents(tensor::KeyRanges& ranges) {
  const std::int64_t documents = ranges.starts.size(0) - 1, tokens = ranges.begin.size(0);
  if (documents * ranges.longest == tokens) return;
  ranges.longest = std::min(power_of_two(ranges.longest), tokens);
  std::int64_t count = power_of_two(documents);
  if (count * ranges.longest == tokens) ++count;  // they are not of one length
  ranges.starts = padded(ranges.starts, count + 1, tokens);
}

}  // namespace

/// The tensors that a recorded pass reads and writes.
struct StepGraph::Recorded {
  model::ForwardInput input;
  at::Tensor rows;     // [P]: those with a target, then some that have none
  at::Tensor targets;  // [P], -1: none
  at::Tensor factor;   // 1 / targets of the update
  at::Tensor nll;
  std::unique_ptr<tensor::DeviceGraph> graph;
};

StepGraph::StepGraph() = default;
StepGraph::~StepGraph() = default;

void StepGraph::check(const model::Decoder& model, const TrainConfig& config, const std::string& stage) {
  if (!model.device().is_cuda()) user_error("{}: cuda_graph needs a GPU (device cuda)", stage);
  if (model.shape().n_routed_experts > 0 || model.shape().num_nextn_predict_layers > 0)
    user_error("{}: cuda_graph is for dense models without MTP modules: set it to false", stage);
  if (config.forgetting.kl_to_start > 0.0 || model.num_virtual_tokens() > 0)
    user_error("{}: cuda_graph goes neither with forgetting.kl_to_start nor with prompt tuning: set it to false",
               stage);
}

void StepGraph::begin_update(model::Decoder& model) {
  const at::NoGradGuard no_grad;
  const bool first = grads_.empty();
  std::size_t i = 0;
  model.visit_parameters([&](const model::Parameter& p) {
    if (!p.tensor->requires_grad()) return;
    if (first) grads_.push_back(at::zeros(p.tensor->sizes(), p.tensor->options().requires_grad(false)));
    p.tensor->mutable_grad() = grads_.at(i++);
  });
  if (!first) at::_foreach_zero_(grads_);
}

void StepGraph::record(const model::Decoder& model, Recorded& r) const {
  std::vector<at::Tensor> before;
  for (const at::Tensor& grad : grads_) before.push_back(grad.clone());
  r.graph = std::make_unique<tensor::DeviceGraph>([&] {
    const at::Tensor normed = model.final_norm(model.stack(r.input).index_select(0, r.rows));
    const at::Tensor nll = -(model.logprobs(normed, r.targets, 1.0).logp.sum() * r.factor);
    nll.backward();
    r.nll = nll.detach();
  });
  const at::NoGradGuard no_grad;
  at::_foreach_copy_(grads_, before);  // recording runs it once
}

at::Tensor StepGraph::run(const model::Decoder& model, const Batch& host, double targets, const TrainConfig& config) {
  std::optional<tensor::Range> range(std::in_place, "data");
  model::ForwardInput input = host.input;
  pad_documents(input.ranges);
  const std::int64_t tokens = host.targets.size(0), part = (tokens + kTargetShapes - 1) / kTargetShapes;
  const at::Tensor predicting = host.targets.ge(0).nonzero().squeeze(1);
  const std::int64_t count = (predicting.size(0) + part - 1) / part * part;
  if (count == 0) return at::zeros({}, at::TensorOptions().dtype(at::kFloat));
  const std::vector<at::Tensor> from{input.ids,
                                     input.positions,
                                     input.ranges.begin,
                                     input.ranges.end,
                                     input.ranges.starts,
                                     padded(predicting, count, 0),
                                     padded(host.targets.index_select(0, predicting), count, -1),
                                     at::zeros({}, at::TensorOptions().dtype(at::kFloat)).fill_(1.0 / targets)};
  std::unique_ptr<Recorded>& r = recorded_[{tokens, input.ranges.starts.size(0), input.ranges.longest, count}];
  const bool fresh = r == nullptr;
  if (fresh) {
    input.ranges.exact = config.numerics == "exact";
    input.gradient_checkpointing = config.gradient_checkpointing;
    r = std::make_unique<Recorded>(Recorded{input, {}, {}, {}, {}, nullptr});
  }
  model::ForwardInput& in = r->input;
  std::size_t i = 0;
  for (at::Tensor* to : {&in.ids, &in.positions, &in.ranges.begin, &in.ranges.end, &in.ranges.starts, &r->rows,
                         &r->targets, &r->factor}) {
    const at::Tensor moved = tensor::to_device(from[i++], model.device());
    if (fresh)
      *to = moved;
    else
      to->copy_(moved);
  }
  range.emplace("forward and backward");
  if (fresh) record(model, *r);
  r->graph->replay();
  return r->nll.clone();
}

StepLosses StepGraph::accumulate_gradients(model::Decoder& model, const data::PackedBatch& packed,
                                           const TrainConfig& config, std::optional<Rows> own) {
  begin_update(model);
  const double targets = static_cast<double>(std::max<std::int64_t>(1, packed.num_targets));
  const Rows all = own.value_or(Rows{0, packed.num_rows});
  std::vector<at::Tensor> losses;
  for (std::int64_t first = all.begin; first < all.end; first += config.micro_batch_rows)
    losses.push_back(
        run(model, make_batch(packed, first, std::min(config.micro_batch_rows, all.end - first)), targets, config));
  StepLosses out;
  const tensor::Range range("forward and backward");  // the host waits here
  for (const at::Tensor& loss : losses) out.loss += loss.item<double>();
  return out;
}

}  // namespace r1::train
