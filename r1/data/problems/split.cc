// Draws splits of generated problems; see split.h for what makes two problems the same.
#include "r1/data/problems/split.h"

#include <fmt/format.h>

#include <optional>

#include "r1/core/error.h"
#include "r1/core/hash.h"
#include "r1/core/log.h"

namespace r1::data {
namespace {

constexpr std::uint32_t kMaxRedraws = 1000;

/// One family at one level.
struct Cell {
  const Family* family;
  std::int64_t level;
  std::int64_t taken = 0;
  std::uint32_t draws = 0;
  bool empty = false;
};

std::string draw_language(double chinese_share, core::Rng& rng) { return rng.uniform() < chinese_share ? "zh" : "en"; }

std::vector<Cell> make_cells(const ProblemMix& mix) {
  std::vector<Cell> cells;
  for (const std::string& name : mix.families)
    for (const std::int64_t level : mix.levels) cells.push_back({&find_family(name), level});
  return cells;
}

/// The next problem of a cell that `seen` does not hold yet; none after kMaxRedraws in vain.
std::optional<GeneratedProblem> draw_unseen(Cell& cell, core::RngKey key, double chinese_share, ExcludedHashes& seen) {
  for (std::uint32_t redraw = 0; redraw < kMaxRedraws; ++redraw) {
    key.sample = cell.draws++;
    core::Rng rng(key);
    const std::string language = draw_language(chinese_share, rng);
    GeneratedProblem problem = cell.family->generate(cell.level, language, rng);
    if (seen.insert(content_hash(problem.problem)).second) return problem;
  }
  return std::nullopt;
}

}  // namespace

void fields(core::FieldVisitor& v, ProblemMix& c) {
  v("families", c.families, "problem families");
  v("levels", c.levels, "difficulty levels, 1 = easiest");
  v("chinese_share", c.chinese_share, "share of problems asked in Chinese; the rest is English");
}

void check_problem_mix(const ProblemMix& mix) {
  if (mix.families.empty()) user_error("families is empty; name at least one problem family");
  if (mix.levels.empty()) user_error("levels is empty; name at least one level, e.g. [1, 2, 3]");
  for (const std::string& name : mix.families) {
    const Family& family = find_family(name);
    for (const std::int64_t level : mix.levels)
      if (level < 1 || level > family.levels)
        user_error("levels: family {} has 1 to {}, not {}", name, family.levels, level);
  }
  if (!(mix.chinese_share >= 0.0 && mix.chinese_share <= 1.0))
    user_error("chinese_share is {}; it must lie in [0, 1]", mix.chinese_share);
}

GeneratedProblem draw_problem(const ProblemMix& mix, core::RngKey key, const ExcludedHashes& excluded) {
  for (key.sample = 0; key.sample < kMaxRedraws; ++key.sample) {
    core::Rng rng(key);
    const std::string& family = mix.families[rng.below(mix.families.size())];
    const std::int64_t level = mix.levels[rng.below(mix.levels.size())];
    const std::string language = draw_language(mix.chinese_share, rng);
    GeneratedProblem problem = find_family(family).generate(level, language, rng);
    if (!excluded.contains(content_hash(problem.problem))) return problem;
  }
  user_error("{} draws in a row gave held-out problems only; hold out fewer, or add families or levels", kMaxRedraws);
}

std::vector<GeneratedProblem> make_problem_split(const ProblemMix& mix, std::uint64_t seed, const std::string& name,
                                                 std::int64_t count, const ExcludedHashes& excluded) {
  check_problem_mix(mix);
  std::vector<Cell> cells = make_cells(mix);
  ExcludedHashes seen = excluded;
  core::RngKey key{.seed = seed, .purpose = core::Purpose::Problems};
  key.step = static_cast<std::uint32_t>(core::hash64(name));
  std::vector<GeneratedProblem> out;
  std::size_t num_empty = 0;
  for (std::size_t turn = 0; static_cast<std::int64_t>(out.size()) < count; turn = (turn + 1) % cells.size()) {
    Cell& cell = cells[turn];
    if (cell.empty) continue;
    key.prompt = static_cast<std::uint32_t>(turn);
    std::optional<GeneratedProblem> problem = draw_unseen(cell, key, mix.chinese_share, seen);
    if (!problem) {
      cell.empty = true;
      R1_LOG(warn, "split {}: {} level {} has no more than {} unseen problems; other families fill its place", name,
             cell.family->name, cell.level, cell.taken);
      if (++num_empty == cells.size())
        user_error("split {}: only {} of {} problems are unique and not held out; ask for fewer or add families", name,
                   out.size(), count);
      continue;
    }
    ++cell.taken;
    problem->problem.id = fmt::format("{}-{:06}", name, out.size());
    out.push_back(std::move(*problem));
  }
  return out;
}

void exclude(const std::vector<GeneratedProblem>& problems, ExcludedHashes& hashes) {
  for (const GeneratedProblem& problem : problems) hashes.insert(content_hash(problem.problem));
}

}  // namespace r1::data
