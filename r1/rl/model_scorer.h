// A learned reward as a reward::Scorer (DeepSeek-R1 section 3.2.2, its helpful and safety reward models): text in,
// verdict out, by one packed forward of a reward model for a whole batch. How a prompt and a text become the sequence
// that is scored stands here too: the stage that trains the model builds its examples by the same function. No torch
// type in this header. Mixing it with rule rewards is the caller's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "r1/core/config.h"
#include "r1/reward/verdict.h"
#include "r1/tokenizer/tokenizer.h"
#include "r1/train/reward_model.h"

namespace r1::rl {

/// encode(prompt_template with {prompt} filled in) + encode(text) + eos. The parts are encoded apart, as prompts and
/// completions are in RL. UserError when the template has no {prompt}.
std::vector<std::int32_t> reward_sequence(const tokenizer::Tokenizer& tokenizer, const std::string& prompt_template,
                                          const std::string& prompt, const std::string& text, std::int32_t eos);

struct ModelScorerConfig {
  std::string part;              // name of the verdict's part: "helpful", "safe", ...
  std::string reads = "answer";  // answer: only what stands in the last <answer> (R1's helpful model scores the final
                                 // summary) | response: everything (R1's safety model)
  std::string dtype = "f32";  // f32 | bf16
};
void fields(core::FieldVisitor& v, ModelScorerConfig& c);

class ModelScorer : public reward::Scorer {
 public:
  /// Opens the reward model's folder, its tokenizer.json and its first end-of-sequence id. UserErrors name what is
  /// wrong.
  ModelScorer(const std::filesystem::path& folder, const ModelScorerConfig& config, std::string prompt_template);

  /// Score and part: sigmoid(model's score - its offset), in [0, 1]. A completion without an answer tag or with an
  /// empty one (reads: answer), or a sequence longer than the model reads: Outcome::Unparseable, 0, and `why` says so.
  /// Thread-safe: one forward at a time.
  reward::Verdict score(const reward::RewardInput& input) const override;
  /// The same verdicts, bit for bit, from forwards shared by all inputs.
  std::vector<reward::Verdict> score_batch(std::span<const reward::RewardInput> inputs) const override;

  /// What of a completion is read; nothing where there is nothing to read.
  static std::optional<std::string> text(std::string_view completion, const std::string& reads);

 private:
  ModelScorerConfig config_;
  std::string prompt_template_;
  train::RewardModel model_;
  tokenizer::Tokenizer tokenizer_;
  std::int32_t eos_;
  mutable std::mutex mutex_;
};

}  // namespace r1::rl
