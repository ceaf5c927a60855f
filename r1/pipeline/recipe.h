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
#include "r1/pipeline/stages/corpus.h"
#include "r1/pipeline/stages/eval.h"
#include "r1/pipeline/stages/report.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/pipeline/stages/zero.h"
#include "r1/rl/controller.h"
#include "r1/train/trainer.h"

namespace r1::pipeline {

struct Recipe {
  Recipe();
  std::string name;  // of the run directory, too: letters, digits, - and _
  std::int64_t seed = 1;
  DataPlaces data;
  CorpusStageConfig corpus;
  TokenizerStageConfig tokenizer;
  model::DeepseekV3Config model;
  train::TrainConfig pretrain;
  rl::GrpoConfig zero;
  RewardConfig reward;
  EvalStageConfig eval;
  ReportConfig report;
};
void fields(core::FieldVisitor& v, Recipe& c);

/// Reads and checks a recipe: unknown keys, names, what does not fit together. UserError names file, line and key.
Recipe load_recipe(const std::filesystem::path& file, const std::vector<std::string>& sets);

/// corpus -> tokenizer -> pretrain -> zero -> eval -> report.
StageList make_stages(const Recipe& recipe);

}  // namespace r1::pipeline
