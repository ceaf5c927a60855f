// Stage `evaluate`: the paper's table: every model of the run on every measure, with bootstrap intervals and paired
// comparisons (DeepSeek-R1 table 3; handbook model.md E5). What rules can check is answered greedily, open-ended
// prompts are sampled: their greedy answer would hide how often a model answers badly.
//   maths code logic science            accuracy by domain (science: physics and chemistry)
//   knowledge instruction translation   accuracy on general prompts that rules can check
//   format language length              of the answers to reasoning problems: share in the form, share of words in the
//                                       question's language, mean tokens
//   helpful safe                        mean reward, in [0, 1], of the judges that RL never saw
// Two models before and after one stage alone are eval.h's.
//   table.json        {"format","measures","models":[...],"table","comparisons","samples"}
//   answers/NAME.jsonl   every answer of a model (eval::to_json_line)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/reward_config.h"
#include "r1/rollout/engine.h"

namespace r1::pipeline {

struct EvaluatedModel {
  std::string name;    // in the table: "Zero"
  std::string folder;  // within the run: "zero/model"
};
void fields(core::FieldVisitor& v, EvaluatedModel& c);

/// A figure of the table that the report checks: a model's measure, or its difference to another model's.
struct Comparison {
  std::string name;     // of the check: "zero_minus_base"
  std::string measure;  // "maths"
  std::string model;
  std::string against;  // empty: the value itself
};
void fields(core::FieldVisitor& v, Comparison& c);

struct EvaluateConfig {
  std::vector<EvaluatedModel> models;
  std::vector<Comparison> comparisons;
  std::int64_t max_new_tokens = 128;
  std::int64_t open_samples = 2;  // answers to each open-ended prompt
  double open_temperature = 1.0;
  std::int64_t bootstrap_resamples = 1000;
  std::int64_t page_samples = 8;  // problems whose answers by all models stand side by side on the page
  bool judges = true;             // helpful and safe; needs stage reward_models
  rollout::EngineConfig engine;
  std::string dtype = "f32";
  std::int64_t seed = 1;
};
void fields(core::FieldVisitor& v, EvaluateConfig& c);

/// UserError for a comparison of a model or measure that there is not.
void check_evaluate_config(const EvaluateConfig& config);

class EvaluateStage : public Stage {
 public:
  EvaluateStage(EvaluateConfig config, Asking asking);
  std::string name() const override { return "evaluate"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override { return {"answers", "table.json"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  EvaluateConfig config_;
  Asking asking_;
};

}  // namespace r1::pipeline
