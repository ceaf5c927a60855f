// Content hashes: XXH3-128 as 32 hex digits. For identity of data and configurations, not for security.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace r1::core {

/// XXH3-64 of bytes.
std::uint64_t hash64(std::string_view bytes);
/// XXH3-128 of bytes as 32 lower-case hex digits.
std::string hash_hex(std::string_view bytes);
/// The same of a file's content, streamed.
std::string hash_file(const std::filesystem::path& file);

}  // namespace r1::core
