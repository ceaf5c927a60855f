// Linear layers on a GPU (on_device.h). Hopper's bf16 products give the same row whatever the other rows are, as long
// as the library does not split the sum over K (measured, docs/decisions/0009), which it does for few rows only: there
// splitting is off; and so it is for narrow results, such as an adapter's, which it would cut at any number of rows.
#include <ATen/Context.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

#include "r1/tensor/autograd.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"

namespace r1::tensor::on_device {

namespace {

constexpr std::int64_t kSplitRows = 1024;  // with so many rows no product of ours is split, unless it is narrow
constexpr std::int64_t kNarrow = 256;      // columns

/// No split-K while it lives, if it has few rows or is narrow: only cuBLASLt can be told so. Reduced precision inside
/// sums is off in any case.
class WholeSums {
 public:
  WholeSums(std::int64_t rows, std::int64_t columns)
      : few_(rows < kSplitRows || columns <= kNarrow), backend_(at::globalContext().blasPreferredBackend()) {
    at::globalContext().setAllowBF16ReductionCuBLAS(false, !few_);
    if (few_) at::globalContext().setBlasPreferredBackend(at::BlasBackend::Cublaslt);
  }
  ~WholeSums() {
    if (!few_) return;
    at::globalContext().setAllowBF16ReductionCuBLAS(false, true);
    at::globalContext().setBlasPreferredBackend(backend_);
  }
  WholeSums(const WholeSums&) = delete;
  WholeSums& operator=(const WholeSums&) = delete;

 private:
  bool few_;
  at::BlasBackend backend_;
};

}  // namespace

at::Tensor product(const at::Tensor& x, const at::Tensor& weight) {
  const at::NoGradGuard no_grad;
  const WholeSums whole(x.size(0), weight.size(0));
  return at::mm(x.detach(), weight.detach().t());
}

at::Tensor input_product(const at::Tensor& dy, const at::Tensor& weight) {
  const WholeSums whole(dy.size(0), weight.size(1));
  return at::mm(dy, weight);
}

at::Tensor weight_product(const at::Tensor& dy, const at::Tensor& x) { return at::mm(dy.t(), x); }

std::vector<at::Tensor> linears(const at::Tensor& x, const std::vector<at::Tensor>& weights) {
  std::vector<at::Tensor> y, inputs{x};
  std::vector<at::Tensor> saved;
  std::vector<char> trained;  // whose gradient is wanted
  bool grad = needs_grad({x});
  for (const at::Tensor& w : weights) {
    y.push_back(product(x, w));
    grad = grad || needs_grad({w});
    inputs.push_back(w);
    saved.push_back(w.detach());
    trained.push_back(w.requires_grad());
  }
  if (grad)
    record("linear", y, inputs,
           [x = x.detach(), saved, trained, dx_wanted = x.requires_grad()](const std::vector<at::Tensor>& grads) {
             std::vector<at::Tensor> out(1 + saved.size());
             for (std::size_t i = 0; i < saved.size(); ++i) {
               if (!grads[i].defined()) continue;
               if (dx_wanted && out[0].defined()) {
                 const WholeSums whole(x.size(0), x.size(1));
                 out[0].addmm_(grads[i], saved[i]);
               } else if (dx_wanted) {
                 out[0] = input_product(grads[i], saved[i]);
               }
               if (trained[i]) out[i + 1] = weight_product(grads[i], x);
             }
             return out;
           });
  return y;
}

at::Tensor linear_f32(const at::Tensor& x, const at::Tensor& weight) {
  at::Tensor y;
  {
    const at::NoGradGuard no_grad;
    const WholeSums whole(x.size(0), weight.size(0));
    y = x.scalar_type() == at::kFloat ? at::mm(x, weight.t()) : at::mm(x, weight.t(), at::kFloat);
  }
  if (needs_grad({x, weight}))
    record("linear_f32", {y}, {x, weight},
           [x = x.detach(), weight = weight.detach(),
            trained = weight.requires_grad()](const std::vector<at::Tensor>& grads) {
             const at::Tensor dx = at::mm(grads[0], weight.to(at::kFloat));
             at::Tensor dw;
             if (trained) dw = at::mm(grads[0].t(), x.to(at::kFloat)).to(weight.scalar_type());
             return std::vector<at::Tensor>{dx.to(x.scalar_type()), dw};
           });
  return y;
}

}  // namespace r1::tensor::on_device
