// Checkpoints as GGUF, llama.cpp's format: one file, or the parts "name-00001-of-0000N.gguf" of one. Knows names,
// types, shapes and metadata, no architecture: whose tensor `blk.0.attn_q.weight` is, and how its rows are permuted, is
// the caller's matter. Loads F32 F16 BF16 F64 I8 I16 I32 I64 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K; lists every type.
//
//   GgufReader in("tiny.gguf");
//   at::Tensor w = in.load("output.weight", at::kBFloat16);
//   std::int64_t blocks = in.metadata().integer("llama.block_count");
//
//   GgufMetadata metadata;
//   metadata.set("general.architecture", "llama");
//   write_gguf("out.gguf", {gguf_output("output.weight", w, GgufType::Q8_0)}, metadata);
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "r1/weights/gguf_header.h"

namespace r1::weights {

class MappedFile;

class GgufReader {
 public:
  /// Opens a .gguf file and checks its header; of a file in parts, name the first one and all are opened. UserError,
  /// naming file and tensor, for anything broken or missing.
  explicit GgufReader(const std::filesystem::path& file);

  /// All tensor names, sorted.
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return entries_.contains(name); }
  /// Type and shape (torch's order) without touching the data. UserError for an unknown name.
  const GgufTensorInfo& info(const std::string& name) const { return find(name).info; }
  /// The tensor on the CPU in `dtype`, a floating one: dequantised to float32 and rounded once. What the file holds in
  /// that very dtype is a view of the mapped file (a copy when it is not aligned), which lives as long as the tensor
  /// does; changing it in place never changes the file. UserError for an unknown name or a type that isn't read.
  at::Tensor load(const std::string& name, at::ScalarType dtype = at::kFloat) const;
  /// The same of one slice, tensor[index]; the others are not touched. r1::Error for an index out of range.
  at::Tensor load_slice(const std::string& name, std::int64_t index, at::ScalarType dtype = at::kFloat) const;
  /// Of several parts, the first one's.
  const GgufMetadata& metadata() const { return metadata_; }

 private:
  struct Entry {
    GgufTensorInfo info;
    std::shared_ptr<MappedFile> file;
  };

  /// Maps one file, adds its tensors and returns its metadata.
  GgufMetadata open_file(const std::filesystem::path& file);
  void open_other_parts();
  const Entry& find(const std::string& name) const;
  at::Tensor load(const Entry& entry, const std::string& name, at::ScalarType dtype) const;

  std::filesystem::path path_;
  std::map<std::string, Entry> entries_;
  GgufMetadata metadata_;
};

/// The floating type in which a tensor of a file loses nothing: its own, or float32.
at::ScalarType stored_dtype(GgufType type);

/// One tensor to write. `load` is called once, when its turn comes, and its result dropped after: a tensor that is
/// computed for the file (stacked, permuted) needs memory only then.
struct GgufOutput {
  std::string name;
  std::vector<std::int64_t> shape;  // of load()'s result, torch's order; 1 to 4 dimensions, none 0
  GgufType type = GgufType::F32;  // wanted: F32 F16 BF16 Q8_0 Q4_0; stored_gguf_type says what it becomes
  std::function<at::Tensor()> load;
};

/// A tensor that is there already.
GgufOutput gguf_output(std::string name, const at::Tensor& tensor, GgufType type);

/// Writes one version-3 file atomically: the tensors in the given order, each at a multiple of the metadata's
/// general.alignment (32 without one), as is the file's length. Takes little more memory than the largest tensor.
/// UserError when a value doesn't fit into its type (an infinity in Q8_0, 1e5 in F16) or the disk is full. r1::Error
/// for a name that stands twice or has more than 63 bytes (llama.cpp's limit), a shape or type that can't be written,
/// or a load() of another shape.
void write_gguf(const std::filesystem::path& file, const std::vector<GgufOutput>& tensors,
                const GgufMetadata& metadata);

}  // namespace r1::weights
