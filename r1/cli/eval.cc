// r1 eval MODEL --problems FILE: pass@1, pass@k and the rest of eval/evaluation.h, as JSON on standard output.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "r1/cli/model_folder.h"
#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/loaders.h"
#include "r1/eval/runner.h"
#include "r1/pipeline/stages/reward_config.h"
#include "r1/tokenizer/chat_template.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct EvalVerbConfig {
  std::string problems;
  std::string kind = "problems";
  std::string prompt_template = "User: {prompt}\nAssistant: ";
  bool as_chat = false;
  std::string completions;
  std::string adapter;
  std::string dtype = "f32";
  eval::EvalConfig eval;
  pipeline::RewardConfig reward;
  rollout::EngineConfig engine;
};
void fields(core::FieldVisitor& v, EvalVerbConfig& c) {
  v("problems", c.problems, "file of problems (JSONL)");
  v("kind", c.kind,
    "problems (records of docs/formats.md) | countdown | countdown_compact | gsm8k: what the file holds");
  v("prompt_template", c.prompt_template, "what stands around a prompt; must be the one the model was trained with");
  v("as_chat", c.as_chat, "a prompt is a user's message, rendered by the model's chat template, not prompt_template");
  v("completions", c.completions, "file for every answer as JSONL; empty: none");
  v("adapter", c.adapter, kAdapterHelp);
  v("dtype", c.dtype, "f32 | bf16");
  fields(v, c.eval);
  v("reward", c.reward, "what counts as right");
  v("engine", c.engine, "the rollout engine");
}

std::vector<data::Problem> load(const EvalVerbConfig& config) {
  if (config.problems.empty()) user_error("--problems FILE is missing");
  if (config.kind == "problems") return data::load_problems(config.problems).problems;
  if (config.kind == "countdown")
    return data::load_countdown(config.problems, data::CountdownPrompt::Original).problems;
  if (config.kind == "countdown_compact")
    return data::load_countdown(config.problems, data::CountdownPrompt::Compact).problems;
  if (config.kind == "gsm8k") return data::load_gsm8k(config.problems).problems;
  user_error("--kind: \"{}\" is none of problems, countdown, countdown_compact, gsm8k", config.kind);
}

void evaluate(const std::string& path, const EvalVerbConfig& config) {
  const std::vector<data::Problem> problems = load(config);
  const ModelSource source = model_source(path, config.adapter);
  const std::string model = source.folder.string();
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(fs::path(model) / "tokenizer.json");
  const reward::IsolatedScorer scorer(core::dump_config(config.reward.rules), config.reward.isolation);
  const std::optional<tokenizer::ChatTemplate> chat_template =
      config.as_chat ? tokenizer::ChatTemplate::load(model) : std::nullopt;
  if (config.as_chat && !chat_template) user_error("--as_chat: {} has no chat template", model);
  const eval::EvalInputs inputs{.problems = problems,
                                .tokenizer = tokenizer,
                                .scorer = scorer,
                                .prompt_template = config.prompt_template,
                                .chat_template = chat_template ? &*chat_template : nullptr};
  rollout::Engine engine = rollout::Engine::open(model, config.engine, config.dtype, source.adapter);
  const eval::EvalResult result = eval::run_evaluation(config.eval, inputs, engine);
  if (!config.completions.empty()) {
    std::string lines;
    for (const eval::EvalItem& item : result.items)
      lines += eval::to_json_line(item, problems[static_cast<std::size_t>(item.problem)]) + "\n";
    core::write_file_atomic(config.completions, lines);
  }
  std::printf("%s\n", eval::to_json(result.report).c_str());
}

}  // namespace

void add_eval_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("eval", "evaluate a model on a file of problems");
  auto config = std::make_shared<EvalVerbConfig>();
  auto model = std::make_shared<std::string>();
  verb->add_option("model", *model, "model folder (Hugging Face layout), .gguf file or adapter folder")->required();
  add_options(*verb, *config);
  verb->callback([config, model] { evaluate(*model, *config); });
}

}  // namespace r1::cli
