// Fields of the configuration, the threshold between two groups of scores, and a trained reward model in use
// (reward_model.h). Training is in reward_trainer.cc.
#include "r1/train/reward_model.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tensor/dtype.h"
#include "r1/train/reward_network.h"
#include "r1/weights/safetensors.h"

namespace r1::train {

namespace {

constexpr std::int64_t kScoringTokens = 8192;  // of one forward; scores do not depend on it

struct Scored {
  double score;
  bool above;
};

double share(std::size_t count, std::size_t total) {
  return total == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(total);
}

}  // namespace

void fields(core::FieldVisitor& v, RewardModelConfig& c) {
  v("kind", c.kind, "pairwise (Bradley-Terry, on pairs) | pointwise (binary cross-entropy, on labelled texts)");
  v("epochs", c.epochs, "passes over the examples");
  v("batch_size", c.batch_size, "pairs or texts of one update");
  v("micro_batch_tokens", c.micro_batch_tokens, "tokens of one forward and backward");
  v("center_coefficient", c.center_coefficient, "factor of mean((s_chosen + s_rejected)^2), pairwise only");
  v("optimizer", c.optimizer, "AdamW and its schedule");
  v("dtype", c.dtype, "f32 | bf16 (FP32 master weights)");
  v("checkpoint_every", c.checkpoint_every, "updates between checkpoints");
  v("log_every", c.log_every, "updates between metric records");
  v("seed", c.seed, "of the head's weights and the order of the examples");
}

double separating_score(const std::vector<double>& above, const std::vector<double>& below) {
  R1_CHECK(!above.empty() || !below.empty(), "no scores");
  std::vector<Scored> all;
  double mean = 0.0;
  for (const double s : above) all.push_back({s, true});
  for (const double s : below) all.push_back({s, false});
  for (const Scored& s : all) mean += s.score / static_cast<double>(all.size());
  std::sort(all.begin(), all.end(), [](const Scored& a, const Scored& b) { return a.score < b.score; });
  double best = mean, best_value = -1.0;
  std::size_t above_left = above.size(), below_passed = 0;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i].above) --above_left;
    if (!all[i].above) ++below_passed;
    if (all[i].score == all[i + 1].score) continue;
    const double value = share(above_left, above.size()) + share(below_passed, below.size());
    const double threshold = all[i].score + (all[i + 1].score - all[i].score) / 2.0;
    const bool nearer = std::abs(threshold - mean) < std::abs(best - mean);
    if (value > best_value || (value == best_value && nearer)) best = threshold;
    best_value = std::max(best_value, value);
  }
  return best;
}

struct RewardModel::Impl {
  RewardNetwork network;
  std::string kind;
  double offset;
};

RewardModel RewardModel::open(const std::filesystem::path& folder, const std::string& dtype) {
  const std::filesystem::path card = folder / "reward_model.json";
  if (!std::filesystem::exists(card))
    user_error("{}: no reward_model.json, so this is no reward model; name a folder that a reward_model stage wrote",
               folder.string());
  const nlohmann::json j = nlohmann::json::parse(core::read_file(card), nullptr, false);
  const bool complete = j.is_object() && j.contains("format") && j.contains("kind") && j.contains("offset") &&
                        j["kind"].is_string() && j["offset"].is_number();
  if (!complete || j["format"] != 1)
    user_error("{}: not a reward model's card of format 1 (format, kind, offset); train it again", card.string());
  if (!weights::SafetensorsReader(folder).contains(model::ValueHead::kName))
    user_error("{}: the weights hold no {}; train the reward model again", folder.string(), model::ValueHead::kName);
  return RewardModel(std::make_shared<const Impl>(Impl{RewardNetwork(folder, tensor::scalar_type(dtype), 0),
                                                       j["kind"].get<std::string>(), j["offset"].get<double>()}));
}

std::vector<double> RewardModel::score(const std::vector<std::vector<std::int32_t>>& sequences) const {
  std::vector<const TokenSequence*> texts;
  for (const TokenSequence& ids : sequences) texts.push_back(&ids);
  return impl_->network.score(texts, kScoringTokens);
}

double RewardModel::offset() const { return impl_->offset; }
const std::string& RewardModel::kind() const { return impl_->kind; }
std::int64_t RewardModel::max_length() const { return impl_->network.decoder().shape().max_position_embeddings; }
std::int64_t RewardModel::vocab_size() const { return impl_->network.decoder().shape().vocab_size; }

}  // namespace r1::train
