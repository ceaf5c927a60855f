// The scalar head (value_head.h).
#include "r1/model/layers/value_head.h"

#include "r1/core/rng.h"
#include "r1/tensor/dtype.h"

namespace r1::model {

namespace {

constexpr std::uint32_t kHeadStream = 1;  // RngKey::sample of the head; the decoder's parameters have 0

}  // namespace

ValueHead::ValueHead(std::int64_t hidden_size, at::ScalarType dtype) {
  score_.weight = at::zeros({1, hidden_size}, at::TensorOptions().dtype(dtype));
  score_.weight.requires_grad_(true);
}

ValueHead::ValueHead(std::int64_t hidden_size, at::ScalarType dtype, double std, std::uint64_t seed)
    : ValueHead(hidden_size, dtype) {
  const at::NoGradGuard no_grad;
  at::Tensor values = tensor::empty_f32({1, hidden_size});
  float* out = values.mutable_data_ptr<float>();
  core::Rng rng({.seed = seed, .purpose = core::Purpose::Init, .sample = kHeadStream});
  for (std::int64_t i = 0; i < hidden_size; ++i) out[i] = static_cast<float>(std * rng.normal());
  score_.weight.copy_(values);
}

at::Tensor ValueHead::forward(const at::Tensor& normed) const {
  return tensor::linear(normed, score_, true).squeeze(1);
}

Parameter ValueHead::parameter() { return {kName, &score_.weight, {1, score_.weight.size(1)}}; }

}  // namespace r1::model
