// Weights in one block of memory (stacked.h).
#include "r1/tensor/ops/stacked.h"

#include <ATen/ops/cat.h>

namespace r1::tensor {

namespace {

constexpr std::int64_t kAligned = 8;  // elements: kernels read 16 bytes of bf16 at a time

}  // namespace

void stack(const std::vector<at::Tensor*>& parts) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> values;
  for (const at::Tensor* part : parts) {
    if (!part->defined() || part->numel() % kAligned != 0) return;
    values.push_back(part->detach());
  }
  const at::Tensor all = at::cat(values);
  std::int64_t row = 0;
  for (at::Tensor* part : parts) {
    const bool trained = part->requires_grad();
    const std::int64_t rows = part->size(0);
    *part = all.narrow(0, row, rows).detach();
    part->requires_grad_(trained);
    row += rows;
  }
}

at::Tensor stacked(const std::vector<at::Tensor>& parts) {
  const at::Tensor& first = parts.front();
  std::vector<std::int64_t> sizes = first.sizes().vec();
  std::int64_t end = first.storage_offset() + first.numel();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!parts[i].is_alias_of(first) || parts[i].storage_offset() != end || !parts[i].is_contiguous()) return {};
    sizes[0] += parts[i].size(0);
    end += parts[i].numel();
  }
  if (!first.is_contiguous()) return {};
  return first.detach().as_strided(sizes, first.strides(), first.storage_offset());
}

}  // namespace r1::tensor
