// The child's side of isolated scoring. A worker is this same binary started anew (/proc/self/exe with the hidden verb
// kWorkerVerb), not a bare fork: by the time rewards are scored the parent has threads (libtorch, rollout), and a fork
// without exec of a threaded process may inherit locks nobody will ever release. Re-execution works from any thread at
// any time, also for the restart after a kill, and the child starts small, so its memory limit means something. main()
// calls run_scorer_worker when argv[1] is the verb, before anything else, and returns its result.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "r1/reward/verdict.h"

namespace r1::reward {

inline constexpr const char* kWorkerVerb = "--r1-scorer-worker";
inline constexpr int kWorkerSocket = 3;  // the file descriptor a worker talks on

/// Builds a scorer from a text; runs in the worker. A UserError thrown here reaches the parent.
using ScorerFactory = std::function<std::unique_ptr<Scorer>(const std::string& spec)>;

/// True when main was started as a worker.
bool is_scorer_worker(int argc, char** argv);

/// Serves verdicts until the parent closes the socket; returns main's exit code.
int run_scorer_worker(const ScorerFactory& factory);

}  // namespace r1::reward
