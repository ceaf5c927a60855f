// One tensor of a model in both of its forms: its name in a GGUF file and its name in a Hugging Face folder. Each
// family lists its own (families/*/gguf.h); gguf_outputs.h moves the data. It holds no data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace r1::model {

/// kv_b_proj of latent attention [heads * (nope + value), rank]: per head `nope` rows make keys and `value` rows values
/// of the latent. A file holds it whole (older ones), or as two tensors: keys [heads, rank, nope] and values [heads,
/// value, rank].
struct LatentHeads {
  std::int64_t heads = 0;  // 0: the tensor is no such one
  std::int64_t nope = 0, value = 0;
  std::string keys, values;  // names in a GGUF file
};

struct GgufTensor {
  std::string gguf;
  std::string hf;  // with experts, "{}" stands for the expert's number
  std::vector<std::int64_t> shape;  // in Hugging Face's form; torch's order
  /// Above 0: GGUF's rows of each of these heads alternate between the halves that Hugging Face rotates against each
  /// other (row 2i is half 0's row i, row 2i + 1 half 1's), because llama.cpp rotates neighbours there.
  std::int64_t interleaved_heads = 0;
  /// Above 0: GGUF has one tensor [experts, ...] where Hugging Face has one an expert.
  std::int64_t experts = 0;
  LatentHeads latent = {};
  bool stays_f32 = false;  // whatever type is asked for: routers
};

}  // namespace r1::model
