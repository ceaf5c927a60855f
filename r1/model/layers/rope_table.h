// Angles of the decoupled rotary embedding, with YaRN's interpolation (Peng et al. 2023; DeepSeek-V3 section 4.3).
#pragma once

#include "r1/model/families/deepseek_v3/config.h"
#include "r1/tensor/ops/mla_rope.h"

namespace r1::model {

/// cos and sin for positions 0 .. max_position_embeddings - 1.
tensor::RopeTable make_rope_table(const DeepseekV3Config& config);

/// Softmax scale of attention: (nope + rope)^-1/2, times YaRN's mscale squared.
double attention_scale(const DeepseekV3Config& config);

}  // namespace r1::model
