// The input as a file, for readers that take a path. One folder a process, in the system's folder for temporary files,
// removed at the process's end.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace r1::fuzz {

/// Writes `bytes` as `name` and returns its path; the folder is parent_path(). What an earlier input wrote is replaced.
std::filesystem::path input_file(const std::string& name, std::string_view bytes);

}  // namespace r1::fuzz
