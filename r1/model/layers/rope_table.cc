// RoPE and YaRN angles (rope_table.h), computed in double.
#include "r1/model/layers/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "r1/tensor/dtype.h"

namespace r1::model {

namespace {

double yarn_mscale(double factor, double mscale) { return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0; }

/// The dimension whose wavelength turns `rotations` times within the original context.
double correction_dim(const DeepseekV3Config& c, double rotations) {
  const double context = static_cast<double>(c.rope_scaling.original_max_position_embeddings);
  const double dim = static_cast<double>(c.qk_rope_head_dim);
  return dim * std::log(context / (rotations * 2.0 * std::numbers::pi)) / (2.0 * std::log(c.rope_theta));
}

std::vector<double> inverse_frequencies(const DeepseekV3Config& c) {
  const std::int64_t half = c.qk_rope_head_dim / 2;
  std::vector<double> out(static_cast<std::size_t>(half));
  const double last = static_cast<double>(c.qk_rope_head_dim - 1);
  const double low = std::max(0.0, std::floor(correction_dim(c, c.rope_scaling.beta_fast)));
  double high = std::min(last, std::ceil(correction_dim(c, c.rope_scaling.beta_slow)));
  if (low == high) high += 0.001;
  for (std::int64_t i = 0; i < half; ++i) {
    const double plain =
        std::pow(c.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(c.qk_rope_head_dim));
    const double ramp =
        c.rope_scaling.factor > 1.0 ? std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0) : 0.0;
    out[static_cast<std::size_t>(i)] = plain / c.rope_scaling.factor * ramp + plain * (1.0 - ramp);
  }
  return out;
}

}  // namespace

tensor::RopeTable make_rope_table(const DeepseekV3Config& config) {
  const std::vector<double> frequencies = inverse_frequencies(config);
  const std::int64_t half = config.qk_rope_head_dim / 2;
  const double length = yarn_mscale(config.rope_scaling.factor, config.rope_scaling.mscale) /
                        yarn_mscale(config.rope_scaling.factor, config.rope_scaling.mscale_all_dim);
  tensor::RopeTable table{tensor::empty_f32({config.max_position_embeddings, half}),
                          tensor::empty_f32({config.max_position_embeddings, half})};
  float* cos = table.cos.mutable_data_ptr<float>();
  float* sin = table.sin.mutable_data_ptr<float>();
  for (std::int64_t p = 0; p < config.max_position_embeddings; ++p) {
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(p) * frequencies[static_cast<std::size_t>(i)];
      cos[p * half + i] = static_cast<float>(std::cos(angle) * length);
      sin[p * half + i] = static_cast<float>(std::sin(angle) * length);
    }
  }
  return table;
}

double attention_scale(const DeepseekV3Config& config) {
  const double width = static_cast<double>(config.qk_nope_head_dim + config.qk_rope_head_dim);
  const double mscale = config.rope_scaling.mscale_all_dim != 0.0
                            ? yarn_mscale(config.rope_scaling.factor, config.rope_scaling.mscale_all_dim)
                            : 1.0;
  return mscale * mscale / std::sqrt(width);
}

}  // namespace r1::model
