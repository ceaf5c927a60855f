// Epochs become steps, records a shard (sft_run.h).
#include "r1/pipeline/stages/sft_run.h"

#include <algorithm>

#include "r1/core/error.h"
#include "r1/data/token_shard.h"
#include "r1/parallel/process_group.h"
#include "r1/rollout/engine.h"
#include "r1/train/flops.h"
#include "r1/weights/token_ids.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, SftConfig& c) {
  fields(v, static_cast<train::TrainConfig&>(c));
  v("epochs", c.epochs, "passes over the examples, which then decide `steps`; 0 = as many steps as given");
}

SftOutcome run_sft(SftConfig config, const SftRun& run, const std::vector<SftRecord>& records,
                   core::MetricSink* metrics) {
  if (records.empty()) user_error("{}: there is no example to train on; loosen the filters, or sample more", run.stage);
  if (run.group == nullptr || run.group->rank() == 0) write_sft_shard(records, run.init_from, run.shard);
  if (run.group != nullptr) run.group->barrier(run.stage + ", examples");
  train::TrainInputs inputs;
  inputs.stage = run.stage;
  inputs.shard = run.shard;
  inputs.init_from = run.init_from;
  inputs.ids = weights::load_token_ids(run.init_from);
  inputs.ewc_shard = run.earlier;
  inputs.output = run.output;
  inputs.state = run.state;
  inputs.metrics = metrics;
  inputs.group = run.group;
  config.adapter.merge = config.adapter.on();  // stages hand on whole models
  if (config.epochs > 0.0) config.steps = train::steps_of_epochs(config, run.shard, config.epochs);
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
