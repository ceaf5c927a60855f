// The one place where parts of a recipe meet: what a stage is given beside its own configuration (seed, prompt
// template, rewards) is decided in make_stages. Values are checked by their owners.
#include "r1/pipeline/recipe.h"

#include <algorithm>
#include <cctype>

#include "r1/core/error.h"
#include "r1/pipeline/stages/pretrain.h"
#include "r1/pipeline/stages/tokenizer.h"

namespace r1::pipeline {

namespace {

void check_name(const std::string& name, const std::string& file) {
  const bool fits = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
  if (!fits) user_error("{}: name: \"{}\" must be made of letters, digits, - and _", file, name);
}

}  // namespace

Recipe::Recipe() { tokenizer.special_tokens = default_special_tokens(); }

void fields(core::FieldVisitor& v, Recipe& c) {
  v("name", c.name, "of the recipe and its run directory");
  v("seed", c.seed, "of everything random; stages may add their own");
  v("data", c.data, "where data from outside lies");
  v("corpus", c.corpus, "stage corpus: what is trained on and asked");
  v("tokenizer", c.tokenizer, "stage tokenizer: byte-level BPE");
  v("model", c.model, "the DeepSeek-V3-architecture model");
  v("pretrain", c.pretrain, "stage pretrain: next-token training on the corpus");
  v("zero", c.zero, "stage zero: reinforcement learning on the base (GRPO)");
  v("reward", c.reward, "what an answer earns");
  v("eval", c.eval, "stage eval: base and final model on held-out problems");
  v("report", c.report, "stage report: the page and the checks");
}

Recipe load_recipe(const std::filesystem::path& file, const std::vector<std::string>& sets) {
  Recipe recipe;
  core::load_config(file, sets, recipe);
  check_name(recipe.name, file.string());
  if (recipe.seed < 0 || recipe.seed >= (std::int64_t{1} << 31))
    user_error("seed: {} is not in [0, 2^31)", recipe.seed);
  check_report_config(recipe.report);
  return recipe;
}

StageList make_stages(const Recipe& recipe) {
  const std::string& prompt = prompt_template(recipe.corpus);
  StageList stages;
  stages.push_back(std::make_unique<CorpusStage>(recipe.corpus, recipe.data, recipe.seed));
  stages.push_back(std::make_unique<TokenizerStage>(recipe.tokenizer));
  stages.push_back(std::make_unique<PretrainStage>(recipe.pretrain, recipe.model, recipe.seed));
  stages.push_back(std::make_unique<ZeroStage>(recipe.zero, recipe.reward, prompt, recipe.seed));
  stages.push_back(std::make_unique<EvalStage>(recipe.eval, recipe.reward, prompt, recipe.seed));
  stages.push_back(std::make_unique<ReportStage>(recipe.report, recipe.name));
  return stages;
}

}  // namespace r1::pipeline
