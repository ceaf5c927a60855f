// (input_file.h)
#include "tests/fuzz/input_file.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "r1/core/error.h"

namespace r1::fuzz {

namespace {

namespace fs = std::filesystem;

/// A folder that goes when the process ends.
struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "r1_fuzz_XXXXXX").string();
    R1_CHECK(mkdtemp(pattern.data()) != nullptr, "can't make a folder {}", pattern);
    path = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

}  // namespace

fs::path input_file(const std::string& name, std::string_view bytes) {
  static const Folder folder;
  fs::path file = folder.path / name;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  R1_CHECK(out.flush().good(), "can't write {}", file.string());
  return file;
}

}  // namespace r1::fuzz
