// Files: whole reads, atomic writes (temporary name in the same folder, fsync, rename, fsync of the folder), so that
// nothing half-written is ever left under a final name. Every failure is a UserError that names the path and the
// system's reason; what a failed write has left behind is removed first. Missing parent folders are made. One writer a
// path at a time.
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

/// Writes `bytes` under a temporary name (`<file>.partial`), fsyncs and renames.
void write_file_atomic(const std::filesystem::path& file, std::string_view bytes);

/// Builds a directory under a temporary name (`<directory>.partial`, emptied first), fsyncs its files and renames it
/// onto `directory`, replacing what was there. `fill` gets the temporary path.
void write_directory_atomic(const std::filesystem::path& directory,
                            const std::function<void(const std::filesystem::path&)>& fill);

/// When bytes must be on the disk: before the call returns, or whenever the system writes them (then a killed process
/// loses nothing, a machine without power may). An fsync costs milliseconds.
enum class Sync { Now, Later };

/// Appends to a file (made when missing). When it fails, the file is cut back to the length it had.
void append_file(const std::filesystem::path& file, std::string_view bytes, Sync sync = Sync::Now);
/// Cuts a file back to a known length (resume) and fsyncs. UserError when it is missing or shorter than `size`.
void truncate_file(const std::filesystem::path& file, std::uint64_t size);

}  // namespace r1::core
