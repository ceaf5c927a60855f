// Moves tensors between their two forms (gguf_tensor.h), one in memory at a time: rows of rotated heads are permuted,
// experts stacked or taken apart, the halves of latent attention's kv_b_proj split or joined. Bits are kept, but for a
// change of type. Which tensors there are is the family's matter.
#pragma once

#include <c10/core/ScalarType.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "r1/model/gguf_tensor.h"
#include "r1/weights/gguf.h"
#include "r1/weights/safetensors.h"

namespace r1::model {

/// In another floating type. UserError, opened by `where`, when a finite number becomes an infinity.
at::Tensor converted(const at::Tensor& from, at::ScalarType dtype, const std::string& where);

/// "FILE: tensor 'NAME'", for messages.
std::string where_of(const std::filesystem::path& file, const std::string& tensor);

/// What `tensor` of an open file becomes in a folder: one tensor, or one an expert; in `wanted`, or floating types as
/// they are stored and the others as float32. UserError when the file's has another shape. `reader` must outlive them.
std::vector<weights::SafetensorsOutput> folder_outputs(const weights::GgufReader& reader, const GgufTensor& tensor,
                                                       std::optional<at::ScalarType> wanted,
                                                       const std::filesystem::path& file);

/// What `tensor` of a folder becomes in a file: one tensor, or the two of a kv_b_proj.
std::vector<weights::GgufOutput> gguf_outputs(const weights::SafetensorsReader& reader, const GgufTensor& tensor,
                                              weights::GgufType type, const std::filesystem::path& folder);

/// Its names in a folder, and those that it may have in a file.
std::vector<std::string> names_in_folder(const GgufTensor& tensor);
std::vector<std::string> names_in_gguf(const GgufTensor& tensor);

}  // namespace r1::model
