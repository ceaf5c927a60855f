// The GGUF form of `llama`, `qwen2`, `qwen3` (general.architecture has the same names) and `qwen3_moe` (`qwen3moe`):
// metadata <-> configuration, tensor names, and which rows are permuted. Keys and their meaning: the format's
// specification and llama.cpp's readers. The tokenizer's keys are not its matter.
#pragma once

#include <string>
#include <vector>

#include "r1/model/families/llama/config.h"
#include "r1/model/gguf_tensor.h"
#include "r1/weights/gguf_metadata.h"

namespace r1::model {

/// What only the tensors of a file say.
struct LlamaGgufFacts {
  std::int64_t vocab_size = 0;  // rows of token_embd.weight
  bool tied_head = false;  // no output.weight
  bool attention_bias = false;  // blk.0.attn_q.bias is there
  std::vector<double> rope_factors;  // rope_freqs.weight: each pair's divisor of its frequency; empty without one
};

/// general.architecture of a configuration.
std::string llama_gguf_architecture(const LlamaConfig& config);

/// The configuration of a file. UserError, naming file and key, for what is missing or can't be run (experts, partly
/// rotated heads, factors of the angles that no Llama-3 scaling gives ...).
LlamaConfig llama_from_gguf(const weights::GgufMetadata& metadata, const LlamaGgufFacts& facts,
                            const std::string& file);

/// The keys of the architecture, as llama.cpp reads them. UserError for angles that have no such keys, and for layers
/// without experts in a qwen3_moe.
void set_llama_gguf(const LlamaConfig& config, weights::GgufMetadata& metadata);

/// Every tensor but rope_freqs.weight.
std::vector<GgufTensor> llama_gguf_tensors(const LlamaConfig& config);

/// rope_freqs.weight of a `llama3` scaling: head_dim / 2 divisors.
std::vector<double> llama3_rope_factors(const RopeSpec& rope);

}  // namespace r1::model
