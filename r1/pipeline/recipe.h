// Recipe: everything `r1 run` needs to know, as one YAML file (docs/formats.md). Each part's fields belong to the
// module that owns it; here is only how they hang together, and the stages made of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/metric_sink.h"
#include "r1/pipeline/orchestrator.h"
#include "r1/pipeline/stages/checkpoint.h"
#include "r1/pipeline/stages/cold_start.h"
#include "r1/pipeline/stages/corpus.h"
#include "r1/pipeline/stages/distill.h"
#include "r1/pipeline/stages/distill_control.h"
#include "r1/pipeline/stages/eval.h"
#include "r1/pipeline/stages/evaluate.h"
#include "r1/pipeline/stages/general_rl.h"
#include "r1/pipeline/stages/reasoning_rl.h"
#include "r1/pipeline/stages/rejection_sampling.h"
#include "r1/pipeline/stages/report.h"
#include "r1/pipeline/stages/reward_models.h"
#include "r1/pipeline/stages/sft.h"
#include "r1/pipeline/stages/students.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/rl/controller.h"
#include "r1/train/trainer.h"

namespace r1::pipeline {

struct Recipe {
  Recipe();
  std::string name;  // of the run directory, too: letters, digits, - and _
  std::int64_t seed = 1;
  std::vector<std::string> stages = {"corpus", "tokenizer", "pretrain", "zero", "eval", "report"};
  std::vector<StageCondition> conditions;
  DataPlaces data;
  BaseConfig base;
  CorpusStageConfig corpus;
  TokenizerStageConfig tokenizer;
  model::DeepseekV3Config model;
  train::TrainConfig pretrain;
  rl::GrpoConfig zero;
  ColdStartConfig cold_start;
  ReasoningRlConfig reasoning_rl;
  RejectionSamplingConfig rejection_sampling;
  SftStageConfig sft;
  RewardModelsConfig reward_models;
  GeneralRlConfig general_rl;
  StudentsConfig students;
  DistillStageConfig distill;
  DistillControlConfig distill_control;
  EvaluateConfig evaluate;
  RewardConfig reward;
  EvalStageConfig eval;
  ReportConfig report;
};
void fields(core::FieldVisitor& v, Recipe& c);

/// Reads and checks a recipe: unknown keys, names, what does not fit together. UserError names file, line and key.
Recipe load_recipe(const std::filesystem::path& file, const std::vector<std::string>& sets);

/// What the recipe needs of this machine, tried before anything runs: code problems need a sandbox that works.
/// UserError says what is missing.
void check_machine(const Recipe& recipe);

/// The stages that a report tells of: all but the report itself.
std::vector<std::string> reported_stages(const Recipe& recipe);

/// The recipe's stages, in the order it lists them.
StageList make_stages(const Recipe& recipe);

}  // namespace r1::pipeline
