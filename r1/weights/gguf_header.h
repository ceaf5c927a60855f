// The part of a GGUF file ahead of the tensor data, little endian throughout: "GGUF", u32 version (2 or 3), u64 number
// of tensors, u64 number of keys; per key a string, a u32 type and the value; per tensor a name, u32 number of
// dimensions, the dimensions as u64 (shortest stride first), u32 type, u64 offset into the data; then the data, each
// tensor at a multiple of `general.alignment` (a u32; 32 when it is missing). A string is a u64 length and its bytes,
// an array a u32 element type, a u64 count and its elements. Reading is strict: whatever the bytes are, the result is a
// header whose every tensor lies inside the file and overlaps no other, or one clear UserError; nothing is allocated
// before the file was seen to be long enough for it. Version 1 (32-bit lengths), big endian and arrays of arrays are
// refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "r1/weights/gguf_metadata.h"
#include "r1/weights/gguf_type.h"

namespace r1::weights {

/// One tensor of a file; its bytes are [begin, end) of the whole file.
struct GgufTensorInfo {
  GgufType type = GgufType::F32;
  std::vector<std::int64_t> shape;  // torch's order: the last dimension is contiguous
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct GgufHeader {
  std::uint32_t version = 0;
  std::uint64_t data_begin = 0;
  std::map<std::string, GgufTensorInfo> tensors;
  GgufMetadata metadata;
};

inline constexpr std::uint32_t kGgufVersion = 3;  // the one written; 2 differs only in that it has no big-endian twin
inline constexpr std::uint32_t kGgufDefaultAlignment = 32;
inline constexpr std::uint32_t kGgufMaxDimensions = 4;
inline constexpr const char* kGgufAlignmentKey = "general.alignment";

/// Parses and checks the header of a file with these bytes; `file` names it in errors. Throws UserError.
GgufHeader parse_gguf_header(std::string_view bytes, const std::string& file);

/// The metadata of a file on disk, without a look at its tensors' data. UserError as parse_gguf_header's.
GgufMetadata read_gguf_metadata(const std::filesystem::path& file);

}  // namespace r1::weights
