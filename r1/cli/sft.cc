// r1 sft MODEL --data FILE --out FOLDER: supervised fine-tuning of any model folder or .gguf file on JSONL in TRL's
// schemas, without a recipe: its weights, or an adapter. Killed, the same command goes on from the last checkpoint;
// until it is done all is in FOLDER.r1_state. As one of several processes (r1 launch, torchrun) it computes its share
// of each update.
#include <fmt/format.h>

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
#include "r1/core/log.h"
#include "r1/data/reader.h"
#include "r1/data/sft_example.h"
#include "r1/data/token_shard.h"
#include "r1/model/adapter_config.h"
#include "r1/monitor/console_sink.h"
#include "r1/monitor/fan_out_sink.h"
#include "r1/monitor/jsonl_sink.h"
#include "r1/parallel/process_group.h"
#include "r1/tensor/plugin.h"
#include "r1/tokenizer/chat_template.h"
#include "r1/tokenizer/tokenizer.h"
#include "r1/train/trainer.h"
#include "r1/weights/token_ids.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct SftVerbConfig {
  SftVerbConfig() {
    train.row_length = 1024;
    train.micro_batch_rows = 4;
    train.optimizer.learning_rate = 2e-5;  // TRL's default for SFT
    train.optimizer.min_learning_rate = 0.0;
    train.optimizer.weight_decay = 0.0;
    train.optimizer.warmup_steps = 10;
  }
  std::vector<std::string> data;
  std::string out;
  std::string profile;
  double epochs = 1.0;
  data::SftSchema schema;
  data::ReaderConfig reader;
  train::TrainConfig train;
};
void fields(core::FieldVisitor& v, SftVerbConfig& c) {
  v("data", c.data, "files of examples (JSONL, also .gz, .zst)");
  v("out", c.out, "folder to write: the model, or its adapter when --adapter.type is not none");
  v("profile", c.profile, "write a Chrome trace of three updates to this file, and log the share of time by kind");
  v("epochs", c.epochs, "passes over the examples, which then decide --steps; 0: --steps as given");
  fields(v, c.schema);
  v("reader", c.reader, "how the files are read");
  fields(v, c.train);
}

/// Where examples, checkpoints and metrics are until the model is done.
struct WorkFolder {
  fs::path root;
  fs::path shard() const { return root / "examples.tokens"; }
  fs::path checkpoints() const { return root / "checkpoints"; }
};

WorkFolder work_folder(const SftVerbConfig& config) {
  if (config.data.empty()) user_error("--data FILE is missing");
  if (config.out.empty()) user_error("--out FOLDER is missing");
  if (fs::exists(config.out)) user_error("--out: {} is there already; choose another, or remove it", config.out);
  fs::path root = fs::path(config.out).lexically_normal();
  if (root.filename().empty()) root = root.parent_path();
  root += ".r1_state";
  return {root};
}

/// The examples that fit into a row, as one shard, `virtual_ids` in front of each; how many do not is said.
void write_shard(const fs::path& model, const SftVerbConfig& config, const std::vector<std::int32_t>& virtual_ids,
                 const fs::path& file) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(model / "tokenizer.json");
  const data::SftExamples examples(config.schema, tokenizer, tokenizer::ChatTemplate::load(model),
                                   weights::load_eos_ids(model));
  const std::int64_t ids_end = virtual_ids.empty() ? tokenizer.vocab_size() : virtual_ids.back() + 1;
  data::TokenShardWriter shard(ids_end, std::nullopt);
  std::int64_t too_long = 0;
  for (const std::string& path : config.data) {
    data::JsonlReader lines(path, config.reader);
    data::SftExample example;
    while (lines.next([&](const std::string& line) { example = examples.read(line); })) {
      example.ids.insert(example.ids.begin(), virtual_ids.begin(), virtual_ids.end());
      example.is_target.insert(example.is_target.begin(), virtual_ids.size(), 0);
      if (static_cast<std::int64_t>(example.ids.size()) > config.train.row_length)
        ++too_long;
      else
        shard.add(example.ids, example.is_target);
    }
  }
  if (shard.num_documents() == 0)
    user_error("--data: no example is left ({} are longer than --row_length {})", too_long, config.train.row_length);
  if (too_long > 0)
    R1_LOG(warn, "{} of {} examples are longer than --row_length {} and left out", too_long,
           too_long + shard.num_documents(), config.train.row_length);
  R1_LOG(info, "{} examples, {} tokens", shard.num_documents(), shard.num_tokens());
  fs::create_directories(file.parent_path());
  shard.write(file);
}

/// Once for all processes: a .gguf file becomes a folder, examples a shard.
void prepare(const std::string& path, const std::string& adapter, const SftVerbConfig& config, const WorkFolder& work) {
  const auto [model, start] = model_source(path, adapter);
  const model::AdapterConfig kind = start.empty() ? config.train.adapter : model::read_peft_config(start).config;
  write_shard(model, config, model::virtual_token_ids(kind, model), work.shard());
}

void sft(const std::string& path, const std::string& adapter, SftVerbConfig config) {
  const auto group = parallel::join_from_environment(config.train.device != "cpu" && tensor::cuda_available());
  const bool writes = !group || group->rank() == 0;
  const WorkFolder work = work_folder(config);
  model::validate(config.train.adapter, "--adapter");
  if (writes) prepare(path, adapter, config, work);
  if (group) group->barrier("reading the examples");
  const auto [model, start] = model_source(path, adapter);
  if (config.epochs > 0.0) config.train.steps = train::steps_of_epochs(config.train, work.shard(), config.epochs);
  std::vector<std::unique_ptr<core::MetricSink>> sinks;
  if (writes) {
    sinks.push_back(std::make_unique<monitor::ConsoleSink>(monitor::console_on_stderr()));
    sinks.push_back(std::make_unique<monitor::JsonlSink>(work.root));
  }
  monitor::FanOutSink metrics(std::move(sinks));
  train::TrainInputs inputs;
  inputs.stage = "sft";
  inputs.shard = work.shard();
  inputs.init_from = model;
  inputs.adapter = start;
  inputs.ids = weights::load_token_ids(model);
  inputs.output = config.out;
  inputs.state = work.checkpoints();
  inputs.profile = config.profile;
  inputs.metrics = &metrics;
  inputs.group = group.get();
  const train::TrainResult result = train::train(config.train, inputs);
  if (!writes) return;
  for (const char* name : {"metrics.jsonl", "timings.jsonl"})
    if (fs::exists(work.root / name)) fs::rename(work.root / name, fs::path(config.out) / name);
  fs::remove_all(work.root);
  fmt::print("{}: {} updates, {} tokens, loss {:.4f}, {:.1f} s\n", config.out, result.steps, result.tokens,
             result.final_loss, result.seconds);
}

}  // namespace

void add_sft_verb(CLI::App& program) {
  CLI::App* verb =
      program.add_subcommand("sft", "fine-tune a model on examples (JSONL: messages, or prompt and completion)");
  auto config = std::make_shared<SftVerbConfig>();
  auto model = std::make_shared<std::string>();
  auto adapter = std::make_shared<std::string>();
  verb->add_option("model", *model, "model folder (Hugging Face layout), .gguf file or adapter folder to go on from")
      ->required();
  verb->add_option("--adapter", *adapter, "folder of an adapter of the model to go on from (PEFT's format)");
  add_options(*verb, *config);
  verb->callback([config, model, adapter] { sft(*model, *adapter, *config); });
}

}  // namespace r1::cli
