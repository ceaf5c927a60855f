// The header of a safetensors file: 8 bytes of header length (little endian), then that many bytes of JSON
// {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, .., "__metadata__": {"key": "text"}}, then
// the data. Reading is strict: whatever the bytes are, the result is a header whose every tensor lies inside the file,
// or one clear UserError. The tensors must fill the data without gap or overlap, as the reference reader demands.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace r1::weights {

/// One tensor of a file; its bytes are [begin, end) of the whole file.
struct TensorInfo {
  c10::ScalarType dtype = c10::ScalarType::Undefined;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

using Metadata = std::map<std::string, std::string>;

struct SafetensorsHeader {
  std::map<std::string, TensorInfo> tensors;
  Metadata metadata;
};

/// Longest header accepted, in bytes: the limit of the format's reference reader.
inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// Parses and checks the header of a file with these bytes; `file` names it in errors. Throws UserError.
SafetensorsHeader parse_safetensors_header(std::string_view bytes, const std::string& file);

/// The format's name of a dtype ("F32", "F8_E4M3", ...); empty for one the format has no name for.
std::string_view safetensors_dtype_name(c10::ScalarType dtype);

}  // namespace r1::weights
