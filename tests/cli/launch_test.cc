// r1 launch with the built program: two processes fine-tune one model as one would; what one says when the other can't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ATen/ops/linalg_vector_norm.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "r1/core/fs.h"
#include "r1/core/subprocess.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/llama/model.h"
#include "r1/weights/safetensors.h"

namespace r1::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

const fs::path kSource = R1_SOURCE_DIR;
const std::string kProgram = (fs::path(R1_BINARY_DIR) / "r1").string();

class Launch : public ::testing::Test {
 protected:
  Launch() {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "model");
    json config = json::parse(core::read_file(kSource / "tests/golden/llama/llama/config.json"));
    config["vocab_size"] = 560;
    model::Llama model(model::llama_from_hf_json(config.dump(), "config.json"), at::kFloat, 1);
    model::write_hf_files(model, {.bos = 0, .eos = 1, .pad = 2}, folder_ / "model");
    fs::copy_file(kSource / "tests/tokenizer/golden/tokenizer.json", folder_ / "model/tokenizer.json");
    std::string examples;
    for (int i = 0; i < 12; ++i)
      examples +=
          json{{"prompt", std::to_string(i) + " + 1 ="}, {"completion", " " + std::to_string(i + 1)}}.dump() + "\n";
    core::write_file_atomic(folder_ / "examples.jsonl", examples);
  }
  ~Launch() override { fs::remove_all(folder_); }

  static core::SubprocessResult run(std::vector<std::string> words) {
    return core::run_subprocess(words, "", {.wall_seconds = 60, .cpu_seconds = 60, .memory_bytes = 0});
  }
  std::vector<std::string> sft(const std::string& processes, const std::string& out) const {
    return {kProgram,
            "launch",
            "--nproc",
            processes,
            "--",
            "sft",
            path("model"),
            "--data",
            path("examples.jsonl"),
            "--out",
            path(out),
            "--row_length",
            "32",
            "--rows_per_step",
            "3",
            "--epochs",
            "0",
            "--steps",
            "4",
            "--log_every",
            "1",
            "--optimizer.warmup_steps",
            "0"};
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_ = fs::path(::testing::TempDir()) /
                     ("r1_launch_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(Launch, TwoProcessesFineTuneAsOne) {
  for (const char* processes : {"1", "2"}) {
    const core::SubprocessResult done = run(sft(processes, std::string("of_") + processes));
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("4 updates"));
    EXPECT_EQ(done.out.find("updates"), done.out.rfind("updates"));  // rank 0 alone speaks
  }
  EXPECT_FALSE(fs::exists(path("of_2.r1_state")));
  const weights::SafetensorsReader start(folder_ / "model"), one(folder_ / "of_1"), two(folder_ / "of_2");
  double moved = 0.0, apart = 0.0;
  for (const std::string& name : one.names()) {
    moved += at::linalg_vector_norm(one.load(name) - start.load(name)).item<double>();
    apart += at::linalg_vector_norm(one.load(name) - two.load(name)).item<double>();
  }
  EXPECT_LT(apart, 1e-3 * moved);
  std::vector<double> losses[2];
  for (const int which : {0, 1}) {
    std::istringstream lines(core::read_file(folder_ / (which == 0 ? "of_1" : "of_2") / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) losses[which].push_back(json::parse(line).at("loss"));
  }
  EXPECT_THAT(losses[1], ::testing::Pointwise(::testing::DoubleNear(1e-5), losses[0]));
}

TEST_F(Launch, FailureOfOneIsTheFailureOfAll) {
  std::vector<std::string> words = sft("2", "out");
  words[8] = path("none.jsonl");
  const core::SubprocessResult done = run(words);
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("none.jsonl"));
  EXPECT_EQ(run({kProgram, "launch", "--nproc", "0", "--", "sft"}).exit_code, 2);
}

TEST_F(Launch, VerbsForOneProcessSaySo) {
  const core::SubprocessResult done = run({kProgram, "launch", "--nproc", "2", "--", "inspect", path("model")});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("r1 inspect runs in one process, and WORLD_SIZE is 2"));
  const core::SubprocessResult half = run({"env", "WORLD_SIZE=2", kProgram, "sft", path("model")});
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_THAT(half.err, HasSubstr("RANK is not set"));
}

}  // namespace
}  // namespace r1::cli
