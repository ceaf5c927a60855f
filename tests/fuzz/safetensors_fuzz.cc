// Opens a file, looks at every tensor and reads all of its bytes.
#include <ATen/core/Tensor.h>

#include <string>

#include "r1/weights/safetensors.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/read_bytes.h"
#include "tests/fuzz/targets.h"

namespace r1::fuzz {

namespace {

/// A whole file of a header: its length before it, 64 bytes of data after it.
std::string file_of_header(std::string_view header) {
  constexpr std::size_t kLengthBytes = 8, kDataBytes = 64;
  std::string file;
  for (std::size_t i = 0; i < kLengthBytes; ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return file.append(header).append(kDataBytes, '\x3c');
}

}  // namespace

void safetensors(std::string_view bytes) {
  const auto file =
      input_file("model.safetensors", bytes.starts_with('{') ? file_of_header(bytes) : std::string(bytes));
  accepted([&] {
    const weights::SafetensorsReader reader(file);
    for (const std::string& name : reader.names()) read_bytes(reader.load(name));
  });
}

}  // namespace r1::fuzz
