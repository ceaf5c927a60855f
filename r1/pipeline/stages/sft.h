// Stage `sft`: the second fine-tuning, restarted from the base on the rejection-sampled set: Base -> Dev3 (DeepSeek-R1
// section 2.3.3). Losses against forgetting are the trainer's (train/forgetting.h); replay is earlier documents mixed
// into the set here; what was forgotten is measured before and after on the pre-training corpus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/pipeline/stages/sft_run.h"
#include "r1/train/flops.h"

namespace r1::pipeline {

struct SftStageConfig : SftConfig {
  double replay_share = 0.0;            // share of earlier corpus documents among all examples
  std::int64_t forgetting_documents = 64;  // of the corpus, for the loss before and after; 0: not measured
};
void fields(core::FieldVisitor& v, SftStageConfig& c);

class SftStage : public Stage {
 public:
  SftStage(SftStageConfig config, std::int64_t seed, const model::ModelSize& size);
  std::string name() const override { return "sft"; }
  std::string config() const override { return core::dump_config(config_); }
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override { return {"model"}; }
  Metrics run(const StageContext& context) const override;
  bool shares_work() const override { return true; }
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  bool reads_corpus() const { return config_.forgetting_documents > 0 || config_.forgetting.ewc > 0.0; }

  SftStageConfig config_;
  model::ModelSize size_;
};

}  // namespace r1::pipeline
