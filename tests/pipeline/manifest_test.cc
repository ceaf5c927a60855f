// manifest.json: round trip, and every way in which a stage's directory can differ from what its stage wrote.
#include "r1/pipeline/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ManifestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() /
                 (std::string("r1_manifest_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(directory_);
    core::write_file_atomic(directory_ / "a.txt", "alpha");
    core::write_file_atomic(directory_ / "model" / "b.bin", "beta");
    manifest_ = {.stage = "corpus",
                 .recipe = "tiny",
                 .config = "seed: 1\n",
                 .config_hash = "h",
                 .inputs = {{"countdown/test_500.jsonl", "123"}},
                 .outputs = record_outputs(directory_, {"a.txt", "model"}),
                 .metrics = {{"documents", 12}, {"bytes_per_token", 2.5}},
                 .seconds = 1.25,
                 .code_version = "0.1.0"};
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string message_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const UserError& e) {
      return e.what();
    }
    return "nothing thrown";
  }

  fs::path directory_;
  Manifest manifest_;
};

TEST_F(ManifestTest, RoundTrip) {
  write_manifest(directory_, manifest_);
  const Manifest read = read_manifest(directory_).value();
  EXPECT_EQ(read.stage, "corpus");
  EXPECT_EQ(read.recipe, "tiny");
  EXPECT_EQ(read.config, "seed: 1\n");
  EXPECT_EQ(read.config_hash, "h");
  EXPECT_EQ(read.inputs, manifest_.inputs);
  EXPECT_EQ(read.outputs, manifest_.outputs);
  EXPECT_EQ(read.metrics, manifest_.metrics);
  EXPECT_EQ(read.seconds, 1.25);
  EXPECT_EQ(read.code_version, "0.1.0");
}

TEST_F(ManifestTest, FiguresOfNothingSurvive) {
  manifest_.metrics = {{"of_nothing", std::nan("")}, {"of_something", 2}};
  write_manifest(directory_, manifest_);
  const Manifest read = read_manifest(directory_).value();
  ASSERT_EQ(read.metrics.size(), 2U);
  EXPECT_TRUE(std::isnan(read.metrics[0].second));
  EXPECT_EQ(read.metrics[1].second, 2);
}

TEST_F(ManifestTest, OutputsAreRecordedFileByFileInOrder) {
  ASSERT_EQ(manifest_.outputs.size(), 2U);
  EXPECT_EQ(manifest_.outputs[0].path, "a.txt");
  EXPECT_EQ(manifest_.outputs[0].bytes, 5U);
  EXPECT_EQ(manifest_.outputs[1].path, "model/b.bin");
  EXPECT_EQ(manifest_.outputs[1].hash, hash_path(directory_ / "model" / "b.bin"));
}

TEST_F(ManifestTest, NoneWithoutAFile) { EXPECT_FALSE(read_manifest(directory_).has_value()); }

TEST_F(ManifestTest, AnEditIsDetected) {
  write_manifest(directory_, manifest_);
  std::string text = core::read_file(directory_ / kManifestFile);
  text.replace(text.find("1.25"), 4, "0.25");
  core::write_file_atomic(directory_ / kManifestFile, text);
  EXPECT_THAT(message_of([&] { read_manifest(directory_); }), HasSubstr("was edited"));
}

TEST_F(ManifestTest, OtherFormatsAndOtherFilesAreRefused) {
  core::write_file_atomic(directory_ / kManifestFile, R"({"format": 7})");
  EXPECT_THAT(message_of([&] { read_manifest(directory_); }), HasSubstr("format 7 is not 1"));
  core::write_file_atomic(directory_ / kManifestFile, "[]");
  EXPECT_THAT(message_of([&] { read_manifest(directory_); }), HasSubstr("is no manifest"));
}

TEST_F(ManifestTest, ChangedOutputsAreNamedAndMissingOnesToldApart) {
  EXPECT_EQ(check_outputs(directory_, manifest_), OutputState::Intact);
  core::write_file_atomic(directory_ / "model" / "b.bin", "bets");
  EXPECT_THAT(message_of([&] { check_outputs(directory_, manifest_); }), HasSubstr("model/b.bin: was changed"));
  fs::remove(directory_ / "model" / "b.bin");
  EXPECT_EQ(check_outputs(directory_, manifest_), OutputState::Missing);
}

TEST_F(ManifestTest, FolderHashSeesContentsAndNames) {
  const std::string before = hash_path(directory_ / "model");
  fs::rename(directory_ / "model" / "b.bin", directory_ / "model" / "c.bin");
  const std::string renamed = hash_path(directory_ / "model");
  EXPECT_NE(before, renamed);
  core::write_file_atomic(directory_ / "model" / "c.bin", "gamma");
  EXPECT_NE(renamed, hash_path(directory_ / "model"));
}

TEST_F(ManifestTest, AnUnwrittenOutputIsABug) {
  EXPECT_THROW(record_outputs(directory_, {"a.txt", "missing.txt"}), Error);
}

}  // namespace
}  // namespace r1::pipeline
