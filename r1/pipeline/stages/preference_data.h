// From sampled answers to what reward models learn from: pairs that a judge compared, answers that it labelled. Splits
// are by prompt, so that no prompt is in two of them. Training is train/reward_model.h's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "r1/data/problem.h"
#include "r1/eval/evaluation.h"
#include "r1/pipeline/stage.h"
#include "r1/reward/judge.h"

namespace r1::pipeline {

/// Who learns from a prompt.
enum class Part { Train, TrainHeldOut, Judge, JudgeHeldOut };
const char* part_name(Part part);
/// Prompt -> part, by Philox of (seed, prompt index).
Part part_of(std::int64_t prompt, double judge_share, double held_out_share, std::int64_t seed);

struct PreferencePair {
  std::int64_t problem = 0;
  std::string chosen, rejected;  // whole responses
  std::int64_t chosen_tokens = 0, rejected_tokens = 0;
  double gap = 0.0;  // of the judge's scores
};
struct LabelledAnswer {
  std::int64_t problem = 0;
  std::string text;
  bool safe = true;
};

/// One pair a prompt at most: the best and the worst answer as the judge compares them in both orders; ties are
/// dropped. Only problems of verifier "helpful".
std::vector<PreferencePair> judge_pairs(const std::vector<eval::EvalItem>& items,
                                        const std::vector<data::Problem>& problems, const reward::Judge& judge,
                                        double min_gap, std::map<std::string, std::int64_t>& dropped);
/// Drops the pairs with the largest difference in length, in the direction that leads, until the mean lengths of chosen
/// and rejected differ by `tolerance` tokens at most. Returns how many were dropped.
std::int64_t balance_lengths(std::vector<PreferencePair>& pairs, double tolerance);
/// Every distinct answer to problems of verifier "safe".
std::vector<LabelledAnswer> judge_labels(const std::vector<eval::EvalItem>& items,
                                         const std::vector<data::Problem>& problems, const reward::Judge& judge,
                                         std::map<std::string, std::int64_t>& dropped);

}  // namespace r1::pipeline
