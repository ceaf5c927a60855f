// Stage `pretrain`: a fresh DeepSeek-V3-architecture model trained on the corpus. The loop itself is train's.
#pragma once

#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/pipeline/stage.h"
#include "r1/train/trainer.h"

namespace r1::pipeline {

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

 private:
  train::TrainConfig train_;
  model::DeepseekV3Config model_;
};

}  // namespace r1::pipeline
