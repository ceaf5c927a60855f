// What an evaluation says: one EvalItem a sample, and the report made of them. Names, the same in report and JSON:
//   pass@1            share of right answers, mean over problems of the mean over a problem's samples (as R1 reports
//   it) pass@k            unbiased estimate that one of k samples is right, mean over problems (statistics.h)
//   lenient_accuracy  the same as pass@1 under the lenient extractor: tags or not, the last number / word / expression
//   format_rate       share of samples whose format part is 1
//   mean_tokens       sampled tokens, the end-of-sequence token included
//   truncated_share   share of samples cut off at the length limit
//   majority_share    what always giving the family's commonest true answer would score
// A family whose majority_share is above `majority_threshold` (yes / no questions) is reported, but left out of
// `headline`. Sampling is runner.h's matter; comparing two reports is compare_pass_at_1.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "r1/data/problem.h"
#include "r1/eval/statistics.h"
#include "r1/reward/verdict.h"

namespace r1::eval {

/// One sample of one problem. Right means: the verdict's "accuracy" part is 1.
struct EvalItem {
  std::int64_t problem = 0;  // index into the problems
  std::int64_t sample = 0;
  std::string text;          // the completion without its end-of-sequence token
  reward::Verdict verdict;
  bool lenient_correct = false;
  std::int64_t num_tokens = 0;
  bool finished = true;      // false: cut off at the length limit
};

/// The figures of a set of problems.
struct GroupReport {
  std::string family;      // "" = all families
  std::int64_t level = 0;  // Problem::difficulty; 0 = all levels
  std::int64_t num_problems = 0;
  Estimate pass_at_1;
  std::vector<std::pair<std::int64_t, Estimate>> pass_at_k;  // k ascending, 1 left out
  Estimate lenient_accuracy;
  double format_rate = 0.0;  // NaN in a group without problems, like all below
  double mean_tokens = 0.0;
  double truncated_share = 0.0;
  double majority_share = 0.0;  // of the family; NaN where family is ""
  bool in_headline = true;
  std::array<std::int64_t, 4> outcomes{};  // samples by reward::Outcome
};

struct EvalReport {
  std::int64_t samples_per_problem = 0;
  double majority_threshold = 0.0;
  GroupReport headline;               // families in_headline only
  GroupReport all;                    // every family
  std::vector<GroupReport> families;  // by name
  std::vector<GroupReport> levels;    // family x level, by name, then level
  std::vector<double> headline_pass_at_1;  // per problem of the headline, in the problems' order; not in the JSON
};

struct AggregateConfig {
  // The k of pass@k; above the number of samples is an Error. Empty: 2, 4, 8 ... samples.
  std::vector<std::int64_t> ks = {};
  double majority_threshold = 0.1;
  BootstrapConfig bootstrap = {};
};

/// The report of `items`, whose order does not matter. Every problem must have the same number of samples, at least 1,
/// with sample indices 0, 1, ... (Error otherwise).
EvalReport aggregate(const std::vector<EvalItem>& items, const std::vector<data::Problem>& problems,
                     const AggregateConfig& config);

/// Paired bootstrap of headline pass@1, `after` minus `before`; both must come from the same problems (Error
/// otherwise).
Estimate compare_pass_at_1(const EvalReport& before, const EvalReport& after, const BootstrapConfig& config);

/// The report as indented JSON; figures of empty groups are null. The same report gives the same bytes.
std::string to_json(const EvalReport& report);
/// One sample as a JSON line: problem id, family, level, prompt, answer, completion, verdict.
std::string to_json_line(const EvalItem& item, const data::Problem& problem);

}  // namespace r1::eval
