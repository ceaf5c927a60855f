// Rotary angles (rope_table.h), computed in double.
#include "r1/model/layers/rope_table.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "r1/core/error.h"
#include "r1/model/layers/yarn.h"

namespace r1::model {

namespace {

constexpr double kTurn = 2.0 * std::numbers::pi;

/// The dimension whose wavelength turns `rotations` times within the original context.
double correction_dim(const RopeSpec& s, double rotations) {
  return static_cast<double>(s.dim) * std::log(s.original_max_position_embeddings / (rotations * kTurn)) /
         (2.0 * std::log(s.theta));
}

/// YaRN: slow dimensions are interpolated, fast ones kept, with a ramp between.
std::vector<double> yarn_frequencies(const RopeSpec& s, std::vector<double> plain) {
  double low = correction_dim(s, s.beta_fast), high = correction_dim(s, s.beta_slow);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(0.0, low);
  high = std::min(static_cast<double>(s.dim - 1), high);
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    plain[i] = plain[i] / s.factor * ramp + plain[i] * (1.0 - ramp);
  }
  return plain;
}

/// Llama 3.1: wavelengths beyond the original context are stretched, short ones kept, blended between.
std::vector<double> llama3_frequencies(const RopeSpec& s, std::vector<double> plain) {
  const double context = s.original_max_position_embeddings;
  for (double& frequency : plain) {
    const double wavelength = kTurn / frequency;
    if (wavelength < context / s.high_freq_factor) continue;
    if (wavelength > context / s.low_freq_factor) {
      frequency /= s.factor;
      continue;
    }
    const double kept = (context / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
    frequency = (1.0 - kept) * frequency / s.factor + kept * frequency;
  }
  return plain;
}

std::vector<double> frequencies(const RopeSpec& s) {
  std::vector<double> plain(static_cast<std::size_t>(s.dim / 2));
  for (std::size_t i = 0; i < plain.size(); ++i)
    plain[i] = std::pow(s.theta, -2.0 * static_cast<double>(i) / static_cast<double>(s.dim));
  if (s.type == "yarn") return yarn_frequencies(s, std::move(plain));
  if (s.type == "llama3") return llama3_frequencies(s, std::move(plain));
  if (s.type == "linear")
    for (double& frequency : plain) frequency /= s.factor;
  return plain;
}

template <class T>
void fill(const tensor::RopeTable& table, const RopeSpec& spec) {
  const std::vector<double> turns = frequencies(spec);
  T *cos = table.cos.mutable_data_ptr<T>(), *sin = table.sin.mutable_data_ptr<T>();
  for (std::int64_t p = 0; p < spec.positions; ++p)
    for (const double frequency : turns) {
      const double angle = static_cast<double>(p) * frequency;
      *cos++ = static_cast<T>(std::cos(angle) * spec.attention_factor);
      *sin++ = static_cast<T>(std::sin(angle) * spec.attention_factor);
    }
}

}  // namespace

tensor::RopeTable make_rope_table(const RopeSpec& spec, at::ScalarType dtype) {
  R1_CHECK(spec.dim > 0 && spec.dim % 2 == 0, "rope: {} elements", spec.dim);
  const at::ScalarType type = dtype == at::kDouble ? at::kDouble : at::kFloat;
  const auto empty = [&] { return at::empty({spec.positions, spec.dim / 2}, at::TensorOptions().dtype(type)); };
  tensor::RopeTable table{empty(), empty()};
  if (type == at::kDouble)
    fill<double>(table, spec);
  else
    fill<float>(table, spec);
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
