// Chunked vocabulary projection (lm_head.h).
#include "r1/tensor/ops/lm_head.h"

#include <algorithm>

#include "r1/core/error.h"
#include "r1/kernels/logprob.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

/// Rows of logits held at once: about 2 MB of them.
std::int64_t chunk_rows(std::int64_t vocab) { return std::max<std::int64_t>(16, (1 << 19) / vocab); }

struct Forward {
  at::Tensor h;  // [T, D]
  LinearWeight weight;
  at::Tensor targets;
  float temperature;
  bool trained = true;  // the weight's own gradient is wanted
  at::Tensor lse;      // [T]
  at::Tensor entropy;  // [T]
};

std::vector<at::Tensor> backward(const Forward& f, const at::Tensor& dlogp, const at::Tensor& dentropy) {
  const at::Tensor& w = f.weight.weight;
  const std::int64_t rows = f.h.size(0), vocab = w.size(0), chunk = chunk_rows(vocab);
  at::Tensor dh = empty_like_type(f.h, f.h.sizes());
  at::Tensor dw;
  if (f.trained) dw = at::zeros(w.sizes(), at::TensorOptions().dtype(at::kFloat));
  at::Tensor logits = empty_f32({std::min(chunk, rows), vocab});
  for (std::int64_t begin = 0; begin < rows; begin += chunk) {
    const std::int64_t count = std::min(chunk, rows - begin);
    const at::Tensor h = f.h.narrow(0, begin, count);
    const at::Tensor part = logits.narrow(0, 0, count);
    linear_forward(h, f.weight.packed->forward(w), part);
    kernels::logprob_backward({.rows = count,
                               .vocab = vocab,
                               .logits = part.mutable_data_ptr<float>(),
                               .stride = vocab,
                               .targets = f.targets.const_data_ptr<std::int64_t>() + begin,
                               .temperature = f.temperature,
                               .lse = f.lse.const_data_ptr<float>() + begin,
                               .entropy = f.entropy.const_data_ptr<float>() + begin,
                               .dlogp = dlogp.const_data_ptr<float>() + begin,
                               .dentropy = dentropy.defined() ? dentropy.const_data_ptr<float>() + begin : nullptr});
    linear_backward_input(part, f.weight.packed->backward(w), dh.narrow(0, begin, count));
    if (f.trained) linear_backward_weight(part, h, dw, true);
  }
  return {dh, f.trained ? dw.to(w.scalar_type()) : at::Tensor()};
}

}  // namespace

TokenLogprobs lm_head_logprobs(const at::Tensor& h, const LinearWeight& weight, const at::Tensor& targets,
                               double temperature) {
  const OpRange range("lm_head_logprobs");
  R1_CHECK(h.is_contiguous() && h.size(0) == targets.size(0), "lm_head: {} rows for {} targets", h.size(0),
           targets.size(0));
  const at::Tensor& w = weight.weight;
  if (reference::takes(h)) return reference::lm_head_logprobs(h, w, targets, temperature);
  if (h.is_cuda()) return on_device::lm_head_logprobs(h, w, targets, temperature);
  const std::int64_t rows = h.size(0), vocab = w.size(0), chunk = chunk_rows(vocab);
  Forward f{h.detach(),        weight,           targets, static_cast<float>(temperature), w.requires_grad(),
            empty_f32({rows}), empty_f32({rows})};
  TokenLogprobs out{empty_f32({rows}), empty_f32({rows})};
  at::Tensor logits = empty_f32({std::min(chunk, rows), vocab});
  for (std::int64_t begin = 0; begin < rows; begin += chunk) {
    const std::int64_t count = std::min(chunk, rows - begin);
    const at::Tensor part = logits.narrow(0, 0, count);
    linear_forward(f.h.narrow(0, begin, count), weight.packed->forward(w), part);
    kernels::logprob({.rows = count,
                      .vocab = vocab,
                      .logits = part.const_data_ptr<float>(),
                      .stride = vocab,
                      .targets = targets.const_data_ptr<std::int64_t>() + begin,
                      .temperature = f.temperature,
                      .logp = out.logp.mutable_data_ptr<float>() + begin,
                      .entropy = f.entropy.mutable_data_ptr<float>() + begin,
                      .lse = f.lse.mutable_data_ptr<float>() + begin});
  }
  out.entropy.copy_(f.entropy);
  if (needs_grad({h, w})) {
    f.weight.weight = w.detach();
    record("lm_head_logprobs", {out.logp, out.entropy}, {h, w}, [f](const std::vector<at::Tensor>& grads) {
      const at::Tensor dlogp =
          grads[0].defined() ? grads[0] : at::zeros({f.h.size(0)}, at::TensorOptions().dtype(at::kFloat));
      return backward(f, dlogp, grads[1]);
    });
  }
  return out;
}

}  // namespace r1::tensor
