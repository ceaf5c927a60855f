// Epochs become steps, records a shard (sft_run.h).
#include "r1/pipeline/stages/sft_run.h"

#include <algorithm>
#include <cmath>

#include "r1/core/error.h"
#include "r1/data/loader.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/rollout/engine.h"
#include "r1/train/flops.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, SftConfig& c) {
  fields(v, static_cast<train::TrainConfig&>(c));
  v("epochs", c.epochs, "passes over the examples, which then decide `steps`; 0 = as many steps as given");
}

SftOutcome run_sft(SftConfig config, const SftRun& run, const std::vector<SftRecord>& records,
                   core::MetricSink* metrics) {
  if (records.empty()) user_error("{}: there is no example to train on; loosen the filters, or sample more", run.stage);
  const std::filesystem::path tokenizer_json = run.init_from / "tokenizer.json";
  write_sft_shard(records, tokenizer_json, run.shard);
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(tokenizer_json);
  train::TrainInputs inputs;
  inputs.stage = run.stage;
  inputs.shard = run.shard;
  inputs.tokenizer_json = tokenizer_json;
  inputs.init_from = run.init_from;
  inputs.bos_id = require_special(tokenizer, kBosToken);
  inputs.eos_id = require_special(tokenizer, kEosToken);
  inputs.pad_id = require_special(tokenizer, kPadToken);
  inputs.ewc_shard = run.earlier;
  inputs.output = run.output;
  inputs.state = run.state;
  inputs.metrics = metrics;
  if (config.epochs > 0.0) {
    const data::TokenShard shard(run.shard);
    const data::PackedLoader loader(
        shard, {.rows_per_batch = config.rows_per_step, .row_length = config.row_length, .seed = config.seed},
        static_cast<std::int32_t>(inputs.pad_id));
    const double rows = config.epochs * static_cast<double>(loader.rows_in_epoch());
    config.steps = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(std::ceil(rows / static_cast<double>(config.rows_per_step))));
  }
  SftOutcome out{train::train(config, inputs), 0.0};
  out.flops =
      train::training_flops(static_cast<double>(out.result.active_parameters), static_cast<double>(out.result.tokens));
  return out;
}

double mean_loss(const std::filesystem::path& model, const std::filesystem::path& shard_file, std::int64_t documents) {
  const data::TokenShard shard(shard_file);
  rollout::Engine engine = rollout::Engine::open(model, {});
  double sum = 0.0, targets = 0.0;
  for (std::int64_t d = 0; d < std::min(documents, shard.num_documents()); ++d) {
    const std::int64_t begin = shard.document_begin(d);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(shard.document_size(d)));
    shard.copy_tokens(begin, ids);
    if (ids.size() < 2) continue;
    const std::vector<float> logp = engine.score(ids);
    for (std::size_t t = 0; t < logp.size(); ++t) {
      if (!shard.is_target(begin + static_cast<std::int64_t>(t) + 1)) continue;
      sum -= static_cast<double>(logp[t]);
      targets += 1.0;
    }
  }
  return targets > 0.0 ? sum / targets : 0.0;
}

}  // namespace r1::pipeline
