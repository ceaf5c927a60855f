// Embedding look-up as an op of the graph (embedding.h).
#include "r1/tensor/ops/embedding.h"

#include <ATen/ops/embedding_dense_backward.h>
#include <ATen/ops/index_select.h>

#include "r1/core/error.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

at::Tensor embedding(const at::Tensor& ids, const at::Tensor& weight) {
  const OpRange range("embedding");
  if (reference::takes(weight)) return at::index_select(weight, 0, ids);
  at::Tensor out;
  {
    const at::NoGradGuard no_grad;
    out = at::index_select(weight, 0, ids);
  }
  if (needs_grad({weight})) {
    record("embedding", {out}, {weight}, [ids, weight = weight.detach()](const std::vector<at::Tensor>& grads) {
      if (weight.is_cuda())
        return std::vector<at::Tensor>{at::embedding_dense_backward(grads[0], ids, weight.size(0), -1, false)};
      const at::Tensor dy = grads[0].to(at::kFloat);
      at::Tensor dw = at::zeros(weight.sizes(), at::TensorOptions().dtype(at::kFloat));
      const std::int64_t width = weight.size(1);
      const std::int64_t* id = ids.const_data_ptr<std::int64_t>();
      for (std::int64_t t = 0; t < ids.size(0); ++t) {
        float* row = dw.mutable_data_ptr<float>() + id[t] * width;
        const float* grad = dy.const_data_ptr<float>() + t * width;
        for (std::int64_t j = 0; j < width; ++j) row[j] += grad[j];
      }
      return std::vector<at::Tensor>{dw.to(weight.scalar_type())};
    });
  }
  return out;
}

}  // namespace r1::tensor
