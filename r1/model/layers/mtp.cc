// Multi-token prediction module (mtp.h).
#include "r1/model/layers/mtp.h"

#include <ATen/ops/cat.h>

#include "r1/tensor/ops/rmsnorm.h"

namespace r1::model {

Mtp::Mtp(const DeepseekV3Config& config)
    : eps_(config.rms_norm_eps), hidden_size_(config.hidden_size), block_(config, false) {}

at::Tensor Mtp::forward(const at::Tensor& h, const at::Tensor& next, const ForwardInput& input,
                        const tensor::RopeTable& table, RoutingStats* stats) const {
  const at::Tensor joined = at::cat({tensor::rmsnorm(next, enorm_, eps_), tensor::rmsnorm(h, hnorm_, eps_)}, 1);
  const at::Tensor out = block_.forward(tensor::linear(joined, eh_proj_), input, table, 0, stats);
  return tensor::rmsnorm(out, head_norm_, eps_);
}

void Mtp::parameters(const std::string& prefix, const ParameterVisitor& visit) {
  visit({prefix + "enorm.weight", &enorm_, {hidden_size_}, Parameter::Kind::Norm});
  visit({prefix + "hnorm.weight", &hnorm_, {hidden_size_}, Parameter::Kind::Norm});
  visit({prefix + "eh_proj.weight", &eh_proj_.weight, {hidden_size_, 2 * hidden_size_}});
  block_.parameters(prefix, visit);
  visit({prefix + "shared_head.norm.weight", &head_norm_, {hidden_size_}, Parameter::Kind::Norm});
}

}  // namespace r1::model
