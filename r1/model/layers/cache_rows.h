// Rows of a KV cache, written token by token. Key panels are tensor/ops/attention.h's.
#pragma once

#include <cstring>

#include "r1/core/error.h"
#include "r1/tensor/torch.h"

namespace r1::model {

/// cache[rows[i]] = x[i]; x [T, ...], rows int64 [T].
inline void write_rows(const at::Tensor& cache, const at::Tensor& rows, const at::Tensor& x) {
  R1_CHECK(cache.is_contiguous() && x.is_contiguous() && cache[0].numel() == x[0].numel(),
           "kv cache: row sizes differ");
  if (cache.is_cuda()) {
    cache.index_copy_(0, rows, x);
    return;
  }
  const std::int64_t bytes = x[0].numel() * static_cast<std::int64_t>(x.element_size());
  const std::int64_t* row = rows.const_data_ptr<std::int64_t>();
  char* out = static_cast<char*>(cache.mutable_data_ptr());
  const char* in = static_cast<const char*>(x.const_data_ptr());
  for (std::int64_t i = 0; i < x.size(0); ++i)
    std::memcpy(out + row[i] * bytes, in + i * bytes, static_cast<std::size_t>(bytes));
}

}  // namespace r1::model
