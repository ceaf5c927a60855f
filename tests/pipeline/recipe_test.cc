// Recipes: the ones in recipes/ load, mistakes are one clear line, what is written can be read back.
#include "r1/pipeline/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path kRecipes = fs::path(R1_SOURCE_DIR) / "recipes";
const fs::path kTiny = fs::path(R1_SOURCE_DIR) / "tests" / "e2e" / "tiny.yaml";

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& e) {
    return e.what();
  }
  return "nothing thrown";
}

TEST(Recipe, TheRecipesOfTheRepositoryLoad) {
  for (const char* name :
       {"zero_mini", "zero_mini_control", "countdown", "r1_mini", "r1_smollm2", "r1_qwen2.5-1.5b", "r1_671b"}) {
    const Recipe recipe = load_recipe(kRecipes / (std::string(name) + ".yaml"), {});
    EXPECT_EQ(recipe.name, name);
  }
}

TEST(Recipe, TheControlDiffersInItsRewardsAlone) {
  Recipe main = load_recipe(kRecipes / "zero_mini.yaml", {});
  const Recipe control = load_recipe(kRecipes / "zero_mini_control.yaml", {});
  EXPECT_FALSE(main.zero.shuffle_rewards);
  main.zero.shuffle_rewards = true;
  main.name = control.name;
  main.report = control.report;
  EXPECT_EQ(core::dump_config(main), core::dump_config(control));
}

TEST(Recipe, WhatIsWrittenReadsBack) {
  const Recipe recipe = load_recipe(kTiny, {"zero.steps=3", "corpus.generated.levels=[1]"});
  Recipe back;
  core::load_config_text(core::dump_config(recipe), "dump", {}, back);
  EXPECT_EQ(back.zero.steps, 3);
  EXPECT_THAT(back.corpus.generated.levels, ElementsAre(1));
  EXPECT_EQ(core::dump_config(back), core::dump_config(recipe));
}

TEST(Recipe, MistakesAreNamed) {
  EXPECT_THAT(error_of([] { load_recipe(kTiny, {"zero.step=3"}); }), AllOf(HasSubstr("zero.step"), HasSubstr("steps")));
  EXPECT_THAT(error_of([] { load_recipe("/nonexistent.yaml", {}); }), HasSubstr("/nonexistent.yaml"));
  EXPECT_THAT(error_of([] { load_recipe(kTiny, {"name=a/b"}); }), HasSubstr("a/b"));
  EXPECT_THAT(error_of([] { load_recipe(kTiny, {"seed=-1"}); }), HasSubstr("seed"));
  EXPECT_THAT(error_of([] { load_recipe(kTiny, {"report.targets=[\"second >= 1\"]"}); }), HasSubstr("seconds"));
}

TEST(Recipe, WhatDoesNotFitTogetherIsSaidAtTheStart) {
  auto check = [](const std::string& set) { return error_of([&] { load_recipe(kTiny, {set}); }); };
  EXPECT_THAT(check("model.num_experts_per_tok=9"), HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(check("model.vocab_size=256"), HasSubstr("model.vocab_size: 256 is less than tokenizer.vocab_size 320"));
  EXPECT_THAT(check("pretrain.row_length=512"), HasSubstr("pretrain.row_length: 512"));
  EXPECT_THAT(check("zero.sampling.max_new_tokens=160"), HasSubstr("zero: max_new_tokens 160"));
  EXPECT_THAT(check("eval.engine.max_tokens=300"), HasSubstr("model.max_position_embeddings 256"));
  EXPECT_THAT(check("eval.greedy.samples_per_problem=2"), HasSubstr("eval.greedy.samples_per_problem"));
  EXPECT_THAT(check("tokenizer.special_tokens=[\"<|bos|>\"]"), HasSubstr("<|eos|>"));
}

TEST(Recipe, StagesCheckTheirPartBeforeAnythingRuns) {
  auto check = [](const std::vector<std::string>& sets) {
    return error_of([&] { check_outside_inputs(make_stages(load_recipe(kTiny, sets)), "/nonexistent"); });
  };
  EXPECT_EQ(check({}), "nothing thrown");
  EXPECT_THAT(check({"corpus.kind=gsm"}), HasSubstr("corpus.kind"));
  EXPECT_THAT(check({"corpus.generated.families=[chain_sums]"}), HasSubstr("chain_sum"));
  EXPECT_THAT(check({"corpus.kind=countdown"}), HasSubstr("--set data.countdown="));
  EXPECT_THAT(check({"corpus.kind=countdown", "data.countdown=/nonexistent"}),
              HasSubstr("/nonexistent/test_500.jsonl"));
  EXPECT_THAT(check({"data.texts=[/nonexistent.txt]"}), HasSubstr("/nonexistent.txt"));
}

TEST(Recipe, SixStagesInOrderEachDecidedByItsOwnPart) {
  auto configs = [](const std::vector<std::string>& sets) {
    std::vector<std::string> out;
    for (const auto& stage : make_stages(load_recipe(kTiny, sets)))
      out.push_back(stage->name() + "\n" + stage->config());
    return out;
  };
  auto changed = [&](const std::string& set) {
    const auto before = configs({}), after = configs({set});
    std::vector<std::string> names;
    for (std::size_t i = 0; i < before.size(); ++i)
      if (before[i] != after[i]) names.push_back(before[i].substr(0, before[i].find('\n')));
    return names;
  };
  ASSERT_EQ(configs({}).size(), 6U);
  EXPECT_THAT(changed("corpus.generated.num_documents=5"), ElementsAre("corpus"));
  EXPECT_THAT(changed("tokenizer.vocab_size=300"), ElementsAre("tokenizer"));
  EXPECT_THAT(changed("model.hidden_size=48"), ElementsAre("pretrain"));
  EXPECT_THAT(changed("pretrain.steps=2"), ElementsAre("pretrain"));
  EXPECT_THAT(changed("zero.clip_high=0.3"), ElementsAre("zero"));
  EXPECT_THAT(changed("reward.rules.format_weight=0.5"), ElementsAre("zero", "eval"));
  EXPECT_THAT(changed("eval.page_samples=2"), ElementsAre("eval"));
  EXPECT_THAT(changed("report.title=x"), ElementsAre("report"));
  EXPECT_THAT(changed("seed=8"), ElementsAre("corpus", "pretrain", "zero", "eval"));
  EXPECT_THAT(changed("data.countdown=/somewhere"), ElementsAre());
}

}  // namespace
}  // namespace r1::pipeline
