// --set items (paths, list indices, order, mistakes) and the help text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/config.h"
#include "r1/core/error.h"
#include "tests/core/config_sample.h"

namespace r1::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Recipe load(const std::string& yaml, const std::vector<std::string>& sets) {
  Recipe recipe;
  load_config_text(yaml, "x.yaml", sets, recipe);
  return recipe;
}

std::string message_of(const std::string& set) {
  try {
    load("", {set});
  } catch (const UserError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(ConfigSet, OverridesTheFileAndTheLaterItemWins) {
  const Recipe recipe = load("pretrain: {steps: 1, lr: 2}", {"pretrain.steps=5", "name=a=b", "pretrain.steps=6"});
  EXPECT_EQ(recipe.pretrain.steps, 6);
  EXPECT_EQ(recipe.pretrain.lr, 2.0);
  EXPECT_EQ(recipe.name, "a=b");
}

TEST(ConfigSet, ValuesAreYaml) {
  const Recipe recipe =
      load("", {"pretrain.betas=[0.5]", "pretrain.files=[a, 'b c']", "pretrain.optimizer={name: muon}", "name=\"\""});
  EXPECT_THAT(recipe.pretrain.betas, ElementsAre(0.5));
  EXPECT_THAT(recipe.pretrain.files, ElementsAre("a", "b c"));
  EXPECT_EQ(recipe.pretrain.optimizer.name, "muon");
  EXPECT_EQ(recipe.pretrain.optimizer.weight_decay, 0.1);
  EXPECT_EQ(recipe.name, "");
}

TEST(ConfigSet, ReachesItemsOfListsByIndex) {
  const Recipe recipe =
      load("tasks: [{name: a}, {name: b}, {name: c}]", {"tasks.2.weight=9", "tasks.0.name=z", "pretrain.betas.1=0.95"});
  ASSERT_EQ(recipe.tasks.size(), 3u);
  EXPECT_EQ(recipe.tasks[0].name, "z");
  EXPECT_EQ(recipe.tasks[1].name, "b");
  EXPECT_EQ(recipe.tasks[2].weight, 9.0);
  EXPECT_EQ(recipe.tasks[2].name, "c");
  EXPECT_THAT(recipe.pretrain.betas, ElementsAre(0.9, 0.95));
}

TEST(ConfigSet, AWholeListReplacesTheOldOne) {
  const Recipe recipe = load("", {"tasks=[{weight: 4}]"});
  ASSERT_EQ(recipe.tasks.size(), 1u);
  EXPECT_EQ(recipe.tasks[0].name, "task");
}

TEST(ConfigSet, MistakesNameTheItem) {
  EXPECT_EQ(message_of("pretrain.stepz=5"),
            "--set pretrain.stepz=5: unknown key 'pretrain.stepz'; did you mean 'pretrain.steps'?");
  EXPECT_EQ(message_of("pretrain.steps=x"), "--set pretrain.steps=x: 'pretrain.steps' must be an integer, but is 'x'");
  EXPECT_EQ(message_of("pretrain.steps"), "--set pretrain.steps: write it as path.to.key=value");
  EXPECT_EQ(message_of("=5"), "--set =5: write it as path.to.key=value");
  EXPECT_THAT(message_of("pretrain..steps=5"), HasSubstr("the path has an empty part"));
  EXPECT_THAT(message_of("pretrain.steps.x=5"), HasSubstr("'pretrain.steps' must be an integer, but is a mapping"));
  EXPECT_THAT(message_of("pretrain=5"), HasSubstr("'pretrain' must be a mapping of keys to values"));
  EXPECT_EQ(message_of("tasks.2.name=a"), "--set tasks.2.name=a: list 'tasks' has 2 items, there is no index 2");
  EXPECT_THAT(message_of("tasks.name=a"), HasSubstr("'tasks' is a list; name an item by its index, e.g. tasks.0"));
  EXPECT_THAT(message_of("tasks.00.name=a"), HasSubstr("name an item by its index"));
  EXPECT_THAT(message_of("tasks.1.nam=a"), HasSubstr("unknown key 'tasks.1.nam'; did you mean 'tasks.1.name'?"));
  EXPECT_THAT(message_of("pretrain.betas.5=0.1"), HasSubstr("list 'pretrain.betas' has 2 items, there is no index 5"));
  EXPECT_THAT(message_of("pretrain.betas.0=x"), HasSubstr("'pretrain.betas.0' must be a number"));
  EXPECT_THAT(message_of("name=[a"), HasSubstr("--set name=[a: not valid YAML"));
}

TEST(ConfigHelp, ListsPathTypeDefaultAndMeaning) {
  const std::string help = config_help(Recipe{});
  for (const char* left : {"name  <string> = demo ", "pretrain.steps  <int> = 100 ", "pretrain.lr  <float> = 0.001 ",
                           "pretrain.resume  <bool> = false ", "pretrain.betas  <list of float> = [0.9, 0.999] ",
                           "pretrain.files  <list of string> = [] ", "pretrain.optimizer.weight_decay  <float> = 0.1 ",
                           "tasks  <list> = 2 items ", "tasks.0.name  <string> = sums "}) {
    EXPECT_THAT("\n" + help, HasSubstr(std::string("\n") + left));
  }
  EXPECT_THAT(help, HasSubstr("   optimizer updates\n"));
  EXPECT_THAT(config_help(Pretrain{}, "pretrain"), HasSubstr("pretrain.optimizer.name  <string> = adamw "));
}

TEST(ConfigHelp, ShowsTheFieldsOfItemsOfAnEmptyList) {
  Recipe recipe;
  recipe.tasks.clear();
  EXPECT_THAT(config_help(recipe), HasSubstr("tasks.0.weight  <float> = 1.0 "));
}

}  // namespace
}  // namespace r1::core
