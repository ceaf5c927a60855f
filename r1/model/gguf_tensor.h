// One tensor of a model in both of its forms: its name in a GGUF file and its name in a Hugging Face folder. Each
// family lists its own (families/*/gguf.h); convert.cc moves the data. It holds no data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace r1::model {

struct GgufTensor {
  std::string gguf;
  std::string hf;
  std::vector<std::int64_t> shape;  // torch's order, the same in both forms
  /// Above 0: GGUF's rows of each of these heads alternate between the halves that Hugging Face rotates against each
  /// other (row 2i is half 0's row i, row 2i + 1 half 1's), because llama.cpp rotates neighbours there.
  std::int64_t interleaved_heads = 0;
};

}  // namespace r1::model
