// The rollout engine: prompt token ids in, sampled ids with log-probabilities out. It runs the model's one forward (the
// trainer's) over a KV cache, refilling finished slots at once. Token ids only: no tokenizer, no text. No torch type in
// this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "r1/core/config.h"

namespace r1::model {
class Decoder;
}

namespace r1::rollout {

struct EngineConfig {
  std::int64_t max_batch = 128;  // sequences decoded side by side
  std::int64_t max_tokens = 1024;  // prompt + completion of one sequence at most
  std::int64_t prefill_tokens = 2048;  // prompt tokens put into one step at most
  std::string device = "cpu";  // cpu | cuda | auto; Engine::open moves the model there
  std::string numerics =
      "exact";  // exact: expanded keys and values, bit-equal to training | fast: absorbed latent cache
  bool reuse_prefix = false;  // a prompt that begins like what a slot still holds keeps those rows (weights that never
                              // change: chat); changes no bit in exact
};
void fields(core::FieldVisitor& v, EngineConfig& c);

struct SamplingConfig {
  double temperature = 1.0;  // 0: greedy
  std::int64_t top_k = 0;  // 0: off
  double top_p = 1.0;
  double min_p = 0.0;  // tokens below min_p * the best probability are dropped
  std::int64_t max_new_tokens = 256;
  std::int64_t min_new_tokens = 0;  // end-of-sequence ids are ignored before (benchmarks)
};
void fields(core::FieldVisitor& v, SamplingConfig& c);

/// One sequence to sample. (seed, step, prompt, sample) name its random numbers: any one rollout can be replayed alone.
struct Request {
  std::vector<std::int32_t> prompt;
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::uint32_t prompt_index = 0;
  std::uint32_t sample_index = 0;
};

enum class FinishReason { Stop, Length, Abort };

struct Completion {
  std::vector<std::int32_t> ids;  // sampled tokens, the end-of-sequence token included
  std::vector<float> logprobs;  // full vocabulary, temperature-scaled: what training uses (greedy: temperature 1)
  std::vector<float> log_kept_mass;  // log of the mass that top-k / top-p / min-p kept, per token
  FinishReason finish_reason = FinishReason::Length;
  std::int64_t version = 0;  // weights' version that sampled it
  std::int64_t reused_tokens = 0;  // of the prompt, whose keys and values were there already (reuse_prefix)
  std::uint32_t prompt_index = 0;
  std::uint32_t sample_index = 0;
};

/// Called after each token sampled for a request, with its completion so far; false ends it there (Abort).
using TokenCallback = std::function<bool(const Completion&)>;

class Engine {
 public:
  /// Loads a Hugging Face folder (config.json, model*.safetensors, generation_config.json for the end-of-sequence ids),
  /// with the adapter in the folder `adapter` unless that is empty. An adapter's virtual tokens stand in front of every
  /// sequence; requests, completions and limits do not count them.
  static Engine open(const std::filesystem::path& folder, const EngineConfig& config, const std::string& dtype = "f32",
                     const std::filesystem::path& adapter = {});
  /// Shares a trainer's model: the weights sampled from are those being trained.
  Engine(std::shared_ptr<model::Decoder> model, std::vector<std::int32_t> eos_ids, const EngineConfig& config);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// One completion a request, in the order of the requests. `progress(done)` is called after each finished sequence.
  std::vector<Completion> generate(const std::vector<Request>& requests, const SamplingConfig& sampling,
                                   const std::function<void(std::int64_t)>& progress = {},
                                   const TokenCallback& on_token = {});

  /// Log-probabilities [length - 1] of ids[1..] given what precedes, at temperature 1, by the trainer's packed forward.
  std::vector<float> score(const std::vector<std::int32_t>& ids);

  const std::vector<std::int32_t>& eos_ids() const;
  std::int64_t vocab_size() const;
  /// Tokens that one sequence can have, prompt and completion together.
  std::int64_t max_tokens() const;
  /// Parameters that one token uses (for counts of compute).
  std::int64_t num_active_parameters() const;
  /// Names the weights in Completion::version.
  void set_version(std::int64_t version);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace r1::rollout
