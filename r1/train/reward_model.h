// Reward models (DeepSeek-R1, training of the helpful and the safety reward model; InstructGPT section 3.5): a decoder
// with a scalar head, trained on pairs of texts (helpful) or on single labelled texts (safe), and its use as a scorer
// of texts. No torch type in this header. Making token ids from prompts and answers is rl/model_scorer.h's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/metric_sink.h"
#include "r1/train/trainer.h"

namespace r1::train {

struct RewardModelConfig {
  std::string kind = "pairwise";  // pairwise (Bradley-Terry) | pointwise (binary cross-entropy)
  std::int64_t epochs = 1;
  std::int64_t batch_size = 32;            // pairs or texts of one update
  std::int64_t micro_batch_tokens = 8192;  // tokens of one forward
  double center_coefficient = 0.0;         // c of c * mean((s_chosen + s_rejected)^2), pairwise only
  OptimizerConfig optimizer;
  std::string dtype = "f32";            // f32 | bf16 (FP32 master weights)
  std::int64_t checkpoint_every = 50;  // updates
  std::int64_t log_every = 10;
  std::int64_t seed = 1;  // of the head and of the order of the examples
};
void fields(core::FieldVisitor& v, RewardModelConfig& c);

/// Token ids, end of sequence included (rl::reward_sequence makes them).
struct RewardExample {
  std::vector<std::int32_t> chosen;    // pointwise: the text
  std::vector<std::int32_t> rejected;  // pointwise: empty
  double label = 1.0;                  // pointwise: 1 safe, 0 unsafe
};

struct RewardModelInputs {
  std::string stage = "reward_model";       // name in metrics and progress
  std::filesystem::path init_from;          // Hugging Face folder with tokenizer.json; a reward model's head is kept
  std::vector<RewardExample> examples;      // shuffled epoch by epoch
  std::vector<RewardExample> held_out;      // never trained on: accuracy and offset come from them
  std::filesystem::path output;             // Hugging Face folder, written when all updates are done
  std::filesystem::path state;              // r1_state/: checkpoints for resume; removed when done
  core::MetricSink* metrics = nullptr;
};

struct RewardModelResult {
  std::int64_t steps = 0;          // updates: epochs * ceil(examples / batch_size)
  std::int64_t tokens = 0;         // trained on
  double final_loss = 0.0;         // of the last update
  double train_accuracy = 0.0;     // over the last epoch, each example as it was met before its update
  double held_out_accuracy = 0.0;  // after training
  double offset = 0.0;             // see RewardModel::offset
  double flops = 0.0;              // of training and of the held-out examples (flops.h)
  std::int64_t resumed_from = 0;   // update of the checkpoint it started from; 0: from the beginning
};

/// Trains decoder and head to the end, resuming from `state`; the bytes written do not depend on where it was killed.
/// UserError, naming the example, for one that does not fit the model or `kind`, and for a loss that is no number.
/// Metrics (TRL's names): loss, accuracy, margin, min_reward, mean_reward, max_reward, grad_norm, learning_rate,
/// num_tokens; at the last update also eval_accuracy. The experts' selection biases stay as they are.
RewardModelResult train_reward_model(const RewardModelConfig& config, const RewardModelInputs& inputs);

/// The threshold t for which most of `above` lie above t and most of `below` lie below it: the sum of the two shares is
/// largest. Of equally good thresholds, each halfway between two neighbouring scores, the one nearest to the mean of
/// all scores; of those, the lower. Needs one score in all at least.
double separating_score(const std::vector<double>& above, const std::vector<double>& below);

/// A trained reward model.
class RewardModel {
 public:
  /// A folder that train_reward_model wrote; UserError, naming what is missing, for another.
  static RewardModel open(const std::filesystem::path& folder, const std::string& dtype = "f32");

  /// One score a sequence, in their order. A score does not depend by one bit on its neighbours. Sequences are of 1 to
  /// max_length() ids of the vocabulary (R1_CHECK). Not thread-safe.
  std::vector<double> score(const std::vector<std::vector<std::int32_t>>& sequences) const;

  /// sigmoid(score - offset()) is the reward in [0, 1]. pairwise: separating_score of the held-out chosen and rejected
  /// texts, since pairs leave the level of the scores open; pointwise: 0, sigmoid(score) is P(safe).
  double offset() const;
  /// pairwise | pointwise.
  const std::string& kind() const;
  /// Longest sequence it reads, in tokens.
  std::int64_t max_length() const;
  std::int64_t vocab_size() const;

 private:
  struct Impl;
  explicit RewardModel(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<const Impl> impl_;
};

}  // namespace r1::train
