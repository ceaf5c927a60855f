// Records in, Dev3 out (sft.h).
#include "r1/pipeline/stages/sft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/corpus_file.h"
#include "r1/pipeline/stages/plan_figures.h"

namespace r1::pipeline {

namespace {

/// Documents of the corpus, drawn without replacement by Philox.
std::vector<SftRecord> replayed(const std::filesystem::path& corpus, std::size_t count, std::int64_t seed) {
  std::vector<SftRecord> all;
  for_each_corpus_record(corpus, [&](const CorpusRecord& record) {
    all.push_back({.id = fmt::format("corpus/{}", all.size()),
                   .prompt = record.prompt,
                   .completion = record.completion,
                   .source = "replay",
                   .problem = "",
                   .domain = "",
                   .language = ""});
  });
  core::Rng({static_cast<std::uint64_t>(seed), core::Purpose::Data}).shuffle(all);
  all.resize(std::min(count, all.size()));
  return all;
}

}  // namespace

void fields(core::FieldVisitor& v, SftStageConfig& c) {
  fields(v, static_cast<SftConfig&>(c));
  v("replay_share", c.replay_share, "share of earlier corpus documents among the examples (against forgetting)");
  v("forgetting_documents", c.forgetting_documents,
    "corpus documents whose loss is measured before and after; 0 = none");
}

SftStage::SftStage(SftStageConfig config, std::int64_t seed, const model::ModelSize& size)
    : config_(std::move(config)), size_(size) {
  if (!(config_.replay_share >= 0.0 && config_.replay_share < 1.0))
    user_error("sft.replay_share: {} is not in [0, 1)", config_.replay_share);
  config_.seed = join_seeds(seed, config_.seed);
}

std::vector<StageInput> SftStage::inputs(const std::filesystem::path& run) const {
  std::vector<StageInput> inputs = {from_run(run, "rejection_sampling/sft.jsonl"), from_run(run, "pretrain/model")};
  if (reads_corpus()) inputs.push_back(from_run(run, "tokenizer/corpus.tokens"));
  if (config_.replay_share > 0.0) inputs.push_back(from_run(run, "corpus/corpus.jsonl"));
  return inputs;
}

StagePlan SftStage::plan(const std::filesystem::path&) const {
  return {.work =
              fmt::format("SFT from the base on the rejection-sampled set: {:g} epochs, {} rows of {} tokens a step, "
                          "learning rate {:g} to {:g}; against forgetting: replay {:g}, KL {:g}, EWC {:g}",
                          config_.epochs, config_.rows_per_step, config_.row_length, config_.optimizer.learning_rate,
                          config_.optimizer.min_learning_rate, config_.replay_share, config_.forgetting.kl_to_start,
                          config_.forgetting.ewc)};
}

Metrics SftStage::run(const StageContext& context) const {
  std::vector<SftRecord> records = read_records(context.run / "rejection_sampling" / "sft.jsonl");
  const double examples = static_cast<double>(records.size());
  if (config_.replay_share > 0.0) {
    const auto count =
        static_cast<std::size_t>(std::llround(examples * config_.replay_share / (1.0 - config_.replay_share)));
    for (SftRecord& record : replayed(context.run / "corpus" / "corpus.jsonl", count, config_.seed))
      records.push_back(std::move(record));
  }
  const std::filesystem::path base = context.run / "pretrain" / "model", model = context.directory / "model";
  const std::filesystem::path corpus = context.run / "tokenizer" / "corpus.tokens";
  const SftRun run{.stage = name(),
                   .init_from = base,
                   .output = model,
                   .shard = context.state() / "examples.tokens",
                   .state = context.state() / "train",
                   .earlier = config_.forgetting.ewc > 0.0 ? corpus : std::filesystem::path(),
                   .group = context.group};
  const SftOutcome sft = run_sft(config_, run, records, context.metrics);
  Metrics metrics = {{"examples", examples},
                     {"replayed", static_cast<double>(records.size()) - examples},
                     {"steps", static_cast<double>(sft.result.steps)},
                     {"tokens", static_cast<double>(sft.result.tokens)},
                     {"final_loss", sft.result.final_loss},
                     {"flops", sft.flops}};
  const bool writes = context.group == nullptr || context.group->rank() == 0;
  if (writes && config_.forgetting_documents > 0) {
    metrics.emplace_back("forgetting/corpus_loss_before", mean_loss(base, corpus, config_.forgetting_documents));
    metrics.emplace_back("forgetting/corpus_loss_after", mean_loss(model, corpus, config_.forgetting_documents));
  }
  return metrics;
}

}  // namespace r1::pipeline
