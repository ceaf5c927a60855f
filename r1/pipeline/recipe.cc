// The one place where parts of a recipe meet: what a stage is given beside its own configuration (seed, prompt
// template, rewards) is decided in make_stages. Values are checked by their owners.
#include "r1/pipeline/recipe.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/nearest.h"
#include "r1/pipeline/stages/pretrain.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/pipeline/stages/zero.h"
#include "r1/reward/code/sandbox.h"

namespace r1::pipeline {

namespace {

void check_name(const std::string& name, const std::string& file) {
  const bool fits = !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (!fits) user_error("{}: name: \"{}\" must be made of letters, digits, - _ and .", file, name);
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
  const std::int64_t positions = model.max_position_embeddings;
  const auto has = [&](const char* stage) {
    return std::find(recipe.stages.begin(), recipe.stages.end(), stage) != recipe.stages.end();
  };
  const auto check = [&](const char* stage, std::int64_t new_tokens, const rollout::EngineConfig& engine) {
    if (has(stage)) check_length(stage, new_tokens, engine, positions);
  };
  check("zero", recipe.zero.sampling.max_new_tokens, recipe.zero.engine);
  for (const ColdStartSource& source : recipe.cold_start.sources)
    check("cold_start", source.sample.max_new_tokens, recipe.cold_start.engine);
  check("reasoning_rl", recipe.reasoning_rl.sampling.max_new_tokens, recipe.reasoning_rl.engine);
  check("rejection_sampling", recipe.rejection_sampling.reasoning.max_new_tokens, recipe.rejection_sampling.engine);
  check("reward_models", recipe.reward_models.sample.max_new_tokens, recipe.reward_models.engine);
  check("general_rl", recipe.general_rl.sampling.max_new_tokens, recipe.general_rl.engine);
  check("distill", recipe.distill.sample.max_new_tokens, recipe.distill.engine);
  check("evaluate", recipe.evaluate.max_new_tokens, recipe.evaluate.engine);
  check("eval", recipe.eval.greedy.max_new_tokens, recipe.eval.engine);
  check("eval", recipe.eval.sampled.max_new_tokens, recipe.eval.engine);
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
  v("stages", c.stages, "which stages run; their order follows from what they read");
  v("conditions", c.conditions, "what a stage's figure must reach before the next one starts");
  v("data", c.data, "where data from outside lies");
  v("base", c.base, "a checkpoint in place of pre-training");
  v("corpus", c.corpus, "stage corpus: what is trained on and asked");
  v("tokenizer", c.tokenizer, "stage tokenizer: byte-level BPE");
  v("model", c.model, "the DeepSeek-V3-architecture model");
  v("pretrain", c.pretrain, "stage pretrain: next-token training on the corpus");
  v("zero", c.zero, "stage zero: reinforcement learning on the base (GRPO)");
  v("cold_start", c.cold_start, "stage cold_start: readable examples, SFT of the base (Dev1)");
  v("reasoning_rl", c.reasoning_rl, "stage reasoning_rl: accuracy, format, language (Dev2)");
  v("rejection_sampling", c.rejection_sampling, "stage rejection_sampling: the data of the second SFT");
  v("sft", c.sft, "stage sft: the base on that data (Dev3)");
  v("reward_models", c.reward_models, "stage reward_models: helpful, safe, and the judges of evaluation");
  v("general_rl", c.general_rl, "stage general_rl: rules and learned rewards (R1)");
  v("students", c.students, "stage students: bases of the two smaller models");
  v("distill", c.distill, "stage distill: R1 into the students");
  v("distill_control", c.distill_control, "stage distill_control: RL of the students with the same compute");
  v("evaluate", c.evaluate, "stage evaluate: every model on every measure");
  v("reward", c.reward, "what an answer earns");
  v("eval", c.eval, "stage eval: base and final model on held-out problems");
  v("report", c.report, "stage report: the page and the checks");
}

void check_machine(const Recipe& recipe) {
  const std::vector<std::string>& families = recipe.corpus.generated.families;
  if (recipe.corpus.kind != "generated" ||
      std::find(families.begin(), families.end(), "code_function") == families.end())
    return;
  reward::Sandbox sandbox(recipe.reward.rules.code);
  const reward::ProgramResult result = sandbox.run("x+1", "[1]");
  if (result.end != reward::ProgramResult::End::Finished)
    user_error("corpus.generated.families: code_function needs a sandbox that works here: {}", result.why);
}

std::vector<std::string> reported_stages(const Recipe& recipe) {
  std::vector<std::string> stages = recipe.stages;
  std::erase(stages, "report");
  return stages;
}

namespace {

using Maker = std::unique_ptr<Stage> (*)(const Recipe&);

/// Of the models that the base becomes.
model::ModelSize size_of(const Recipe& r) {
  if (r.base.parameters > 0.0)
    return {r.base.parameters, r.base.active_parameters > 0.0 ? r.base.active_parameters : r.base.parameters};
  model::DeepseekV3Config shape = r.model;
  if (shape.vocab_size == 0) shape.vocab_size = r.tokenizer.vocab_size;
  return model::model_size(shape);
}

RlStageSetup rl_setup(const Recipe& r, const char* name, const char* init_from, const rl::GrpoConfig& grpo) {
  return {.name = name,
          .init_from = init_from,
          .grpo = grpo,
          .reward = r.reward,
          .prompt_template = prompt_template(r.corpus),
          .seed = r.seed,
          .size = size_of(r)};
}

/// A stage whose constructor takes its own section and what all stages that ask share.
template <class S, class Config>
std::unique_ptr<Stage> asking(const Recipe& r, const Config& config) {
  return std::make_unique<S>(config, Asking{r.reward, prompt_template(r.corpus), r.seed, size_of(r)});
}

/// Rows and comparisons of the models that the recipe's stages make: a control that is left out leaves no row.
EvaluateConfig evaluated(const Recipe& r) {
  EvaluateConfig config = r.evaluate;
  std::set<std::string> there;
  std::erase_if(config.models, [&](const EvaluatedModel& model) {
    const std::string stage = model.folder.substr(0, model.folder.find('/'));
    const bool made = std::find(r.stages.begin(), r.stages.end(), stage) != r.stages.end();
    if (made) there.insert(model.name);
    return !made;
  });
  std::erase_if(config.comparisons, [&](const Comparison& c) {
    return !there.contains(c.model) || !(c.against.empty() || there.contains(c.against));
  });
  return config;
}

/// Every stage that there is, by name.
const std::vector<std::pair<std::string, Maker>>& stage_makers() {
  static const std::vector<std::pair<std::string, Maker>> makers = {
      {"corpus",
       [](const Recipe& r) -> std::unique_ptr<Stage> {
         return std::make_unique<CorpusStage>(r.corpus, r.data, r.seed);
       }},
      {"tokenizer",
       [](const Recipe& r) -> std::unique_ptr<Stage> { return std::make_unique<TokenizerStage>(r.tokenizer); }},
      {"pretrain",
       [](const Recipe& r) -> std::unique_ptr<Stage> {
         if (!r.base.checkpoint.empty()) return std::make_unique<CheckpointStage>(r.base);
         return std::make_unique<PretrainStage>(r.pretrain, r.model, r.seed);
       }},
      {"zero",
       [](const Recipe& r) -> std::unique_ptr<Stage> {
         return std::make_unique<ZeroStage>(rl_setup(r, "zero", "pretrain/model", r.zero));
       }},
      {"cold_start", [](const Recipe& r) { return asking<ColdStartStage>(r, r.cold_start); }},
      {"reasoning_rl",
       [](const Recipe& r) -> std::unique_ptr<Stage> {
         RlStageSetup setup = rl_setup(r, "reasoning_rl", "cold_start/model", r.reasoning_rl);
         setup.reward = with_language(setup.reward, r.reasoning_rl.language_weight);
         return std::make_unique<ReasoningRlStage>(std::move(setup));
       }},
      {"rejection_sampling", [](const Recipe& r) { return asking<RejectionSamplingStage>(r, r.rejection_sampling); }},
      {"sft",
       [](const Recipe& r) -> std::unique_ptr<Stage> { return std::make_unique<SftStage>(r.sft, r.seed, size_of(r)); }},
      {"reward_models", [](const Recipe& r) { return asking<RewardModelsStage>(r, r.reward_models); }},
      {"general_rl",
       [](const Recipe& r) -> std::unique_ptr<Stage> {
         return std::make_unique<GeneralRlStage>(r.general_rl, rl_setup(r, "general_rl", "sft/model", r.general_rl));
       }},
      {"students",
       [](const Recipe& r) -> std::unique_ptr<Stage> { return std::make_unique<StudentsStage>(r.students, r.seed); }},
      {"distill", [](const Recipe& r) { return asking<DistillStage>(r, r.distill); }},
      {"distill_control", [](const Recipe& r) { return asking<DistillControlStage>(r, r.distill_control); }},
      {"evaluate", [](const Recipe& r) { return asking<EvaluateStage>(r, evaluated(r)); }},
      {"eval", [](const Recipe& r) { return asking<EvalStage>(r, r.eval); }},
      {"report",
       [](const Recipe& r) -> std::unique_ptr<Stage> {
         return std::make_unique<ReportStage>(r.report, r.name, reported_stages(r));
       }},
  };
  return makers;
}

Maker find_maker(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, maker] : stage_makers()) {
    if (known == name) return maker;
    names.push_back(known);
  }
  const std::string near = core::nearest(name, names);
  user_error("stages: there is no stage \"{}\"{}", name, near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

}  // namespace

Recipe load_recipe(const std::filesystem::path& file, const std::vector<std::string>& sets) {
  Recipe recipe;
  core::load_config(file, sets, recipe);
  check_name(recipe.name, file.string());
  if (recipe.seed < 0 || recipe.seed >= (std::int64_t{1} << 31))
    user_error("seed: {} is not in [0, 2^31)", recipe.seed);
  for (const std::string& stage : recipe.stages) find_maker(stage);
  if (std::set<std::string>(recipe.stages.begin(), recipe.stages.end()).size() != recipe.stages.size())
    user_error("stages: one is listed twice");
  check_evaluate_config(recipe.evaluate);
  std::vector<std::string> comparisons;
  for (const Comparison& comparison : recipe.evaluate.comparisons) comparisons.push_back(comparison.name);
  check_report_config(recipe.report, comparisons);
  check_fit(recipe);
  return recipe;
}

StageList make_stages(const Recipe& recipe) {
  StageList stages;
  for (const std::string& name : recipe.stages) stages.push_back(find_maker(name)(recipe));
  return stages;
}

}  // namespace r1::pipeline
