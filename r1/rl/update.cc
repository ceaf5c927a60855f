// Updates of the policy (update.h).
#include "r1/rl/update.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "r1/core/error.h"
#include "r1/core/phase.h"
#include "r1/rl/exchange.h"
#include "r1/rl/grpo_loss.h"
#include "r1/tensor/range.h"

namespace r1::rl {

namespace {

double sampling_temperature(const GrpoConfig& config) {
  return config.sampling.temperature == 0.0 ? 1.0 : config.sampling.temperature;
}

at::Tensor floats_of(const std::vector<const Sample*>& samples, std::int64_t count,
                     const std::vector<float> Sample::* values) {
  at::Tensor out = at::empty({count}, at::TensorOptions().dtype(at::kFloat));
  float* p = out.mutable_data_ptr<float>();
  for (const Sample* s : samples) p = std::copy((s->*values).begin(), (s->*values).end(), p);
  return out;
}

at::Tensor advantages_of(const std::vector<const Sample*>& samples, std::int64_t count) {
  at::Tensor out = at::empty({count}, at::TensorOptions().dtype(at::kFloat));
  float* p = out.mutable_data_ptr<float>();
  for (const Sample* s : samples) p = std::fill_n(p, s->completion.ids.size(), static_cast<float>(s->advantage));
  return out;
}

tensor::TokenLogprobs forward(const model::Decoder& model, const SampleBatch& batch, double temperature) {
  const at::Tensor h = model.stack(batch.input).index_select(0, batch.rows);  // prompts need no logits
  return model.logprobs(model.final_norm(h), batch.targets.index_select(0, batch.rows), temperature);
}

GrpoLossConfig loss_config(const GrpoConfig& c) {
  return {.clip_low = c.clip_low,
          .clip_high = c.clip_high,
          .delta = c.delta,
          .kl_coefficient = c.kl_coefficient,
          .bias_correction_kl = c.bias_correction_kl,
          .ratio_level = c.ratio_level,
          .normalizer = c.loss_normalizer,
          .constant_length = c.constant_length,
          .entropy_coefficient = c.entropy_coefficient};
}

/// Over all processes; log-probabilities in the order of all samples.
void sum_stats(const train::Peers& peers, UpdateStats& s) {
  std::vector<double> sums = {s.loss, s.kl_sum, s.clipped_low, s.clipped_high, s.ratio_sum, s.entropy_sum};
  peers.sum(sums, "losses");
  s.loss = sums[0];
  s.kl_sum = sums[1];
  s.clipped_low = sums[2];
  s.clipped_high = sums[3];
  s.ratio_sum = sums[4];
  s.entropy_sum = sums[5];
  s.logp = gather_floats(peers, s.logp, "log-probabilities");
}

}  // namespace

Recomputed recompute(const model::Decoder& model, const std::vector<const Sample*>& samples, const GrpoConfig& config) {
  Recomputed out;
  for (const auto& part : split_by_tokens(samples, config.micro_batch_tokens)) {
    const tensor::TokenLogprobs result =
        forward(model, pack_samples(part, model.device()), sampling_temperature(config));
    const at::Tensor logp = result.logp.cpu();
    const float* p = logp.const_data_ptr<float>();
    out.logp.insert(out.logp.end(), p, p + logp.numel());
    out.entropy_sum += result.entropy.sum().item<double>();
  }
  return out;
}

LogpDifference logp_difference(const std::vector<const Sample*>& samples, const std::vector<float>& recomputed) {
  LogpDifference out;
  std::size_t i = 0;
  for (const Sample* s : samples) {
    for (const float sampled : s->completion.logprobs) {
      R1_CHECK(i < recomputed.size(), "{} recomputed log-probabilities are too few", recomputed.size());
      const double difference = std::abs(static_cast<double>(recomputed[i++]) - static_cast<double>(sampled));
      out.max = std::isnan(difference) ? difference : std::max(out.max, difference);
      out.mean += difference;
    }
  }
  out.mean /= static_cast<double>(std::max<std::size_t>(1, i));
  return out;
}

UpdateStats update(model::Decoder& model, train::AdamW& optimizer, const std::vector<const Sample*>& samples,
                   const UpdateSettings& settings) {
  const GrpoConfig& config = settings.config;
  const auto parts = split_by_tokens(own_samples(settings.peers, samples), config.micro_batch_tokens);
  std::vector<double> num_parts = {static_cast<double>(parts.size())};
  settings.peers.sum(num_parts, "micro-batches");
  UpdateTotals totals{static_cast<std::int64_t>(samples.size()), 0, static_cast<std::int64_t>(num_parts[0])};
  for (const Sample* s : samples) totals.tokens += static_cast<std::int64_t>(s->completion.ids.size());
  UpdateStats stats;
  stats.tokens = static_cast<double>(totals.tokens);
  const bool with_reference = !samples.empty() && !samples.front()->ref_logp.empty();
  for (const auto& part : parts) {
    core::phase_mark("update");
    std::optional<tensor::Range> range(std::in_place, "forward");
    const at::Device device = model.device();
    SampleBatch batch = pack_samples(part, device);
    batch.input.gradient_checkpointing = config.gradient_checkpointing;
    const std::int64_t count = batch.rows.size(0);
    const tensor::TokenLogprobs result = forward(model, batch, sampling_temperature(config));
    const GrpoLoss loss =
        grpo_loss({.logp = result.logp,
                   .old_logp = floats_of(part, count, &Sample::old_logp).to(device),
                   .ref_logp = with_reference ? floats_of(part, count, &Sample::ref_logp).to(device) : at::Tensor(),
                   .advantage = advantages_of(part, count).to(device),
                   .sequence = batch.sequence,
                   .entropy = result.entropy,
                   .num_sequences = batch.num_sequences},
                  loss_config(config), totals);
    range.emplace("backward");
    loss.loss.backward();
    const at::Tensor logp = result.logp.detach().cpu();
    const float* p = logp.const_data_ptr<float>();
    stats.logp.insert(stats.logp.end(), p, p + count);
    stats.loss += loss.loss.item<double>();
    stats.kl_sum += loss.kl_sum;
    stats.clipped_low += loss.clipped_low;
    stats.clipped_high += loss.clipped_high;
    stats.ratio_sum += loss.ratio_sum;
    stats.entropy_sum += result.entropy.sum().item<double>();
  }
  sum_stats(settings.peers, stats);
  settings.peers.sum_gradients(model, "gradients");
  const tensor::Range range("optimizer");
  stats.grad_norm = optimizer.grad_norm();
  if (!std::isfinite(stats.loss) || !std::isfinite(stats.grad_norm))
    user_error(
        "the loss is {} (gradient norm {}) at update {}; the last good checkpoint stays. Lower optimizer.learning_rate "
        "(now {}) "
        "and run again",
        stats.loss, stats.grad_norm, optimizer.num_steps() + 1, config.optimizer.learning_rate);
  optimizer.step(settings.rate, std::min(1.0, config.optimizer.max_grad_norm / (stats.grad_norm + 1e-6)));
  return stats;
}

}  // namespace r1::rl
