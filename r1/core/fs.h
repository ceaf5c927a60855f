// Files: whole reads, atomic writes (temporary name in the same folder, fsync, rename, fsync of the folder), so that nothing
// half-written is ever left under a final name. Every failure is a UserError that names the path and the system's reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace r1::core {

/// The whole file; UserError when it is missing or unreadable.
std::string read_file(const std::filesystem::path& file);

/// Writes `bytes` under a temporary name, fsyncs and renames.
void write_file_atomic(const std::filesystem::path& file, std::string_view bytes);

/// Builds a directory under a temporary name (`<directory>.partial`, emptied first), fsyncs its files and renames it onto
/// `directory`, replacing what was there. `fill` gets the temporary path.
void write_directory_atomic(const std::filesystem::path& directory, const std::function<void(const std::filesystem::path&)>& fill);

/// Appends to a file, cutting it back to a known length first (resume).
void append_file(const std::filesystem::path& file, std::string_view bytes);
void truncate_file(const std::filesystem::path& file, std::uint64_t size);

}  // namespace r1::core
