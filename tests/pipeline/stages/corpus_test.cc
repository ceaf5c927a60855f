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
#include "r1/reward/rule_scorer.h"

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

  void add_general() {
    config_.general.num_documents = 400;
    config_.general.heldout_prompts = 80;
    config_.general.prompts = 100;
    config_.general.sft_documents = 200;
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

TEST_F(CorpusStageTest, WithoutGeneralDataThereAreNoFilesOfIt) {
  run();
  EXPECT_FALSE(fs::exists(run_ / "corpus" / "general_sft.jsonl"));
  EXPECT_EQ(CorpusStage(config_, places_, 3).outputs(),
            (std::vector<std::string>{"corpus.jsonl", "heldout.jsonl", "rl_problems.jsonl", "validation.jsonl"}));
}

TEST_F(CorpusStageTest, ChatIsShuffledAmongTheProblemsAndHeldOutPromptsAreNowhere) {
  run();
  std::vector<std::string> alone;
  for_each_corpus_record(run_ / "corpus" / "corpus.jsonl", [&](const CorpusRecord& r) { alone.push_back(r.text()); });

  add_general();
  const Metrics metrics = run();
  std::vector<std::string> problems;
  std::vector<std::size_t> chat_places;
  std::set<std::string> trained_on;
  std::size_t place = 0;
  for_each_corpus_record(run_ / "corpus" / "corpus.jsonl", [&](const CorpusRecord& r) {
    if (r.style.starts_with("chat_"))
      chat_places.push_back(place);
    else
      problems.push_back(r.text());
    trained_on.insert(r.prompt);
    ++place;
  });
  EXPECT_EQ(problems, alone);  // the problems' documents are the same, in the same order
  EXPECT_EQ(chat_places.size(), 400U - static_cast<std::size_t>(get(metrics, "dropped_documents")));
  EXPECT_LT(chat_places.front(), 10U);
  EXPECT_GT(chat_places.back(), place - 10);

  for_each_corpus_record(run_ / "corpus" / "general_sft.jsonl",
                         [&](const CorpusRecord& r) { trained_on.insert(r.prompt); });
  for (const data::Problem& problem : data::load_problems(run_ / "corpus" / "general_prompts.jsonl").problems)
    trained_on.insert(data::fill_template(prompt_template(config_), problem.prompt));
  const std::vector<data::Problem> held_out = data::load_problems(run_ / "corpus" / "general_heldout.jsonl").problems;
  EXPECT_EQ(held_out.size(), 80U);
  for (const data::Problem& problem : held_out)
    EXPECT_FALSE(trained_on.contains(data::fill_template(prompt_template(config_), problem.prompt))) << problem.prompt;
  EXPECT_EQ(get(metrics, "general_heldout"), 80);
  EXPECT_EQ(get(metrics, "general_prompts") + get(metrics, "general_sft_documents"),
            100 + 200 - get(metrics, "dropped_general"));
  EXPECT_EQ(get(metrics, "contaminated_test_problems"), 0);
  EXPECT_EQ(get(metrics, "contamination/texts_checked"), get(metrics, "documents") + get(metrics, "rl_problems") +
                                                             get(metrics, "general_prompts") +
                                                             get(metrics, "general_sft_documents"));
}

TEST_F(CorpusStageTest, GeneralDocumentsHaveTheirFormsAndShares) {
  add_general();
  config_.general.num_documents = 2000;
  config_.general.sft_documents = 1000;
  config_.general.good_share = 0.3;
  config_.general.sft_good_share = 0.8;
  config_.general.tagged_share = 0.4;
  const Metrics metrics = run();
  const double good = get(metrics, "documents/chat_good");
  EXPECT_NEAR(good / (good + get(metrics, "documents/chat_bad")), 0.3, 0.04);
  double tagged = 0;
  for_each_corpus_record(run_ / "corpus" / "corpus.jsonl", [&](const CorpusRecord& r) {
    if (!r.style.starts_with("chat_")) return;
    EXPECT_EQ(r.completion.find("<think>"), std::string::npos);
    tagged += r.completion.starts_with("<answer>") && r.completion.ends_with("</answer>") ? 1 : 0;
  });
  EXPECT_NEAR(tagged / 2000, 0.4, 0.04);
  double sft_good = 0;
  for_each_corpus_record(run_ / "corpus" / "general_sft.jsonl", [&](const CorpusRecord& r) {
    EXPECT_TRUE(r.completion.starts_with("<think></think><answer>") && r.completion.ends_with("</answer>"));
    EXPECT_THAT(r.prompt, ::testing::StartsWith("User: "));
    sft_good += r.style == "chat_good" ? 1 : 0;
  });
  EXPECT_NEAR(sft_good / 1000, 0.8, 0.04);
}

TEST_F(CorpusStageTest, GeneralPromptsThatHaveARightAnswerVerify) {
  add_general();
  run();
  int checked = 0;
  for (const data::Problem& problem : data::load_problems(run_ / "corpus" / "general_prompts.jsonl").problems) {
    if (problem.verifier != "text") continue;
    reward::RewardInput input;
    input.answer = problem.answer;
    input.verifier = problem.verifier;
    EXPECT_TRUE(reward::check_accuracy(problem.answer, input).correct);
    EXPECT_FALSE(reward::check_accuracy("zorp", input).correct);
    ++checked;
  }
  EXPECT_GT(checked, 30);
}

TEST_F(CorpusStageTest, AHeldOutGeneralPromptInATextIsDropped) {
  add_general();
  run();
  const std::string prompt = data::load_problems(run_ / "corpus" / "general_heldout.jsonl").problems[0].prompt;
  core::write_file_atomic(run_ / "a.txt", "Someone asks: " + prompt + " And more.");
  places_.texts = {(run_ / "a.txt").string()};
  EXPECT_EQ(get(run(), "documents/text"), -1);
}

TEST_F(CorpusStageTest, ProblemsComeFromFiles) {
  config_.kind = "files";
  auto problem = [](const char* prompt, const char* answer, const char* domain) {
    return fmt::format("{{\"domain\":\"{}\",\"prompt\":\"{}\",\"answer\":\"{}\",\"verifier\":\"text\"}}\n", domain,
                       prompt, answer);
  };
  core::write_file_atomic(run_ / "train.jsonl", problem("two and two?", "four", "maths") +
                                                    problem("one and one?", "two", "maths") +  // held out
                                                    problem("two and two?", "four", "maths"));  // twice
  core::write_file_atomic(run_ / "held.jsonl",
                          problem("one and one?", "two", "maths") + problem("who is there?", "me", "general"));
  core::write_file_atomic(run_ / "chat.jsonl",
                          problem("how are you?", "fine", "general") + problem("Who is  there?", "me", "general"));
  core::write_file_atomic(run_ / "a.txt", "A text.");
  places_.problems = {(run_ / "train.jsonl").string()};
  places_.heldout = {(run_ / "held.jsonl").string()};
  places_.general = {(run_ / "chat.jsonl").string()};
  places_.texts = {(run_ / "a.txt").string()};
  const Metrics metrics = run();
  EXPECT_EQ(get(metrics, "rl_problems"), 1);
  EXPECT_EQ(get(metrics, "heldout_problems"), 1);
  EXPECT_EQ(get(metrics, "general_heldout"), 1);
  EXPECT_EQ(get(metrics, "general_prompts"), 1);
  EXPECT_EQ(get(metrics, "documents"), 1);
  EXPECT_EQ(get(metrics, "contaminated_test_problems"), 0);
  EXPECT_EQ(data::load_problems(run_ / "corpus" / "rl_problems.jsonl").problems[0].id, "train-000000");
  for_each_corpus_record(run_ / "corpus" / "general_sft.jsonl", [&](const CorpusRecord& r) {
    EXPECT_EQ(r.text(), "User: how are you?\nAssistant: <think></think><answer>fine</answer>");
  });
  EXPECT_EQ(CorpusStage(config_, places_, 3).outputs().size(), 7U);
  places_.texts.clear();
  EXPECT_EQ(get(run(), "documents"), 0);
}

TEST_F(CorpusStageTest, MistakesAreNamed) {
  const auto why = [&] {
    try {
      CorpusStage(config_, places_, 3).inputs(run_);
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(why(), "");
  config_.general.num_documents = 10;
  config_.general.good_share = 1.5;
  EXPECT_THAT(why(), HasSubstr("corpus.general.good_share is 1.5"));
  config_.general.good_share = 0.5;
  config_.general.chat.kinds = {"advise"};
  EXPECT_THAT(why(), HasSubstr("did you mean \"advice\""));
  config_.general = {};
  places_.problems = {"a.jsonl"};
  EXPECT_THAT(why(), HasSubstr("data.problems"));
  config_.kind = "files";
  EXPECT_THAT(why(), HasSubstr("data.heldout"));
  places_.heldout = {"b.jsonl"};
  EXPECT_EQ(why(), "");
  config_.general.num_documents = 10;
  EXPECT_THAT(why(), HasSubstr("corpus.general.num_documents"));
}

}  // namespace
}  // namespace r1::pipeline
