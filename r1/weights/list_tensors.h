// What a checkpoint holds, without its data and without a torch type in this header: for programs that only look.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace r1::weights {

struct TensorSummary {
  std::string name;
  std::string dtype;  // "F32", "BF16", "Q4_K", ...
  std::vector<std::int64_t> shape;
  std::int64_t num_elements() const {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    return count;
  }
};

/// Every tensor of a safetensors file, index or folder, or of a .gguf file, by name. UserErrors as SafetensorsReader
/// and GgufReader.
std::vector<TensorSummary> list_tensors(const std::filesystem::path& path);

}  // namespace r1::weights
