// Rotary angles of every family: plain, linear, YaRN (Peng et al. 2023) and Llama 3's scaling of the frequencies.
#pragma once

#include "r1/model/families/deepseek_v3/config.h"
#include "r1/model/layers/rope_spec.h"
#include "r1/tensor/ops/mla_rope.h"

namespace r1::model {

/// [positions, dim / 2], float32; float64 for a float64 model.
tensor::RopeTable make_rope_table(const RopeSpec& spec, at::ScalarType dtype = at::kFloat);

/// Scale of the attention scores, YaRN's temperature included.
double attention_scale(const DeepseekV3Config& config);

}  // namespace r1::model
