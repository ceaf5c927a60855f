// Every file of the corpus through its target, in builds without libFuzzer: what was once a finding stays none.
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "r1/core/fs.h"
#include "tests/fuzz/targets.h"

namespace r1::fuzz {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus(const char* target) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& file : fs::directory_iterator(fs::path(R1_SOURCE_DIR) / "tests/fuzz/corpus" / target))
    files.push_back(file.path());
  return files;
}

class Replay : public testing::TestWithParam<Target> {};

TEST_P(Replay, ReadsOrRefusesEveryInput) {
  const std::vector<fs::path> files = corpus(GetParam().name);
  EXPECT_GE(files.size(), 3U);
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    EXPECT_NO_THROW(GetParam().run(core::read_file(file)));
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, Replay, testing::ValuesIn(kTargets),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace r1::fuzz
