// Samples of a model of the run on problems, scored by the rules, and the filter that decides which of them are worth
// learning from (DeepSeek-R1 section 2.3.1 and 2.3.3: correct, readable, one language). Used by cold_start,
// rejection_sampling, reward_models and distill.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/problem.h"
#include "r1/eval/runner.h"
#include "r1/pipeline/stages/reward_config.h"
#include "r1/reward/readability.h"
#include "r1/rollout/engine.h"

namespace r1::pipeline {

struct SampleConfig {
  std::int64_t problems = 400;  // asked: the first of a shuffle by the stage's seed
  std::int64_t samples = 4;     // a problem
  double temperature = 1.0;
  std::int64_t max_new_tokens = 128;
  std::string dtype = "f32";  // of the model that answers: f32 | bf16
};
void fields(core::FieldVisitor& v, SampleConfig& c);

struct FilterConfig {
  double min_language = 1.0;  // share of words in the question's language
  bool allow_wordless = false;  // a chain of thought without any word has no language: keep it
  std::int64_t min_reflection_words = 0;
  std::int64_t per_problem = 1;  // kept at most, the shortest first
  reward::ReadabilityConfig readability;
};
void fields(core::FieldVisitor& v, FilterConfig& c);

/// Why a sample is dropped ("unfinished", "wrong", "format", "mixed_language", "no_words", "repetitive", "overlong",
/// "code_block", "no_reflection", and "timeout" or "crash" of the scoring itself), or "" to keep it.
std::string drop_reason(const eval::EvalItem& item, const data::Problem& problem, const FilterConfig& config);

/// Samples that passed, with what was dropped why.
struct Kept {
  std::vector<eval::EvalItem> items;  // `problem` indexes the asked problems
  std::map<std::string, std::int64_t> dropped;
};
Kept filter_samples(const std::vector<eval::EvalItem>& items, const std::vector<data::Problem>& problems,
                    const FilterConfig& config);

/// What asks: everything beside the problems.
struct Asker {
  std::filesystem::path model;
  rollout::EngineConfig engine;
  RewardConfig reward;  // with a language weight, so that verdicts hold the part
  std::string prompt_template;
  std::int64_t seed = 1;
};

/// `count` problems, a Philox shuffle of `all` by `seed`; all of them when there are fewer.
std::vector<data::Problem> choose_problems(const std::vector<data::Problem>& all, std::int64_t count,
                                           std::int64_t seed);

struct Sampled {
  std::vector<eval::EvalItem> items;  // problem by problem
  double flops = 0.0;                 // 2 N T; a problem's samples share its prompt
};
/// Samples every problem.
Sampled sample_answers(const Asker& asker, const SampleConfig& config, const std::vector<data::Problem>& problems);

}  // namespace r1::pipeline
