// Splits of generated problems: unique by content hash, disjoint from what is excluded, balanced over families x
// levels. They write no documents (corpus.h) and know nothing of files.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/problems/generator.h"

namespace r1::data {

/// content_hash() of problems that must not be drawn.
using ExcludedHashes = std::set<std::string>;

/// Which problems are drawn. Families, levels and languages are independent.
struct ProblemMix {
  std::vector<std::string> families = {"chain_sum", "mixed_ops", "linear_equation", "sequence_next"};
  std::vector<std::int64_t> levels = {1, 2, 3};
  double chinese_share = 0.2;  // the rest is English
};
void fields(core::FieldVisitor& v, ProblemMix& c);

/// UserError for an unknown family, a level outside 1..3, an empty list or a share outside [0, 1].
void check_problem_mix(const ProblemMix& mix);

/// Draws family and level uniformly and then a problem; redraws (up to 1000 times, then UserError) what is excluded.
/// Everything comes from streams of `key` with `sample` counting the redraws.
GeneratedProblem draw_problem(const ProblemMix& mix, core::RngKey key, const ExcludedHashes& excluded);

/// `count` problems with ids "NAME-000000" ..., a pure function of the arguments. Cells (family x level) take turns, so
/// that any prefix is balanced. A cell that gives nothing new in 1000 draws in a row is empty from then on: the others
/// fill its place and one warning a cell is logged. UserError when all cells are empty before `count` is reached.
std::vector<GeneratedProblem> make_problem_split(const ProblemMix& mix, std::uint64_t seed, const std::string& name,
                                                 std::int64_t count, const ExcludedHashes& excluded);

/// Adds the content hashes of `problems` to `hashes`.
void exclude(const std::vector<GeneratedProblem>& problems, ExcludedHashes& hashes);

}  // namespace r1::data
