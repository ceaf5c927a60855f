// Reads headers only (the readers map files, they do not load them).
#include "r1/weights/list_tensors.h"

#include "r1/weights/gguf.h"
#include "r1/weights/safetensors.h"

namespace r1::weights {

namespace {

std::vector<TensorSummary> list_gguf(const std::filesystem::path& path) {
  const GgufReader reader(path);
  std::vector<TensorSummary> out;
  for (const std::string& name : reader.names()) {
    const GgufTensorInfo& info = reader.info(name);
    out.push_back({name, std::string(gguf_type_info(info.type).name), info.shape});
  }
  return out;
}

}  // namespace

std::vector<TensorSummary> list_tensors(const std::filesystem::path& path) {
  if (path.extension() == ".gguf") return list_gguf(path);
  const SafetensorsReader reader(path);
  std::vector<TensorSummary> out;
  for (const std::string& name : reader.names()) {
    const TensorInfo& info = reader.info(name);
    out.push_back({name, std::string(safetensors_dtype_name(info.dtype)), info.shape});
  }
  return out;
}

}  // namespace r1::weights
