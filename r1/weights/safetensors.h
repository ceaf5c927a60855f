// Checkpoints as safetensors: one file, or the shards that a `model.safetensors.index.json` names (Hugging Face's
// layout). Knows names, dtypes and shapes, no architecture. Reads F64 F32 F16 BF16 F8_E4M3 I64 I32 I16 I8 U8 BOOL.
//
//   SafetensorsReader in("models/tiny");                  // a folder, a .safetensors file or an index
//   at::Tensor w = in.load("lm_head.weight");             // a view of the mapped file, copied nowhere
//   write_safetensors("out/model.safetensors", {{"lm_head.weight", w}});
//
// The same tensors give the same bytes, whatever their order. It does not convert dtypes and does not rename
// (name_map.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "r1/weights/safetensors_header.h"

namespace r1::weights {

class MappedFile;

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

class SafetensorsReader {
 public:
  /// Opens a .safetensors file, an index (*.json) or a folder that holds model.safetensors or
  /// model.safetensors.index.json, and checks all headers. UserError, naming file and tensor, for anything broken,
  /// missing or ambiguous.
  explicit SafetensorsReader(const std::filesystem::path& path);

  /// All tensor names, sorted.
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return entries_.contains(name); }
  /// Dtype and shape without touching the data. UserError for an unknown name.
  const TensorInfo& info(const std::string& name) const { return find(name).info; }
  /// The tensor on the CPU: a view of the mapped file, which lives as long as the tensor does; changing it in place
  /// never changes the file. Data that is not aligned to its elements is copied. UserError for an unknown name.
  at::Tensor load(const std::string& name) const;
  /// The free text of the header (`__metadata__`); of several shards, the first that has a key counts.
  const Metadata& metadata() const { return metadata_; }

 private:
  struct Entry {
    TensorInfo info;
    std::shared_ptr<MappedFile> file;
  };

  /// Maps one file and returns the names it added.
  std::vector<std::string> open_file(const std::filesystem::path& file);
  void open_index(const std::filesystem::path& index);
  const Entry& find(const std::string& name) const;

  std::filesystem::path path_;
  std::map<std::string, Entry> entries_;
  Metadata metadata_;
};

/// What Hugging Face's loaders expect to find in a header.
inline const Metadata kTorchMetadata = {{"format", "pt"}};

/// The bytes of a safetensors file: header padded with spaces to a multiple of 8, data ordered by element size (largest
/// first), then by name, so that every tensor is aligned. r1::Error for a name that stands twice or a dtype without a
/// name.
std::string safetensors_bytes(const NamedTensors& tensors, const Metadata& metadata = kTorchMetadata);

/// Writes one file atomically. Takes little more memory than the tensors.
void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors,
                       const Metadata& metadata = kTorchMetadata);

/// One tensor to write. `load` is called once, when its turn comes, and its result dropped after: a tensor that is made
/// for the file (converted, dequantised) needs memory only then.
struct SafetensorsOutput {
  std::string name;
  std::vector<std::int64_t> shape;  // of load()'s result, as is the dtype
  c10::ScalarType dtype = c10::ScalarType::Float;
  std::function<at::Tensor()> load;
  std::uint64_t num_bytes() const;
};

/// Writes model.safetensors into `folder`, or, when the tensors have more than `max_shard_bytes` together, the shards
/// model-00001-of-0000N.safetensors (filled in the order of the names) and then model.safetensors.index.json. A tensor
/// is never cut, so one may exceed the limit. Each file is atomic; for the set, use it inside
/// core::write_directory_atomic. r1::Error for a load() of another shape or dtype.
void write_sharded_safetensors(const std::filesystem::path& folder, std::vector<SafetensorsOutput> tensors,
                               std::uint64_t max_shard_bytes, const Metadata& metadata = kTorchMetadata);
void write_sharded_safetensors(const std::filesystem::path& folder, const NamedTensors& tensors,
                               std::uint64_t max_shard_bytes, const Metadata& metadata = kTorchMetadata);

}  // namespace r1::weights
