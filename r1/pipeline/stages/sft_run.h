// Supervised fine-tuning of a model of the run on records: the training loop is train's, the stages cold_start, sft and
// distill say on what.
#pragma once

#include <string>
#include <vector>

#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/sft_records.h"
#include "r1/train/trainer.h"

namespace r1::pipeline {

struct SftConfig : train::TrainConfig {
  double epochs = 2.0;  // passes over the examples; 0: `steps` as given
};
void fields(core::FieldVisitor& v, SftConfig& c);

struct SftRun {
  std::string stage;  // name in metrics
  std::filesystem::path init_from;  // model folder with its tokenizer.json
  std::filesystem::path output;  // model folder
  std::filesystem::path shard;  // the records as tokens, written here
  std::filesystem::path state;  // r1_state/ of this run
  std::filesystem::path earlier;  // token shard of earlier training, for EWC; may be empty
  parallel::ProcessGroup* group = nullptr;  // processes that share it; rank 0 writes the shard
};

struct SftOutcome {
  train::TrainResult result;
  double flops = 0.0;
};

/// Trains; resumes from `run.state`. UserError without records.
SftOutcome run_sft(SftConfig config, const SftRun& run, const std::vector<SftRecord>& records,
                   core::MetricSink* metrics);

/// Mean negative log-probability of the targets of the first `documents` documents of a shard: what forgetting is
/// measured by.
double mean_loss(const std::filesystem::path& model, const std::filesystem::path& shard, std::int64_t documents);

}  // namespace r1::pipeline
