// Examples of a reward model on their way into an update: whether they fit the model, their texts and labels in the
// order of a forward, and what their scores say. The training loop is reward_trainer.cc's.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "r1/model/decoder.h"
#include "r1/tensor/torch.h"
#include "r1/train/reward_model.h"
#include "r1/train/reward_network.h"

namespace r1::train {

using RewardExamples = std::vector<const RewardExample*>;

/// UserError for the first example that does not fit the kind or the model, "<name> <index> ...".
void check_examples(const std::vector<RewardExample>& examples, const std::string& name, bool pairwise,
                    const model::DecoderShape& model);

/// The texts of examples: all chosen ones, then all rejected ones (pointwise: the texts).
std::vector<const TokenSequence*> texts_of(const RewardExamples& examples, bool pairwise);
/// [N] float32.
at::Tensor labels_of(const RewardExamples& examples);
/// Tokens of an example's texts together.
std::int64_t tokens_of(const RewardExample& example);

/// Scores in the order of their examples.
struct RewardScores {
  std::vector<double> chosen, rejected;  // pointwise: rejected is empty
  double loss = 0.0;

  /// `values`: scores in the order of texts_of.
  void add(const std::vector<double>& values, bool pairwise);
  /// Pairs whose chosen text scores higher, or texts on their label's side of 0.
  std::int64_t correct(const RewardExamples& examples) const;
};

/// TRL's metrics: loss, accuracy, mean_reward, min_reward, max_reward and, of pairs, margin.
std::vector<std::pair<std::string, double>> score_metrics(const RewardScores& scores, const RewardExamples& examples);

}  // namespace r1::train
