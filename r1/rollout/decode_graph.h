// One decoding step of many sequences on a GPU as a recorded graph: forward, sampling and log-probabilities, with one
// copy in and one out. One graph a batch size; smaller batches repeat their first row, which computes and writes the
// same values again. It knows no requests: that is the engine's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "r1/model/decoder.h"
#include "r1/rollout/kv_cache.h"

namespace r1::rollout {

/// A row is one sequence's newest token.
struct DecodeRows {
  std::vector<std::int64_t> ids, begin, end, write;  // token, its key range, its row in the cache
  std::vector<std::int32_t> positions;
  std::vector<float> uniform;      // random numbers in [0, 1)
  std::vector<std::uint8_t> bans;  // 1: end-of-sequence ids are not sampled
};
struct DecodedRows {
  std::vector<std::int32_t> token;
  std::vector<float> logp, log_kept_mass;
};

class DecodeGraphs {
 public:
  /// `banned`: the end-of-sequence ids.
  DecodeGraphs(const model::Decoder& model, KvCache& cache, std::vector<std::int64_t> banned);
  ~DecodeGraphs();
  DecodeGraphs(const DecodeGraphs&) = delete;
  DecodeGraphs& operator=(const DecodeGraphs&) = delete;

  /// The whole step. Temperature 0: greedy.
  DecodedRows run(const DecodeRows& rows, double temperature);
  /// Sampling alone, from logits [rows, vocab]; of `rows`, uniform and bans count.
  DecodedRows sample(const at::Tensor& logits, const DecodeRows& rows, double temperature) const;

 private:
  struct Step;
  Step& step_of(std::int64_t rows, double temperature);

  const model::Decoder& model_;
  KvCache& cache_;
  at::Tensor banned_;
  double temperature_ = -1.0;  // of the graphs at hand
  std::map<std::int64_t, std::unique_ptr<Step>> steps_;
};

}  // namespace r1::rollout
