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

/// A completion of `sampling` tokens must fit into a sequence of `engine` tokens, its prompt included.
void check_length(const char* key, std::int64_t new_tokens, const rollout::EngineConfig& engine,
                  std::int64_t positions) {
  if (new_tokens >= engine.max_tokens)
    user_error("{}: max_new_tokens {} leaves no room for a prompt in engine.max_tokens {}", key, new_tokens,
               engine.max_tokens);
  if (engine.max_tokens > positions)
    user_error("{}: engine.max_tokens {} is more than model.max_position_embeddings {}", key, engine.max_tokens,
               positions);
}

/// What a stage would say an hour into the run is said at its start.
void check_fit(const Recipe& recipe) {
  model::DeepseekV3Config model = recipe.model;
  if (model.vocab_size == 0) model.vocab_size = recipe.tokenizer.vocab_size;
  model::validate(model);
  if (model.vocab_size < recipe.tokenizer.vocab_size)
    user_error("model.vocab_size: {} is less than tokenizer.vocab_size {}", model.vocab_size,
               recipe.tokenizer.vocab_size);
  if (recipe.pretrain.row_length > model.max_position_embeddings)
    user_error("pretrain.row_length: {} is more than model.max_position_embeddings {}", recipe.pretrain.row_length,
               model.max_position_embeddings);
  check_length("zero", recipe.zero.sampling.max_new_tokens, recipe.zero.engine, model.max_position_embeddings);
  check_length("eval", recipe.eval.greedy.max_new_tokens, recipe.eval.engine, model.max_position_embeddings);
  check_length("eval", recipe.eval.sampled.max_new_tokens, recipe.eval.engine, model.max_position_embeddings);
  if (recipe.eval.greedy.samples_per_problem != 1)
    user_error("eval.greedy.samples_per_problem: {} greedy samples of a problem would all be the same; use 1",
               recipe.eval.greedy.samples_per_problem);
  const std::vector<std::string>& special = recipe.tokenizer.special_tokens;
  for (const char* token : {kBosToken, kEosToken, kPadToken})
    if (std::find(special.begin(), special.end(), token) == special.end())
      user_error("tokenizer.special_tokens: must hold {}", token);
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
  check_fit(recipe);
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
