// The countdown corpus: search traces in the shape of corpus.h's documents (style Careful). Document i is a pure
// function of (config, seed, i). It writes no files.
#pragma once

#include <cstdint>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/problems/corpus.h"
#include "r1/data/problems/countdown.h"

namespace r1::data {

struct CountdownCorpusConfig : CountdownConfig {
  std::int64_t num_documents = 200000;
  std::string prompt_template = "User: {prompt}\nAssistant: ";
};
void fields(core::FieldVisitor& v, CountdownCorpusConfig& c);

/// UserError names the key that makes no sense.
void check_countdown_corpus_config(const CountdownCorpusConfig& config);

/// Document `index` (0 <= index < 2^32) alone, of a problem whose content hash is not excluded (test and validation
/// sets).
CorpusDocument countdown_document(const CountdownCorpusConfig& config, std::uint64_t seed, std::int64_t index,
                                  const ExcludedHashes& excluded);

/// Documents 0 ... num_documents - 1.
std::vector<CorpusDocument> make_countdown_corpus(const CountdownCorpusConfig& config, std::uint64_t seed,
                                                  const ExcludedHashes& excluded);

/// `count` problems for reinforcement learning, unique by content hash and not excluded, ids "NAME-000000" ...
/// UserError when 1000 draws in a row give nothing new.
std::vector<CountdownProblem> make_countdown_split(const CountdownConfig& config, std::uint64_t seed,
                                                   const std::string& name, std::int64_t count,
                                                   const ExcludedHashes& excluded);

}  // namespace r1::data
