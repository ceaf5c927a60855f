// Buckets (collectives.h).
#include "r1/parallel/collectives.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>

#include <cstdint>

#include "r1/parallel/links.h"

namespace r1::parallel {

namespace {

constexpr std::size_t kBucketBytes = std::size_t{64} << 20;

void reduce_bucket(ProcessGroup& group, const std::vector<at::Tensor>& bucket, const std::string& what) {
  if (bucket.size() == 1 && bucket.front().is_contiguous()) {
    at::Tensor x = bucket.front();
    return group.links().all_reduce_sum(x, what);
  }
  std::vector<at::Tensor> flat;
  for (const at::Tensor& x : bucket) flat.push_back(x.reshape({-1}));
  at::Tensor all = at::cat(flat);
  group.links().all_reduce_sum(all, what);
  std::int64_t begin = 0;
  for (const at::Tensor& x : bucket) {
    x.copy_(all.narrow(0, begin, x.numel()).view(x.sizes()));
    begin += x.numel();
  }
}

}  // namespace

void all_reduce_sum(ProcessGroup& group, const std::vector<at::Tensor>& tensors, const std::string& what) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> bucket;
  std::size_t bytes = 0;
  for (const at::Tensor& x : tensors) {
    const bool fits =
        bucket.empty() || (bytes + x.nbytes() <= kBucketBytes && x.scalar_type() == bucket.front().scalar_type());
    if (!fits) {
      reduce_bucket(group, bucket, what);
      bucket.clear();
      bytes = 0;
    }
    bucket.push_back(x);
    bytes += x.nbytes();
  }
  if (!bucket.empty()) reduce_bucket(group, bucket, what);
}

void all_reduce_sum(ProcessGroup& group, std::vector<double>& values, const std::string& what) {
  at::Tensor x =
      at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::TensorOptions().dtype(at::kDouble));
  group.links().all_reduce_sum(x, what);
}

}  // namespace r1::parallel
