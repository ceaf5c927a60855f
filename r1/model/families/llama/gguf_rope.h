// Scaling of the rotary angles in a GGUF file <-> RopeSpec: keys `rope.scaling.*`, and the divisors of the frequencies
// (rope_freqs.weight) in which files of Llama 3.1 and later keep what Hugging Face calls `llama3`. For gguf.cc only.
#pragma once

#include <string>
#include <vector>

#include "r1/model/families/llama/config.h"
#include "r1/weights/gguf_metadata.h"

namespace r1::model {

/// `rope_factors`: rope_freqs.weight, or empty. UserError for a scaling that is not known.
RopeSpec rope_from_gguf(const weights::GgufMetadata& metadata, const LlamaConfig& config,
                        const std::vector<double>& rope_factors, const std::string& file);

void set_rope_gguf(const LlamaConfig& config, weights::GgufMetadata& metadata);

}  // namespace r1::model
