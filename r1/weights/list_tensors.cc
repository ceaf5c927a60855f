// Reads headers only (safetensors_reader.cc maps files, it does not load them).
#include "r1/weights/list_tensors.h"

#include "r1/weights/safetensors.h"

namespace r1::weights {

std::vector<TensorSummary> list_tensors(const std::filesystem::path& path) {
  const SafetensorsReader reader(path);
  std::vector<TensorSummary> out;
  for (const std::string& name : reader.names()) {
    const TensorInfo& info = reader.info(name);
    out.push_back({name, std::string(safetensors_dtype_name(info.dtype)), info.shape});
  }
  return out;
}

}  // namespace r1::weights
