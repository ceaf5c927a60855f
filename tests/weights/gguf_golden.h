// The metadata that tools/golden/gguf_files.py writes into both of its files, and where those lie.
#pragma once

#include <filesystem>
#include <string>

#include "r1/weights/gguf_metadata.h"

namespace r1::weights {

inline std::filesystem::path gguf_golden(const std::string& name) {
  return std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/gguf" / name;
}

/// Every value type, and arrays of most.
inline GgufMetadata gguf_golden_metadata(const std::string& source = "golden") {
  GgufMetadata out(source);
  out.set("general.architecture", "golden");
  out.set("a.u8", std::uint8_t{200});
  out.set("a.i8", std::int8_t{-100});
  out.set("a.u16", std::uint16_t{60000});
  out.set("a.i16", std::int16_t{-30000});
  out.set("a.u32", std::uint32_t{4000000000});
  out.set("a.i32", std::int32_t{-2000000000});
  out.set("a.u64", (std::uint64_t{1} << 63) + 5);
  out.set("a.i64", -(std::int64_t{1} << 62));
  out.set("a.f32", 0.1F);
  out.set("a.f64", 0.1);
  out.set("a.true", true);
  out.set("a.false", false);
  out.set("a.text", "naïve\n\"x\"");
  out.set("b.u8", std::vector<std::uint8_t>{1, 255});
  out.set("b.i16", std::vector<std::int16_t>{-1, 5, 300});
  out.set("b.i32", std::vector<std::int32_t>{-7, 8});
  out.set("b.u64", std::vector<std::uint64_t>{std::uint64_t{1} << 40});
  out.set("b.f32", std::vector<float>{0.5F, -1.25F});
  out.set("b.f64", std::vector<double>{0.1});
  out.set("b.bool", std::vector<bool>{true, false, true});
  out.set("b.text", std::vector<std::string>{"<s>", "", "Ġthe"});
  return out;
}

}  // namespace r1::weights
