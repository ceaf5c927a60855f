// Sharing updates between processes (data_parallel.h).
#include "r1/train/data_parallel.h"

#include <ATen/ops/cat.h>

#include <algorithm>

#include "r1/core/error.h"
#include "r1/core/hash.h"
#include "r1/parallel/collectives.h"
#include "r1/tensor/ops/adamw.h"
#include "r1/tensor/range.h"

namespace r1::train {

Peers::Peers(parallel::ProcessGroup* group, std::string stage, const std::string& settings)
    : group_(group), stage_(std::move(stage)), settings_(core::hash_hex(settings)) {}

Rows Peers::share(std::int64_t count, const std::string& what) const {
  if (alone()) return {0, count};
  const std::int64_t rank = group_->rank(), size = group_->size();
  if (count < size)
    user_error("{}: {} {} can't be shared by {} processes: raise it, or start fewer", stage_, what, count, size);
  return {rank * count / size, (rank + 1) * count / size};
}

void Peers::sum(std::vector<double>& values, const std::string& what) const {
  if (!alone()) parallel::all_reduce_sum(*group_, values, stage_ + ", " + what);
}

void Peers::sum_gradients(model::Decoder& model, const std::string& what) const {
  if (alone()) return;
  const std::vector<model::Parameter> parameters = model.parameters();
  std::vector<double> defined;
  for (const model::Parameter& p : parameters) defined.push_back(p.tensor->grad().defined() ? 1.0 : 0.0);
  sum(defined, what);
  std::vector<at::Tensor> gradients;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (defined[i] == 0.0) continue;
    at::Tensor& gradient = parameters[i].tensor->mutable_grad();
    if (!gradient.defined())
      gradient = at::zeros(parameters[i].tensor->sizes(), parameters[i].tensor->options().requires_grad(false));
    gradients.push_back(gradient);
  }
  parallel::all_reduce_sum(*group_, gradients, stage_ + ", " + what);
}

std::vector<std::string> Peers::gather(const std::string& mine, const std::string& what) const {
  return alone() ? std::vector{mine} : group_->all_gather(mine, stage_ + ", " + what);
}

void Peers::agree(model::Decoder& model, std::int64_t step, const std::string& data) const {
  if (alone()) return;
  std::vector<at::Tensor> weights;
  for (const model::Parameter& p : model.parameters()) weights.push_back(p.tensor->detach().contiguous());
  const std::vector<std::string> all =
      gather(fmt::format("step {}, settings {}, squared norm of the weights {:.17g}, data {}", step, settings_,
                         tensor::squared_norm(weights), data),
             fmt::format("after step {}", step));
  for (std::size_t rank = 1; rank < all.size(); ++rank)
    if (all[rank] != all[0])
      user_error("{}: rank {} and rank 0 do not do the same: {} / {}. Give all processes the same command and files",
                 stage_, rank, all[rank], all[0]);
}

void Peers::finish() const {
  if (!alone()) group_->barrier(stage_ + ", output");
}

void sum_update(const Peers& peers, model::Decoder& model, StepLosses& losses) {
  if (peers.alone()) return;
  const tensor::Range range("collective");
  std::vector<double> numbers = {losses.loss, losses.mtp_loss, losses.balance_loss, losses.start_kl};
  const std::size_t first_load = numbers.size();
  if (!losses.loads.empty()) {
    const at::Tensor loads = at::cat(losses.loads).to(at::kDouble).cpu();
    const double* first = loads.const_data_ptr<double>();
    numbers.insert(numbers.end(), first, first + loads.numel());
  }
  peers.sum(numbers, "losses");
  losses.loss = numbers[0];
  losses.mtp_loss = numbers[1];
  losses.balance_loss = numbers[2];
  losses.start_kl = numbers[3];
  const double* next = numbers.data() + first_load;
  for (at::Tensor& load : losses.loads) {
    at::Tensor sum = at::empty(load.sizes(), at::TensorOptions().dtype(at::kDouble));
    std::copy(next, next + load.numel(), sum.mutable_data_ptr<double>());
    next += load.numel();
    load = sum.to(load.options());
  }
  peers.sum_gradients(model, "gradients");
}

}  // namespace r1::train
