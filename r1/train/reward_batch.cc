// Examples of a reward model (reward_batch.h).
#include "r1/train/reward_batch.h"

#include <algorithm>

#include "r1/core/error.h"
#include "r1/tensor/dtype.h"

namespace r1::train {

namespace {

void check_text(const TokenSequence& ids, const std::string& which, const model::DecoderShape& model) {
  const auto size = static_cast<std::int64_t>(ids.size());
  if (size == 0) user_error("{} is empty; leave the example out", which);
  if (size > model.max_position_embeddings)
    user_error("{} has {} tokens, the model reads {} (max_position_embeddings); leave it out or shorten it", which,
               size, model.max_position_embeddings);
  for (const std::int32_t id : ids)
    if (id < 0 || id >= model.vocab_size)
      user_error("{} holds the token id {}, the model's vocabulary has {}; encode it with the model's tokenizer", which,
                 id, model.vocab_size);
}

}  // namespace

void check_examples(const std::vector<RewardExample>& examples, const std::string& name, bool pairwise,
                    const model::DecoderShape& model) {
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const RewardExample& e = examples[i];
    const std::string where = fmt::format("{} {}", name, i);
    check_text(e.chosen, where + (pairwise ? ": the chosen text" : ": the text"), model);
    if (pairwise) check_text(e.rejected, where + ": the rejected text", model);
    if (!pairwise && !e.rejected.empty())
      user_error("{} has a rejected text; an example of a pointwise model is one text and a label", where);
    if (!pairwise && !(e.label >= 0.0 && e.label <= 1.0))
      user_error("{} has the label {}; labels go from 0 (unsafe) to 1 (safe)", where, e.label);
  }
}

std::vector<const TokenSequence*> texts_of(const RewardExamples& examples, bool pairwise) {
  std::vector<const TokenSequence*> texts;
  for (const RewardExample* e : examples) texts.push_back(&e->chosen);
  if (!pairwise) return texts;
  for (const RewardExample* e : examples) texts.push_back(&e->rejected);
  return texts;
}

at::Tensor labels_of(const RewardExamples& examples) {
  at::Tensor out = tensor::empty_f32({static_cast<std::int64_t>(examples.size())});
  float* p = out.mutable_data_ptr<float>();
  for (const RewardExample* e : examples) *p++ = static_cast<float>(e->label);
  return out;
}

std::int64_t tokens_of(const RewardExample& example) {
  return static_cast<std::int64_t>(example.chosen.size() + example.rejected.size());
}

void RewardScores::add(const std::vector<double>& values, bool pairwise) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(pairwise ? values.size() / 2 : values.size());
  chosen.insert(chosen.end(), values.begin(), middle);
  rejected.insert(rejected.end(), middle, values.end());
}

std::int64_t RewardScores::correct(const RewardExamples& examples) const {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const bool right = rejected.empty() ? (chosen[i] > 0.0) == (examples[i]->label > 0.5) : chosen[i] > rejected[i];
    count += right ? 1 : 0;
  }
  return count;
}

std::vector<std::pair<std::string, double>> score_metrics(const RewardScores& scores, const RewardExamples& examples) {
  std::vector<double> all = scores.chosen;
  all.insert(all.end(), scores.rejected.begin(), scores.rejected.end());
  R1_CHECK(!all.empty(), "no scores");
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  const auto count = static_cast<double>(examples.size());
  double mean = 0.0, margin = 0.0;
  for (const double s : all) mean += s / static_cast<double>(all.size());
  for (std::size_t i = 0; i < scores.rejected.size(); ++i) margin += (scores.chosen[i] - scores.rejected[i]) / count;
  std::vector<std::pair<std::string, double>> out = {
      {"loss", scores.loss},
      {"accuracy", static_cast<double>(scores.correct(examples)) / count},
      {"mean_reward", mean},
      {"min_reward", *low},
      {"max_reward", *high}};
  if (!scores.rejected.empty()) out.emplace_back("margin", margin);
  return out;
}

}  // namespace r1::train
