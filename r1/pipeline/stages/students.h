// Stage `students`: the bases that R1 is distilled into, two smaller models pre-trained on the same corpus (the paper
// takes Qwen and Llama bases). Their own stage, because distillation and its control start from the same bytes.
//   small large   model folders
#pragma once

#include <string>
#include <vector>

#include "r1/pipeline/stage.h"
#include "r1/train/trainer.h"

namespace r1::pipeline {

/// The two sizes, in the order of the table.
inline constexpr const char* kStudents[] = {"small", "large"};

struct StudentConfig {
  model::DeepseekV3Config model;
  train::TrainConfig pretrain;
};
void fields(core::FieldVisitor& v, StudentConfig& c);

struct StudentsConfig {
  StudentConfig small, large;
};
void fields(core::FieldVisitor& v, StudentsConfig& c);

class StudentsStage : public Stage {
 public:
  StudentsStage(StudentsConfig config, std::int64_t seed);
  std::string name() const override { return "students"; }
  std::string config() const override { return core::dump_config(config_); }
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override {
    return {from_run(run, "tokenizer/corpus.tokens"), from_run(run, "tokenizer/tokenizer.json")};
  }
  std::vector<std::string> outputs() const override { return {"large", "small"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  StudentsConfig config_;
};

}  // namespace r1::pipeline
