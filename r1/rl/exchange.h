// What the processes of an RL run tell each other: each samples, scores and recomputes its own share, and then all have
// the same whole, so that advantages, mini-batches and metrics are one process's.
#pragma once

#include <vector>

#include "r1/rl/sample.h"
#include "r1/rl/update.h"
#include "r1/train/data_parallel.h"

namespace r1::rl {

/// The scored samples of all processes, in rank order: completion, text and verdict. Prompts, languages, advantages and
/// the trainer's log-probabilities are the caller's to set.
std::vector<Sample> gather_samples(const train::Peers& peers, std::vector<Sample> own);

/// recompute() (update.h) of `samples`, each process its share.
Recomputed recompute_shared(const train::Peers& peers, const model::Decoder& model,
                            const std::vector<const Sample*>& samples, const GrpoConfig& config);

/// The values of all processes, in rank order.
std::vector<float> gather_floats(const train::Peers& peers, const std::vector<float>& own, const std::string& what);

/// `samples` that are this process's (train::Peers::share).
std::vector<const Sample*> own_samples(const train::Peers& peers, const std::vector<const Sample*>& samples);

}  // namespace r1::rl
