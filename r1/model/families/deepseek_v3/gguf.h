// The GGUF form of `deepseek_v3` and `deepseek_v2`, both `deepseek2` there: metadata <-> configuration, tensor names.
// Keys and their meaning: llama.cpp's converter and reader. Rotary rows need no permutation: both rotate neighbours.
// Multi-token prediction modules have no place in the format. The tokenizer's keys are not its matter.
#pragma once

#include <string>
#include <vector>

#include "r1/model/families/deepseek_v3/config.h"
#include "r1/model/gguf_tensor.h"
#include "r1/weights/gguf_metadata.h"

namespace r1::model {

/// The configuration of a file: sigmoid routers are deepseek_v3, softmax ones deepseek_v2. A file without groups of
/// experts (older ones leave them out, and llama.cpp then chooses among all) has one. UserError, naming file and key,
/// for what is missing or can't be run.
DeepseekV3Config deepseek_from_gguf(const weights::GgufMetadata& metadata, std::int64_t vocab_size,
                                    const std::string& file);

/// The keys of the architecture, as llama.cpp reads them. UserError for a YaRN whose temperatures have no such keys.
void set_deepseek_gguf(const DeepseekV3Config& config, weights::GgufMetadata& metadata);

std::vector<GgufTensor> deepseek_gguf_tensors(const DeepseekV3Config& config);

}  // namespace r1::model
