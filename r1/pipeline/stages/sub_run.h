// Several trainings within one stage: each is done once, a restart after a kill skips those that are done and resumes
// the one that was cut short.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "r1/pipeline/stage.h"

namespace r1::pipeline {

/// The figures of sub-run `name`: of `run(state)`, where `state` is a folder for its checkpoints, or, when an earlier
/// process has finished it, as that one left them.
Metrics run_once(const StageContext& context, const std::string& name,
                 const std::function<Metrics(const std::filesystem::path& state)>& run);

/// Adds `more` under "prefix/...".
void add_metrics(Metrics& metrics, const std::string& prefix, const Metrics& more);

/// The figure `name`; Error when it is missing.
double figure(const Metrics& metrics, const std::string& name);

}  // namespace r1::pipeline
