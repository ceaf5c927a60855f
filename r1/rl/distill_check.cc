// Checks of distillation's inputs (distill_check.h).
#include "r1/rl/distill_check.h"

#include <vector>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tokenizer/tokenizer.h"
#include "r1/train/distill_loss.h"
#include "r1/train/optim/schedule.h"

namespace r1::rl {

namespace {

/// Text of every id, special and added tokens included.
std::vector<std::string> texts(const std::filesystem::path& file) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(file);
  const tokenizer::Model& model = tokenizer.model();
  std::vector<std::string> out = model.tokens;
  out.resize(static_cast<std::size_t>(tokenizer.vocab_size()));
  for (const auto* extra : {&model.special_tokens, &model.added_tokens})
    for (const auto& [text, id] : *extra) out[static_cast<std::size_t>(id)] = text;
  return out;
}

}  // namespace

void check_settings(const DistillConfig& c, const DistillInputs& in) {
  train::validate(c.optimizer);
  train::validate(train::DivergenceConfig{c.divergence, c.jsd_beta, c.temperature}, in.stage);
  if (c.steps < 1 || c.sequences_per_step < 1 || c.micro_batch_tokens < 1 || c.checkpoint_every < 1 || c.log_every < 1)
    user_error("{}: steps, sequences_per_step, micro_batch_tokens, checkpoint_every and log_every must be positive",
               in.stage);
  if (!(c.on_policy_share >= 0.0 && c.on_policy_share <= 1.0))
    user_error("{}: on_policy_share {} lies outside [0, 1]", in.stage, c.on_policy_share);
  if (in.sequences.empty()) user_error("{}: there are no sequences to distil on", in.stage);
}

void check_sequences(const DistillConfig& c, const DistillInputs& in, std::int64_t vocab, std::int64_t longest) {
  for (std::size_t i = 0; i < in.sequences.size(); ++i) {
    const DistillSequence& s = in.sequences[i];
    if (s.prompt.empty() || s.completion.empty())
      user_error("{}: sequence {} has an empty prompt or completion", in.stage, i);
    const auto prompt = static_cast<std::int64_t>(s.prompt.size());
    const std::int64_t size = prompt + static_cast<std::int64_t>(s.completion.size());
    if (size > longest)
      user_error("{}: sequence {} has {} tokens, the models' max_position_embeddings allow {}", in.stage, i, size,
                 longest);
    if (c.on_policy_share > 0.0 && prompt >= c.engine.max_tokens)
      user_error("{}: the prompt of sequence {} has {} tokens; engine.max_tokens {} leaves no room for the student's",
                 in.stage, i, prompt, c.engine.max_tokens);
    for (const auto* ids : {&s.prompt, &s.completion})
      for (const std::int32_t id : *ids)
        if (id < 0 || id >= vocab)
          user_error("{}: sequence {} has token id {}, the vocabulary has {}", in.stage, i, id, vocab);
  }
}

void check_same_vocabulary(const DistillInputs& in) {
  const std::filesystem::path theirs = in.teacher / "tokenizer.json", ours = in.init_from / "tokenizer.json";
  if (core::read_file(theirs) == core::read_file(ours)) return;
  const std::vector<std::string> a = texts(theirs), b = texts(ours);
  if (a.size() != b.size())
    user_error("{}: {} has {} tokens, {} has {}; a teacher's distributions fit a student with the same vocabulary only",
               in.stage, theirs.string(), a.size(), ours.string(), b.size());
  for (std::size_t id = 0; id < a.size(); ++id)
    if (a[id] != b[id])
      user_error("{}: token {} is '{}' in {} and '{}' in {}; teacher and student need the same vocabulary", in.stage,
                 id, a[id], theirs.string(), b[id], ours.string());
}

}  // namespace r1::rl
