// Stage `pretrain` of a recipe that starts from a checkpoint people have (recipe key `base.checkpoint`): a Hugging Face
// folder takes the place of pretrain/model. Its files are hard-linked where the file system can, else copied. It
// trains nothing.
#pragma once

#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

struct BaseConfig {
  std::string checkpoint;  // Hugging Face folder; empty: stage pretrain trains from scratch
  double parameters = 0.0;  // for plans, where `model` does not describe the checkpoint; 0: of `model`
  double active_parameters = 0.0;
};
void fields(core::FieldVisitor& v, BaseConfig& c);

class CheckpointStage : public Stage {
 public:
  explicit CheckpointStage(BaseConfig base) : base_(std::move(base)) {}
  std::string name() const override { return "pretrain"; }
  std::string config() const override { return "from: checkpoint\n"; }
  std::vector<StageInput> inputs(const std::filesystem::path&) const override {
    return {{"checkpoint", base_.checkpoint, true}};
  }
  std::vector<std::string> outputs() const override { return {"model"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  BaseConfig base_;
};

}  // namespace r1::pipeline
