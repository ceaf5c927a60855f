// Stage corpus: what it writes, that held-out problems stay out, and that it says so from the files themselves.
#include "r1/pipeline/stages/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/stages/corpus_file.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CorpusStageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_corpus_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    config_.generated.families = {"chain_sum"};
    config_.generated.levels = {1};
    config_.generated.num_documents = 150;
    config_.heldout_problems = 20;
    config_.validation_problems = 5;
    config_.rl_problems = 30;
  }
  void TearDown() override { fs::remove_all(run_); }

  Metrics run(std::int64_t seed = 3) {
    const CorpusStage stage(config_, places_, seed);
    stage.inputs(run_);  // checks the configuration
    return stage.run({.run = run_, .directory = run_ / "corpus"});
  }
  static double get(const Metrics& metrics, const std::string& name) {
    for (const auto& [key, value] : metrics)
      if (key == name) return value;
    return -1;
  }
  std::set<std::string> hashes(const char* file) {
    std::set<std::string> out;
    for (const data::Problem& problem : data::load_problems(run_ / "corpus" / file).problems)
      out.insert(data::content_hash(problem));
    return out;
  }
  /// A folder with the three files of the countdown data set, a few rows each.
  fs::path small_countdown() {
    const fs::path folder = run_ / "data";
    auto row = [](const char* id, const char* numbers, int target, const char* gold) {
      return fmt::format("{{\"id\":\"{}\",\"numbers\":{},\"target\":{},\"gold_expr\":\"{}\",\"prompt\":\"p {}\"}}\n",
                         id, numbers, target, gold, id);
    };
    core::write_file_atomic(folder / "test_500.jsonl",
                            row("t1", "[3,4,5]", 12, "3+4+5") + row("t2", "[79,17,60]", 36, "79+(17-60)"));
    core::write_file_atomic(folder / "val_200.jsonl", row("v1", "[1,2,30]", 33, "1+2+30"));
    core::write_file_atomic(folder / "sft_train_2k.jsonl",  // the first is t1 in another order
                            row("s1", "[5,3,4]", 12, "5+3+4") + row("s2", "[7,8,20]", 35, "7+8+20"));
    return folder;
  }

  fs::path run_;
  CorpusStageConfig config_;
  DataPlaces places_;
};

TEST_F(CorpusStageTest, WritesDocumentsAndDisjointProblems) {
  const Metrics metrics = run();
  EXPECT_EQ(get(metrics, "heldout_problems"), 20);
  EXPECT_EQ(get(metrics, "validation_problems"), 5);
  EXPECT_EQ(get(metrics, "rl_problems"), 30);
  EXPECT_EQ(get(metrics, "documents") + get(metrics, "dropped_documents"), 150);
  EXPECT_EQ(get(metrics, "contaminated_test_problems"), 0);
  EXPECT_EQ(get(metrics, "contamination/texts_checked"), get(metrics, "documents") + 30);
  const std::set<std::string> held_out = hashes("heldout.jsonl");
  EXPECT_EQ(held_out.size(), 20U);
  for (const char* file : {"rl_problems.jsonl", "validation.jsonl"})
    for (const std::string& hash : hashes(file)) EXPECT_FALSE(held_out.contains(hash)) << file;
}

TEST_F(CorpusStageTest, SameSeedSameBytesOtherSeedOthers) {
  run();
  const std::string first = core::read_file(run_ / "corpus" / "corpus.jsonl");
  run();
  EXPECT_EQ(core::read_file(run_ / "corpus" / "corpus.jsonl"), first);
  run(4);
  EXPECT_NE(core::read_file(run_ / "corpus" / "corpus.jsonl"), first);
}

TEST_F(CorpusStageTest, TextsAreMixedInButNotWithAHeldOutPrompt) {
  run();
  const std::string prompt = data::load_problems(run_ / "corpus" / "heldout.jsonl").problems[0].prompt;
  core::write_file_atomic(run_ / "a.txt", "A clean text.\n==\nIt asks: " + prompt + " and more\n==\nAnother.");
  places_.texts = {(run_ / "a.txt").string()};
  config_.reader.separator = "==";
  const Metrics metrics = run();
  EXPECT_EQ(get(metrics, "documents/text"), 2);
  std::vector<std::string> texts;
  for_each_corpus_record(run_ / "corpus" / "corpus.jsonl", [&](const CorpusRecord& record) {
    if (record.style == "text") texts.push_back(record.text());
  });
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_THAT(texts[0], HasSubstr("A clean text."));
}

TEST_F(CorpusStageTest, CountdownTestsAreItsHeldOutProblems) {
  config_.kind = "countdown";
  config_.countdown.num_documents = 40;
  config_.rl_problems = 10;
  places_.countdown = small_countdown().string();
  const Metrics metrics = run();
  EXPECT_EQ(get(metrics, "heldout_problems"), 2);
  EXPECT_EQ(get(metrics, "validation_problems"), 1);
  EXPECT_EQ(get(metrics, "rl_problems"), 11);  // s1 is a test problem in another order
  EXPECT_EQ(get(metrics, "contaminated_test_problems"), 0);
  EXPECT_EQ(data::load_problems(run_ / "corpus" / "heldout.jsonl").problems[1].prompt, "79 17 60=36");
}

TEST_F(CorpusStageTest, ABrokenLineIsNamedOrCounted) {
  config_.kind = "countdown";
  config_.countdown.num_documents = 10;
  config_.rl_problems = 5;
  places_.countdown = small_countdown().string();
  core::append_file(run_ / "data" / "sft_train_2k.jsonl", "{\"id\": \n");
  try {
    run();
    FAIL();
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("sft_train_2k.jsonl:3"));
  }
  config_.reader.on_bad_line = "skip";
  EXPECT_EQ(get(run(), "bad_lines"), 1);
}

}  // namespace
}  // namespace r1::pipeline
