// Sampling on a GPU (sample.h).
#include "r1/tensor/ops/sample.h"

#include "r1/core/error.h"
#include "r1/tensor/device.h"

namespace r1::tensor {

SampledRows sample_rows(const at::Tensor& logits, double temperature, const SampleInputs& inputs) {
  const std::int64_t rows = logits.size(0);
  R1_CHECK(logits.is_cuda() && logits.is_contiguous() && logits.scalar_type() == at::kFloat,
           "sample_rows: logits are float32 rows on a GPU");
  R1_CHECK(inputs.uniform.size(0) == rows && inputs.bans.size(0) == rows, "sample_rows: {} random numbers for {} rows",
           inputs.uniform.size(0), rows);
  SampledRows out{at::empty({rows}, logits.options().dtype(at::kLong)), empty_f32_on(logits, {rows})};
  kernels_on(logits).sample({.rows = rows,
                             .vocab = logits.size(1),
                             .logits = logits.const_data_ptr<float>(),
                             .temperature = static_cast<float>(temperature),
                             .uniform = inputs.uniform.const_data_ptr<float>(),
                             .banned = inputs.banned.const_data_ptr<std::int64_t>(),
                             .num_banned = inputs.banned.size(0),
                             .bans = inputs.bans.const_data_ptr<std::uint8_t>(),
                             .token = out.token.mutable_data_ptr<std::int64_t>(),
                             .log_kept_mass = out.log_kept_mass.mutable_data_ptr<float>()});
  return out;
}

}  // namespace r1::tensor
