// Loading YAML into structs: values, defaults, lists, dump and back, and the one line that every kind of mistake gets.
#include "r1/core/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "r1/core/error.h"
#include "tests/core/config_sample.h"

namespace r1::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Recipe load(const std::string& yaml) {
  Recipe recipe;
  load_config_text(yaml, "x.yaml", {}, recipe);
  return recipe;
}

std::string message_of(const std::string& yaml) {
  try {
    load(yaml);
  } catch (const UserError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Config, TakesWhatTheFileSaysAndKeepsTheOtherDefaults) {
  const Recipe recipe = load(R"(
name: zero mini
pretrain:
  steps: 300
  lr: 3e-4
  resume: true
  betas: [0.9, 0.95]
  files: [a.txt, "b c.txt"]
  layers: [1, -2]
)");
  EXPECT_EQ(recipe.name, "zero mini");
  EXPECT_EQ(recipe.pretrain.steps, 300);
  EXPECT_EQ(recipe.pretrain.lr, 3e-4);
  EXPECT_TRUE(recipe.pretrain.resume);
  EXPECT_THAT(recipe.pretrain.betas, ElementsAre(0.9, 0.95));
  EXPECT_THAT(recipe.pretrain.files, ElementsAre("a.txt", "b c.txt"));
  EXPECT_THAT(recipe.pretrain.layers, ElementsAre(1, -2));
  EXPECT_EQ(recipe.pretrain.optimizer.name, "adamw");
  EXPECT_EQ(recipe.tasks.size(), 2u);
}

TEST(Config, AnEmptyFileOrAnEmptySectionMeansDefaults) {
  for (const char* yaml : {"", "# nothing\n", "---\n", "pretrain:\n", "pretrain: {}\n", "pretrain:\n  # steps: 3\n"}) {
    EXPECT_EQ(dump_config(load(yaml)), dump_config(Recipe{})) << yaml;
  }
}

TEST(Config, AListOfStructsReplacesTheDefaultOne) {
  const Recipe recipe = load("tasks:\n  - weight: 3\n  - {name: units, weight: 0.5}\n  - {}\n");
  ASSERT_EQ(recipe.tasks.size(), 3u);
  EXPECT_EQ(recipe.tasks[0].name, "task");  // Task's own default, not that of the default list's first item
  EXPECT_EQ(recipe.tasks[0].weight, 3.0);
  EXPECT_EQ(recipe.tasks[1].name, "units");
  EXPECT_EQ(recipe.tasks[2].weight, 1.0);
  EXPECT_TRUE(load("tasks: []").tasks.empty());
}

TEST(Config, AnchorsWork) {
  const Recipe recipe = load("tasks:\n  - &base {name: a, weight: 4}\n  - *base\n");
  ASSERT_EQ(recipe.tasks.size(), 2u);
  EXPECT_EQ(recipe.tasks[1].weight, 4.0);
}

TEST(Config, MergeKeysCopyWhatAMappingDoesNotSayItself) {
  const Recipe recipe =
      load("tasks:\n  - &base {name: a, weight: 4}\n  - {<<: *base, name: b}\n  - {name: c, <<: [*base]}\n");
  ASSERT_EQ(recipe.tasks.size(), 3u);
  EXPECT_EQ(recipe.tasks[1].name, "b");
  EXPECT_EQ(recipe.tasks[1].weight, 4.0);
  EXPECT_EQ(recipe.tasks[2].name, "c");
  EXPECT_EQ(recipe.tasks[2].weight, 4.0);
  EXPECT_EQ(message_of("pretrain:\n  <<: 5\n"), "x.yaml:2: << takes a mapping (<<: *anchor) or a list of them");
  EXPECT_THAT(message_of("pretrain: &p {stepz: 1}\ntasks:\n  - <<: *p\n"), HasSubstr("x.yaml:1: unknown key"));
}

TEST(Config, ASetOverAnAliasChangesThatPlaceAlone) {
  Recipe recipe;
  load_config_text("tasks:\n  - &base {name: a, weight: 4}\n  - *base\n", "x.yaml", {"tasks.1.weight=5"}, recipe);
  EXPECT_EQ(recipe.tasks[0].weight, 4.0);
  EXPECT_EQ(recipe.tasks[1].weight, 5.0);
}

TEST(Config, ReadsTheFormsOfNumbersAndStrings) {
  EXPECT_EQ(load("pretrain: {lr: 1}").pretrain.lr, 1.0);
  EXPECT_EQ(load("pretrain: {lr: .inf}").pretrain.lr, HUGE_VAL);
  EXPECT_EQ(load("pretrain: {lr: -.inf}").pretrain.lr, -HUGE_VAL);
  EXPECT_TRUE(std::isnan(load("pretrain: {lr: .nan}").pretrain.lr));
  EXPECT_EQ(load("pretrain: {steps: -9223372036854775808}").pretrain.steps, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(load("name: 007").name, "007");
  EXPECT_EQ(load("name: true").name, "true");
  EXPECT_EQ(load("name: ''").name, "");
  EXPECT_EQ(load("name: 'null'").name, "null");
  EXPECT_EQ(load("name: |\n  two\n  lines\n").name, "two\nlines\n");
}

TEST(Config, AnUnknownKeyGetsFileLineAndTheNearestKey) {
  EXPECT_EQ(message_of("name: a\npretrain:\n  lr: 1\n  stepz: 5\n"),
            "x.yaml:4: unknown key 'pretrain.stepz'; did you mean 'pretrain.steps'?");
  EXPECT_EQ(message_of("nmae: a\n"), "x.yaml:1: unknown key 'nmae'; did you mean 'name'?");
  EXPECT_EQ(message_of("tasks:\n  - name: a\n  - wieght: 2\n"),
            "x.yaml:3: unknown key 'tasks.1.wieght'; did you mean 'tasks.1.weight'?");
  EXPECT_EQ(message_of("steps: 5\n"), "x.yaml:1: unknown key 'steps'; did you mean 'pretrain.steps'?");
  EXPECT_EQ(message_of("pretrain:\n  optimizer:\n    qqqqqqqq: 1\n"),
            "x.yaml:3: unknown key 'pretrain.optimizer.qqqqqqqq'; the keys here are: name, weight_decay");
  EXPECT_THAT(message_of("zeta: 1\nstepz: 2\n"), HasSubstr("x.yaml:1: unknown key 'zeta'"));
}

TEST(Config, AWrongTypeSaysWhatWasExpectedAndWhatIsThere) {
  EXPECT_EQ(message_of("pretrain:\n  steps: many\n"), "x.yaml:2: 'pretrain.steps' must be an integer, but is 'many'");
  EXPECT_EQ(message_of("pretrain: {steps: 1.5}"), "x.yaml:1: 'pretrain.steps' must be an integer, but is '1.5'");
  EXPECT_EQ(message_of("pretrain: {steps: \"5\"}"), "x.yaml:1: 'pretrain.steps' must be an integer, but is \"5\"");
  EXPECT_THAT(message_of("pretrain: {steps: 9223372036854775808}"), HasSubstr("must be an integer"));
  EXPECT_THAT(message_of("pretrain: {steps: [5]}"), HasSubstr("must be an integer, but is a list"));
  EXPECT_THAT(message_of("pretrain: {steps: }"), HasSubstr("must be an integer, but is empty"));
  for (const char* lr : {"fast", "inf", "nan", "1e", "0x1p3", "1e999", "1,5"}) {
    EXPECT_THAT(message_of(fmt::format("pretrain:\n  lr: {}", lr)),
                HasSubstr("x.yaml:2: 'pretrain.lr' must be a number"))
        << lr;
  }
  EXPECT_THAT(message_of("pretrain: {resume: yes}"), HasSubstr("must be true or false, but is 'yes'"));
  EXPECT_THAT(message_of("name:\n"), HasSubstr("'name' must be a string (\"\" for an empty one), but is empty"));
  EXPECT_THAT(message_of("name: {a: 1}"),
              HasSubstr("'name' must be a string (\"\" for an empty one), but is a mapping"));
  EXPECT_THAT(message_of("pretrain: 5"), HasSubstr("'pretrain' must be a mapping of keys to values, but is '5'"));
  EXPECT_THAT(message_of("- a"), HasSubstr("'the configuration' must be a mapping"));
  EXPECT_THAT(message_of("pretrain: {betas: 0.9}"),
              HasSubstr("'pretrain.betas' must be a list ([] for an empty one), but is '0.9'"));
  EXPECT_EQ(message_of("pretrain:\n  betas:\n    - 0.9\n    - x\n"),
            "x.yaml:4: 'pretrain.betas.1' must be a number, but is 'x'");
  EXPECT_THAT(message_of("tasks: {name: a}"),
              HasSubstr("'tasks' must be a list ([] for an empty one), but is a mapping"));
  EXPECT_THAT(message_of("tasks: [5]"), HasSubstr("'tasks.0' must be a mapping"));
}

TEST(Config, ADuplicateKeyIsAnError) {
  EXPECT_EQ(message_of("pretrain:\n  steps: 1\n  lr: 2\n  steps: 3\n"),
            "x.yaml:4: key 'steps' stands here again (first at x.yaml:2); keep one of the two");
}

TEST(Config, BrokenYamlNamesItsLine) {
  EXPECT_THAT(message_of("name: a\npretrain: [1, 2\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(message_of("name: a\n  steps: 1\n"), HasSubstr("x.yaml:2: not valid YAML"));
  EXPECT_THAT(message_of("name: a\n---\nname: b\n"), HasSubstr("x.yaml:3: a second YAML document"));
  EXPECT_THAT(message_of("? [a, b]\n: 1\n"), HasSubstr("a key must be a plain word"));
  EXPECT_THAT(message_of("pretrain: &a [*a]\n"), HasSubstr("x.yaml:1: "));
}

TEST(Config, AMissingFileIsTheUsersMistake) {
  Recipe recipe;
  EXPECT_THROW(load_config("/no/such/recipe.yaml", {}, recipe), UserError);
}

TEST(Config, TheDumpReadsBackToTheSameValues) {
  Recipe recipe;
  recipe.name = "tab\there \"quoted\" \\ : # 汉字 \x01 end ";
  recipe.pretrain.lr = 0.1 + 0.2;
  recipe.pretrain.steps = std::numeric_limits<std::int64_t>::max();
  recipe.pretrain.betas = {1.0, -0.0, 1e300, 5e-324, 1e22, HUGE_VAL, -HUGE_VAL, 123456789.0};
  recipe.pretrain.files = {
      "", "true", "~", "null", "5", "- a", "a: b", "a\nb", " pad ", "yes", "[x]", "*a", "path/to-it_1.txt"};
  recipe.tasks = {{.name = "k", .weight = 0.25}, {}};
  const std::string yaml = dump_config(recipe);
  const Recipe back = load(yaml);
  EXPECT_EQ(back.name, recipe.name);
  EXPECT_EQ(back.pretrain.lr, recipe.pretrain.lr);
  EXPECT_EQ(back.pretrain.steps, recipe.pretrain.steps);
  ASSERT_EQ(back.pretrain.betas, recipe.pretrain.betas);
  EXPECT_TRUE(std::signbit(back.pretrain.betas[1]));
  EXPECT_EQ(back.pretrain.files, recipe.pretrain.files);
  ASSERT_EQ(back.tasks.size(), 2u);
  EXPECT_EQ(back.tasks[0].weight, 0.25);
  EXPECT_EQ(dump_config(back), yaml);
}

TEST(Config, TheDumpIsYamlForPeople) {
  Recipe recipe;
  recipe.tasks.resize(1);
  EXPECT_EQ(dump_config(recipe), R"(name: demo
pretrain:
  steps: 100
  lr: 0.001
  resume: false
  betas: [0.9, 0.999]
  files: []
  layers: []
  optimizer:
    name: adamw
    weight_decay: 0.1
tasks:
  - name: sums
    weight: 2.0
)");
  recipe.tasks.clear();
  EXPECT_THAT(dump_config(recipe), testing::EndsWith("tasks: []\n"));
}

}  // namespace
}  // namespace r1::core
