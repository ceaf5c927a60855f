// Conditions between stages: a figure of a stage's manifest must lie within bounds before what depends on the stage may
// start; otherwise the run stops, or changes the recipe and goes on with the changed one. What was measured is kept in
// the run directory (changes.json), so that the recipe in force is a pure function of the recipe file and that journal:
// the same command finds a repeated stage complete, and a kill at any moment loses nothing. It runs no stage.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/pipeline/manifest.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

struct StageCondition {
  std::string stage;
  std::string metric;
  double at_least = -std::numeric_limits<double>::infinity();
  double at_most = std::numeric_limits<double>::infinity();
  std::string otherwise = "stop";  // stop | repeat
  std::vector<std::string> changes =
      {};  // repeat: as of --set, over the recipe; {n} is the number of the repeat, from 1
  std::int64_t repeats = 1;  // at most
};
void fields(core::FieldVisitor& v, StageCondition& c);

/// A recipe's stages with further settings (as of --set) over its own.
using RebuildStages = std::function<StageList(const std::vector<std::string>& sets)>;

/// A figure that did not hold. `identity` is lineage_of its stage.
struct FailedCondition {
  std::string stage;
  std::string metric;
  double value = 0.0;
  std::string identity;
  std::vector<std::string> changes;  // made because of it; for the reader
};
inline constexpr const char* kChangesFile = "changes.json";
std::vector<FailedCondition> read_changes(const std::filesystem::path& run);
/// Atomically.
void append_change(const std::filesystem::path& run, const FailedCondition& failed);

/// Of what decides a stage's outputs, known before anything ran: the configurations of the stage and of all it depends
/// on, and the bytes of their inputs from outside.
std::string lineage_of(const StageList& stages, const std::filesystem::path& run, const std::string& stage);

/// A figure that is not finite never holds.
bool holds(const StageCondition& condition, double value);
/// "at least 0.5", "at most 2", "between 0.5 and 2".
std::string bound_text(const StageCondition& condition);
/// The changes of repeat number `n`.
std::vector<std::string> changes_of(const StageCondition& condition, std::int64_t n);
/// The condition's figure. UserError with the nearest name when the stage's manifest has none of that name.
double figure_of(const StageCondition& condition, const Manifest& manifest);

/// What a run would say after hours is said at its start: UserError for an unknown stage, no or crossed bounds, changes
/// that are no settings of the recipe or change nothing that the stage depends on, repeats that would all be the same.
/// `rebuild` may be empty when no condition repeats.
void check_conditions(const std::vector<StageCondition>& conditions, const StageList& stages,
                      const std::filesystem::path& run, const RebuildStages& rebuild);

/// What a run directory's journal makes of the recipe.
struct ChangedStages {
  StageList stages;  // empty: nothing changed
  std::vector<std::string> sets;  // the changes in force, in the order in which they were made
  std::vector<std::int64_t> used;  // of each condition: its repeats so far
};
/// Entries of the journal that fit no condition and no stage as it is now (an edited recipe) change nothing.
ChangedStages changed_stages(const StageList& stages, const std::filesystem::path& run,
                             const std::vector<StageCondition>& conditions, const RebuildStages& rebuild);

}  // namespace r1::pipeline
