// The problems of a run by kind of corpus: generated families, the countdown data set, or files of problem records.
// Whoever is held out or for validation is in nothing that is trained on. Internal to stage corpus.
#pragma once

#include <cstdint>
#include <vector>

#include "r1/data/contamination.h"
#include "r1/data/problems/split.h"
#include "r1/pipeline/stages/corpus.h"
#include "r1/pipeline/stages/general_data.h"

namespace r1::pipeline {

struct CorpusProblems {
  std::vector<data::Problem> held_out, validation, rl;
  data::ExcludedHashes excluded;  // content hashes of held_out and validation
  GeneralData general;
  std::int64_t bad_lines = 0;
};

CorpusProblems make_corpus_problems(const CorpusStageConfig& config, const DataPlaces& places, std::uint64_t seed);

/// Finds held-out (general ones too) and validation problems in texts.
data::ContaminationCheck guard(const CorpusProblems& problems);

/// Removes what holds a held-out prompt ("3+9*8 = ?" holds "9*8 = ?") from the problems for reinforcement learning and
/// from the general prompts and answers; returns how many of each.
struct DroppedProblems {
  std::size_t rl = 0;
  std::size_t general = 0;
};
DroppedProblems drop_guarded(CorpusProblems& problems);

}  // namespace r1::pipeline
