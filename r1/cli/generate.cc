// r1 generate MODEL: samples continuations of prompts or answers to conversations, to standard output: text, or one
// JSON object a sample with its log-probabilities.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "r1/cli/json_file.h"
#include "r1/cli/model_folder.h"
#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/data/reader.h"
#include "r1/rollout/engine.h"
#include "r1/tokenizer/chat_template.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;
using Json = OrderedJson;

struct GenerateConfig {
  std::string prompt;
  std::string file;
  std::string prompt_template = "{prompt}";
  bool as_chat = false;
  std::int64_t n = 1;
  std::int64_t seed = 1;
  rollout::SamplingConfig sampling;
  bool logprobs = false;
  bool json = false;
  std::string adapter;
  std::string numerics = "exact";
  std::string dtype = "f32";
  std::string device = "cpu";
};
void fields(core::FieldVisitor& v, GenerateConfig& c) {
  v("prompt", c.prompt, "the text to continue");
  v("file", c.file,
    "or a file with one prompt a line; .jsonl: {\"prompt\": ...} or {\"messages\": [...]}, implies --json");
  v("prompt_template", c.prompt_template, "what stands around a prompt, e.g. \"User: {prompt}\\nAssistant: \"");
  v("as_chat", c.as_chat, "a prompt is a user's message, rendered by the model's chat template, not prompt_template");
  v("n", c.n, "samples a prompt");
  v("seed", c.seed, "of the sampling: same seed, same samples");
  fields(v, c.sampling);
  v("logprobs", c.logprobs, "each token with its log-probability (implies --json)");
  v("json", c.json, "one JSON object a sample instead of text");
  v("adapter", c.adapter, kAdapterHelp);
  v("numerics", c.numerics, "exact | fast");
  v("device", c.device, "cpu | cuda | auto");
  v("dtype", c.dtype, "f32 | bf16");
}

/// What the command line writes as two characters is a line feed; then {prompt} is put in.
std::string fill(std::string text, const std::string& prompt) {
  for (std::size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at + 1))
    text.replace(at, 2, "\n");
  const std::size_t at = text.find("{prompt}");
  if (at == std::string::npos) user_error("--prompt_template: does not hold {{prompt}}");
  return text.replace(at, 8, prompt);
}

/// What to continue, and what the JSON output says of it.
struct Prompt {
  std::string text;
  Json source;  // {"prompt": ...} or {"messages": [...]}, with the record's "id" in front where it has one
};

/// From what is asked to the text to continue.
class Asker {
 public:
  Asker(std::string model, const GenerateConfig& config) : model_(std::move(model)), config_(config) {}

  std::string prompt(const std::string& text) {
    return config_.as_chat ? conversation(Json::array({{{"role", "user"}, {"content", text}}}))
                           : fill(config_.prompt_template, text);
  }
  /// Up to where the answer begins.
  std::string conversation(const Json& messages) {
    if (!chat_template_) chat_template_ = tokenizer::ChatTemplate::load(model_);
    if (!chat_template_) user_error("messages need a chat template, and {} has none", model_);
    tokenizer::ChatTemplate::Options options;
    options.add_generation_prompt = true;
    return chat_template_->render(messages, options);
  }

 private:
  std::string model_;
  const GenerateConfig& config_;
  std::optional<tokenizer::ChatTemplate> chat_template_;
};

/// Records of a .jsonl file.
std::vector<Prompt> read_records(Asker& asker, const std::string& file) {
  std::vector<Prompt> prompts;
  for_each_json_line(file, [&](const Json& record) {
    if (!record.is_object() || record.contains("prompt") == record.contains("messages"))
      user_error(R"(either {{"prompt": "..."}} or {{"messages": [...]}} is needed)");
    Prompt& prompt = prompts.emplace_back();
    if (record.contains("id")) prompt.source["id"] = record.at("id");
    if (record.contains("prompt")) {
      if (!record.at("prompt").is_string())
        user_error("\"prompt\" must be a text, is {}", record.at("prompt").type_name());
      prompt.source["prompt"] = record.at("prompt");
      prompt.text = asker.prompt(record.at("prompt").get<std::string>());
      return;
    }
    prompt.source["messages"] = messages_of(record);
    prompt.text = asker.conversation(prompt.source["messages"]);
  });
  return prompts;
}

std::vector<Prompt> read_prompts(const std::string& model, const GenerateConfig& config) {
  if (config.prompt.empty() == config.file.empty()) user_error("give either --prompt TEXT or --file FILE");
  Asker asker(model, config);
  const auto plain = [&](const std::string& text) -> Prompt { return {asker.prompt(text), {{"prompt", text}}}; };
  if (!config.prompt.empty()) return {plain(config.prompt)};
  std::vector<Prompt> prompts;
  if (is_jsonl(config.file)) {
    prompts = read_records(asker, config.file);
  } else {
    data::LineReader lines(config.file);
    for (std::string line; lines.next(line);) prompts.push_back(plain(line));
  }
  if (prompts.empty()) user_error("{}: holds no prompt", config.file);
  return prompts;
}

std::string text_of(const rollout::Completion& completion, const tokenizer::Tokenizer& tokenizer) {
  std::vector<std::int32_t> ids = completion.ids;
  if (completion.finish_reason == rollout::FinishReason::Stop && !ids.empty()) ids.pop_back();
  return tokenizer.decode(ids);
}

void print(const rollout::Completion& completion, const Prompt& prompt, const tokenizer::Tokenizer& tokenizer,
           const GenerateConfig& config) {
  const std::string text = text_of(completion, tokenizer);
  if (!config.json && !config.logprobs && !is_jsonl(config.file)) {
    std::printf("%s\n", text.c_str());
    return;
  }
  Json json = prompt.source;
  json["sample"] = completion.sample_index;
  json["completion"] = text;
  json["tokens"] = completion.ids.size();
  json["finish_reason"] = completion.finish_reason == rollout::FinishReason::Stop ? "stop" : "length";
  if (config.logprobs) {
    json["logprobs"] = Json::array();
    for (std::size_t i = 0; i < completion.ids.size(); ++i)
      json["logprobs"].push_back({{"id", completion.ids[i]},
                                  {"token", tokenizer.decode(std::span(&completion.ids[i], 1))},
                                  {"logprob", completion.logprobs[i]}});
  }
  std::printf("%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

void generate(const std::string& path, const GenerateConfig& config) {
  const ModelSource source = model_source(path, config.adapter);
  const std::string model = source.folder.string();
  const std::vector<Prompt> prompts = read_prompts(model, config);
  if (config.n < 1) user_error("--n: {} is less than 1", config.n);
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(fs::path(model) / "tokenizer.json");
  std::vector<rollout::Request> requests;
  std::size_t longest = 0;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    const std::vector<std::int32_t> ids = tokenizer.encode(prompts[p].text);
    longest = std::max(longest, ids.size());
    for (std::int64_t s = 0; s < config.n; ++s)
      requests.push_back({.prompt = ids,
                          .seed = static_cast<std::uint64_t>(config.seed),
                          .step = 0,
                          .prompt_index = static_cast<std::uint32_t>(p),
                          .sample_index = static_cast<std::uint32_t>(s)});
  }
  rollout::EngineConfig engine_config;
  engine_config.numerics = config.numerics;
  engine_config.device = config.device;
  engine_config.max_tokens = static_cast<std::int64_t>(longest) + config.sampling.max_new_tokens;
  rollout::Engine engine = rollout::Engine::open(model, engine_config, config.dtype, source.adapter);
  for (const rollout::Completion& completion : engine.generate(requests, config.sampling))
    print(completion, prompts[completion.prompt_index], tokenizer, config);
}

}  // namespace

void add_generate_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("generate", "sample from a model");
  auto config = std::make_shared<GenerateConfig>();
  auto model = std::make_shared<std::string>();
  verb->add_option("model", *model, "model folder (Hugging Face layout), .gguf file or adapter folder")->required();
  add_options(*verb, *config);
  verb->callback([config, model] { generate(*model, *config); });
}

}  // namespace r1::cli
