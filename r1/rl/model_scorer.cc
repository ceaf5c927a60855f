// A reward model as a scorer (model_scorer.h).
#include "r1/rl/model_scorer.h"

#include <cmath>
#include <utility>

#include "r1/core/error.h"
#include "r1/data/problems/corpus.h"
#include "r1/model/checkpoint.h"
#include "r1/reward/extract.h"

namespace r1::rl {

namespace {

std::string checked(std::string prompt_template) {
  data::fill_template(prompt_template, "");  // says what is wrong with it
  return prompt_template;
}

ModelScorerConfig checked(const ModelScorerConfig& config) {
  if (config.part.empty()) user_error("model scorer: `part` is empty; name the verdict's part (helpful, safe, ...)");
  if (config.reads != "answer" && config.reads != "response")
    user_error("model scorer {}: reads '{}': use answer or response", config.part, config.reads);
  return config;
}

/// In two forms, so that neither exponential overflows.
double sigmoid(double x) { return x >= 0.0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x)); }

reward::Verdict verdict(const std::string& part, double value, std::string why) {
  return {value, {{part, value}}, reward::Outcome::Scored, std::move(why)};
}

reward::Verdict unparseable(const std::string& part, std::string why) {
  return {0.0, {{part, 0.0}}, reward::Outcome::Unparseable, std::move(why)};
}

}  // namespace

std::vector<std::int32_t> reward_sequence(const tokenizer::Tokenizer& tokenizer, const std::string& prompt_template,
                                          const std::string& prompt, const std::string& text, std::int32_t eos) {
  std::vector<std::int32_t> ids = tokenizer.encode(data::fill_template(prompt_template, prompt));
  const std::vector<std::int32_t> rest = tokenizer.encode(text);
  ids.insert(ids.end(), rest.begin(), rest.end());
  ids.push_back(eos);
  return ids;
}

void fields(core::FieldVisitor& v, ModelScorerConfig& c) {
  v("part", c.part, "name of the verdict's part: helpful, safe, ...");
  v("reads", c.reads, "answer (only the last <answer>) | response (everything)");
  v("dtype", c.dtype, "f32 | bf16");
}

ModelScorer::ModelScorer(const std::filesystem::path& folder, const ModelScorerConfig& config,
                         std::string prompt_template)
    : config_(checked(config)),
      prompt_template_(checked(std::move(prompt_template))),
      model_(train::RewardModel::open(folder, config.dtype)),
      tokenizer_(tokenizer::Tokenizer::load(folder / "tokenizer.json")),
      eos_(model::load_eos_ids(folder).front()) {
  if (tokenizer_.vocab_size() > model_.vocab_size() || eos_ < 0 || eos_ >= model_.vocab_size())
    user_error("{}: tokenizer.json has {} tokens, eos_token_id is {}, the model's vocabulary has {}", folder.string(),
               tokenizer_.vocab_size(), eos_, model_.vocab_size());
}

std::optional<std::string> ModelScorer::text(std::string_view completion, const std::string& reads) {
  if (reads == "response") return std::string(completion);
  R1_CHECK(reads == "answer", "reads '{}'", reads);
  return reward::extract_answer(completion);
}

reward::Verdict ModelScorer::score(const reward::RewardInput& input) const {
  return score_batch(std::span<const reward::RewardInput>(&input, 1)).front();
}

std::vector<reward::Verdict> ModelScorer::score_batch(std::span<const reward::RewardInput> inputs) const {
  std::vector<reward::Verdict> out(inputs.size());
  std::vector<std::vector<std::int32_t>> sequences;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::optional<std::string> read = text(inputs[i].completion, config_.reads);
    if (!read || read->empty()) {
      out[i] = unparseable(config_.part, read ? "there is nothing to read" : "no <answer> tag");
      continue;
    }
    std::vector<std::int32_t> ids = reward_sequence(tokenizer_, prompt_template_, inputs[i].prompt, *read, eos_);
    const auto size = static_cast<std::int64_t>(ids.size());
    if (size > model_.max_length()) {
      out[i] =
          unparseable(config_.part, fmt::format("{} tokens, the reward model reads {}", size, model_.max_length()));
      continue;
    }
    sequences.push_back(std::move(ids));
    places.push_back(i);
  }
  std::vector<double> scores;
  {
    const std::scoped_lock lock(mutex_);
    scores = model_.score(sequences);
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!std::isfinite(scores[i])) user_error("the reward model of '{}' gave the score {}", config_.part, scores[i]);
    out[places[i]] = verdict(config_.part, sigmoid(scores[i] - model_.offset()),
                             fmt::format("{} score {:.3f}", config_.part, scores[i]));
  }
  return out;
}

}  // namespace r1::rl
