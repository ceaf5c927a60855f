// The vocabulary projection on a GPU (on_device.h). Logits exist in float32 for a chunk of rows at a time. The forward
// pass leaves each row's unit gradient, (one-hot - p) / temperature, in bf16, so that the backward pass is two products
// over all rows and no logits are computed twice; where that is too large (or float32, or a gradient of the entropy is
// asked for) the logits are computed again, chunk by chunk.
#include <ATen/ops/mm.h>

#include <algorithm>

#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"

namespace r1::tensor::on_device {

namespace {

constexpr std::int64_t kLogitsHeld = std::int64_t{1} << 27;  // elements of float32 logits at once: 512 MiB
constexpr std::int64_t kRowsHeld = 2048;  // rows of them: more make no product faster
constexpr std::int64_t kGradientHeld = std::int64_t{1} << 32;  // bytes of unit gradients kept for the backward pass

std::int64_t chunk_rows(std::int64_t vocab) {
  return std::clamp<std::int64_t>(kLogitsHeld / vocab / 128 * 128, 128, kRowsHeld);
}

struct Forward {
  at::Tensor h, weight, targets;
  double temperature = 1.0;
  bool trained = true;  // the weight's own gradient is wanted
  at::Tensor lse, entropy;  // [T]
  at::Tensor gradient;  // [T, V] bf16, or undefined
};

/// Calls body(first row, logits of the chunk).
template <class Body>
void for_chunks(const Forward& f, const Body& body) {
  const std::int64_t rows = f.h.size(0), chunk = chunk_rows(f.weight.size(0));
  for (std::int64_t begin = 0; begin < rows; begin += chunk)
    body(begin, linear_f32(f.h.narrow(0, begin, std::min(chunk, rows - begin)), f.weight));
}

std::vector<at::Tensor> backward_again(const Forward& f, const at::Tensor& dlogp, const at::Tensor& dentropy) {
  at::Tensor dh = empty_like_type(f.h, f.h.sizes());
  at::Tensor dw;
  if (f.trained) dw = at::zeros(f.weight.sizes(), f.weight.options().dtype(at::kFloat));
  for_chunks(f, [&](std::int64_t begin, const at::Tensor& logits) {
    kernels_on(f.h).logprob_backward(
        {.rows = logits.size(0),
         .vocab = logits.size(1),
         .logits = logits.mutable_data_ptr<float>(),
         .stride = logits.size(1),
         .targets = f.targets.const_data_ptr<std::int64_t>() + begin,
         .temperature = static_cast<float>(f.temperature),
         .lse = f.lse.const_data_ptr<float>() + begin,
         .entropy = f.entropy.const_data_ptr<float>() + begin,
         .dlogp = dlogp.const_data_ptr<float>() + begin,
         .dentropy = dentropy.defined() ? dentropy.const_data_ptr<float>() + begin : nullptr});
    const at::Tensor part = logits.to(f.h.scalar_type()), h = f.h.narrow(0, begin, logits.size(0));
    dh.narrow(0, begin, logits.size(0)).copy_(at::mm(part, f.weight));
    if (f.trained) dw.add_(at::mm(part.t(), h));
  });
  return {dh, f.trained ? dw.to(f.weight.scalar_type()) : dw};
}

std::vector<at::Tensor> backward(const Forward& f, const std::vector<at::Tensor>& grads) {
  const at::Tensor dlogp = grads[0].defined() ? grads[0] : at::zeros(f.lse.sizes(), f.lse.options());
  if (!f.gradient.defined() || grads[1].defined()) return backward_again(f, dlogp, grads[1]);
  const at::Tensor factor = dlogp.unsqueeze(1);
  const at::Tensor dh = (at::mm(f.gradient, f.weight) * factor).to(f.h.scalar_type());
  if (!f.trained) return {dh, {}};
  return {dh, at::mm(f.gradient.t(), (f.h * factor).to(f.h.scalar_type()))};
}

}  // namespace

TokenLogprobs lm_head_logprobs(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& targets,
                               double temperature) {
  const std::int64_t rows = h.size(0), vocab = weight.size(0);
  const bool grad = needs_grad({h, weight});
  Forward f{h.detach(),
            weight.detach(),
            targets,
            temperature,
            weight.requires_grad(),
            empty_f32_on(h, {rows}),
            empty_f32_on(h, {rows}),
            {}};
  TokenLogprobs out{empty_f32_on(h, {rows}), empty_f32_on(h, {rows})};
  if (grad && h.scalar_type() == at::kBFloat16 && rows * vocab * 2 <= kGradientHeld)
    f.gradient = empty_like_type(h, {rows, vocab});
  for_chunks(f, [&](std::int64_t begin, const at::Tensor& logits) {
    kernels_on(h).logprob_gradient(
        {.forward = {.rows = logits.size(0),
                     .vocab = vocab,
                     .logits = logits.const_data_ptr<float>(),
                     .stride = vocab,
                     .targets = targets.const_data_ptr<std::int64_t>() + begin,
                     .temperature = static_cast<float>(temperature),
                     .logp = out.logp.mutable_data_ptr<float>() + begin,
                     .entropy = f.entropy.mutable_data_ptr<float>() + begin,
                     .lse = f.lse.mutable_data_ptr<float>() + begin},
         .gradient = f.gradient.defined() ? f.gradient.narrow(0, begin, logits.size(0)).mutable_data_ptr() : nullptr});
  });
  out.entropy.copy_(f.entropy);
  if (grad)
    record("lm_head_logprobs", {out.logp, out.entropy}, {h, weight},
           [f](const std::vector<at::Tensor>& grads) { return backward(f, grads); });
  return out;
}

}  // namespace r1::tensor::on_device
