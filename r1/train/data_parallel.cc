// Sharing updates between processes (data_parallel.h).
#include "r1/train/data_parallel.h"

#include <ATen/ops/cat.h>

#include "r1/core/error.h"
#include "r1/core/hash.h"
#include "r1/parallel/collectives.h"
#include "r1/tensor/ops/adamw.h"

namespace r1::train {

namespace {

enum Number { Loss, MtpLoss, BalanceLoss, StartKl, NumGradients, FirstLoad };

std::vector<double> numbers_of(const StepLosses& losses, std::size_t num_gradients) {
  std::vector<double> numbers = {losses.loss, losses.mtp_loss, losses.balance_loss, losses.start_kl,
                                 static_cast<double>(num_gradients)};
  if (losses.loads.empty()) return numbers;
  const at::Tensor loads = at::cat(losses.loads).to(at::kDouble).cpu();
  const double* first = loads.const_data_ptr<double>();
  numbers.insert(numbers.end(), first, first + loads.numel());
  return numbers;
}

void put_back(const std::vector<double>& numbers, StepLosses& losses) {
  losses.loss = numbers[Loss];
  losses.mtp_loss = numbers[MtpLoss];
  losses.balance_loss = numbers[BalanceLoss];
  losses.start_kl = numbers[StartKl];
  const double* next = numbers.data() + FirstLoad;
  for (at::Tensor& load : losses.loads) {
    at::Tensor sum = at::empty(load.sizes(), at::TensorOptions().dtype(at::kDouble));
    std::copy(next, next + load.numel(), sum.mutable_data_ptr<double>());
    next += load.numel();
    load = sum.to(load.options());
  }
}

}  // namespace

Peers::Peers(parallel::ProcessGroup* group, const TrainConfig& config, const std::string& stage)
    : group_(group), num_rows_(config.rows_per_step), stage_(stage) {
  if (group == nullptr) return;
  if (num_rows_ < group->size())
    user_error("{}: rows_per_step {} can't be shared by {} processes: raise it, or start fewer", stage, num_rows_,
               group->size());
  settings_ = core::hash_hex(core::dump_config(config));
}

std::optional<Rows> Peers::rows() const {
  if (group_ == nullptr) return std::nullopt;
  return Rows{group_->rank() * num_rows_ / group_->size(), (group_->rank() + 1) * num_rows_ / group_->size()};
}

void Peers::reduce(model::Decoder& model, StepLosses& losses, std::int64_t step) {
  if (group_ == nullptr) return;
  std::vector<at::Tensor> gradients;
  for (const model::Parameter& p : model.parameters())
    if (p.tensor->grad().defined()) gradients.push_back(p.tensor->grad());
  std::vector<double> numbers = numbers_of(losses, gradients.size());
  const std::string what = fmt::format("{}, update {}", stage_, step);
  parallel::all_reduce_sum(*group_, numbers, what);
  R1_CHECK(numbers[NumGradients] == static_cast<double>(gradients.size()) * group_->size(),
           "{}: {} gradients here, {} in all {} processes", what, gradients.size(), numbers[NumGradients],
           group_->size());
  put_back(numbers, losses);
  parallel::all_reduce_sum(*group_, gradients, what);
}

void Peers::agree(model::Decoder& model, const data::LoaderCursor& cursor, std::int64_t step) {
  if (group_ == nullptr) return;
  std::vector<at::Tensor> weights;
  for (const model::Parameter& p : model.parameters()) weights.push_back(p.tensor->detach().contiguous());
  const std::string mine = fmt::format("step {}, settings {}, squared norm of the weights {:.17g}, data {}", step,
                                       settings_, tensor::squared_norm(weights), data::to_json(cursor));
  const std::vector<std::string> all = group_->all_gather(mine, stage_);
  for (std::size_t rank = 1; rank < all.size(); ++rank)
    if (all[rank] != all[0])
      user_error("{}: rank {} and rank 0 do not do the same: {} / {}. Give all processes the same command and files",
                 stage_, rank, all[rank], all[0]);
}

void Peers::finish() {
  if (group_ != nullptr) group_->barrier(stage_ + ", output");
}

}  // namespace r1::train
