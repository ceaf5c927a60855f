// Stage `pretrain`: a fresh DeepSeek-V3-architecture model trained on the corpus. The loop itself is train's.
#pragma once

#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/pipeline/stage.h"
#include "r1/train/trainer.h"

namespace r1::pipeline {

/// Where a pre-training reads and writes.
struct PretrainPlaces {
  std::string stage;                // name in metrics
  std::filesystem::path tokenizer;  // folder of tokenizer.json and corpus.tokens
  std::filesystem::path output, state;
  parallel::ProcessGroup* group = nullptr;
};
/// Trains a fresh model of this shape on the corpus; its figures.
Metrics pretrain_model(const train::TrainConfig& config, model::DeepseekV3Config model, const PretrainPlaces& places,
                       core::MetricSink* metrics);

class PretrainStage : public Stage {
 public:
  PretrainStage(train::TrainConfig train, model::DeepseekV3Config model, std::int64_t seed);
  std::string name() const override { return "pretrain"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override {
    return {from_run(run, "tokenizer/corpus.tokens"), from_run(run, "tokenizer/tokenizer.json")};
  }
  std::vector<std::string> outputs() const override { return {"model"}; }
  Metrics run(const StageContext& context) const override;
  bool shares_work() const override { return true; }
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  train::TrainConfig train_;
  model::DeepseekV3Config model_;
};

}  // namespace r1::pipeline
