// Soft distillation (distill.h): draw sequences, let the student sample where the step is on-policy, one forward of the
// teacher, forward and backward of the student, update, checkpoint. Nothing is in flight between steps.
#include "r1/rl/distill.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/log.h"
#include "r1/core/phase.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/rl/distill_check.h"
#include "r1/rl/sample.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/train/checkpoint.h"
#include "r1/train/distill_loss.h"
#include "r1/train/flops.h"
#include "r1/train/optim/schedule.h"

namespace r1::rl {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

train::DivergenceConfig divergence_of(const DistillConfig& c) {
  return {.kind = c.divergence, .jsd_beta = c.jsd_beta, .temperature = c.temperature};
}

struct StepFacts {
  double loss = 0.0, grad_norm = 0.0, learning_rate = 0.0;
  bool on_policy = false;
  double sampling_seconds = 0.0, seconds = 0.0;
};

class Run {
 public:
  Run(const DistillConfig& config, const DistillInputs& inputs)
      : config_(config),
        inputs_(inputs),
        student_(model::load_hf_folder(inputs.init_from, tensor::scalar_type(config.dtype))),
        teacher_(model::load_hf_folder(inputs.teacher, tensor::scalar_type(config.dtype))),
        optimizer_(student_->parameters(), config.optimizer) {
    if (!tensor::device(config.engine.device).is_cpu())
      user_error("{}: distillation runs on the CPU only: set engine.device to cpu", inputs.stage);
    const model::DecoderShape &s = student_->shape(), &t = teacher_->shape();
    if (s.vocab_size != t.vocab_size)
      user_error("{}: the teacher's vocab_size is {}, the student's {} (config.json); they must share one vocabulary",
                 inputs.stage, t.vocab_size, s.vocab_size);
    check_same_vocabulary(inputs);
    const std::int64_t longest = std::min(s.max_position_embeddings, t.max_position_embeddings);
    check_sequences(config, inputs, s.vocab_size, longest);
    if (config.on_policy_share > 0.0) {
      rollout::EngineConfig engine = config.engine;  // the teacher reads what the student samples
      engine.max_tokens = std::min(engine.max_tokens, longest);
      engine_.emplace(student_, model::load_eos_ids(inputs.init_from), engine);
    }
  }

  DistillResult run() {
    resume();
    for (std::int64_t step = step_ + 1; step <= config_.steps; ++step) {
      one_step(step);
      step_ = step;
      if (step % config_.checkpoint_every == 0 && step < config_.steps) save();
    }
    write_output();
    result_.steps = config_.steps;
    result_.seconds = seconds_since(start_);
    return result_;
  }

 private:
  void resume() {
    const std::optional<train::Checkpoint> checkpoint = train::newest_checkpoint(inputs_.state);
    if (checkpoint) {
      const nlohmann::json state = nlohmann::json::parse(train::read_checkpoint_json(*checkpoint));
      train::load_training_tensors(train::read_checkpoint_tensors(*checkpoint), *student_, optimizer_,
                                   checkpoint->step);
      result_.tokens = state.at("tokens").get<std::int64_t>();
      result_.sampled_tokens = state.at("sampled_tokens").get<std::int64_t>();
      result_.final_loss = state.at("loss").get<double>();
      result_.flops = state.at("flops").get<double>();
      step_ = result_.resumed_from = checkpoint->step;
      R1_LOG(info, "{}: resuming after step {}", inputs_.stage, step_);
    }
    if (inputs_.metrics != nullptr) inputs_.metrics->rewind(inputs_.stage, step_);
  }

  /// Draw n of the run is place n % N of a fresh permutation of the N sequences each epoch.
  std::size_t draw_sequence(std::int64_t draw) {
    const auto count = static_cast<std::int64_t>(inputs_.sequences.size());
    const std::int64_t epoch = draw / count;
    if (epoch != order_epoch_) {
      order_.resize(static_cast<std::size_t>(count));
      for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
      core::Rng({static_cast<std::uint64_t>(config_.seed), core::Purpose::Shuffle, static_cast<std::uint32_t>(epoch)})
          .shuffle(order_);
      order_epoch_ = epoch;
    }
    return order_[static_cast<std::size_t>(draw % count)];
  }

  bool is_on_policy(std::int64_t step) const {
    const core::RngKey key{static_cast<std::uint64_t>(config_.seed), core::Purpose::Data,
                           static_cast<std::uint32_t>(step)};
    return core::Rng(key).uniform_at(0) < config_.on_policy_share;
  }

  std::vector<Sample> draw_samples(std::int64_t step) {
    std::vector<Sample> samples(static_cast<std::size_t>(config_.sequences_per_step));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::int64_t draw = (step - 1) * config_.sequences_per_step + static_cast<std::int64_t>(i);
      const std::size_t index = draw_sequence(draw);
      samples[i].prompt = &inputs_.sequences[index].prompt;
      samples[i].completion.ids = inputs_.sequences[index].completion;
      samples[i].completion.finish_reason = rollout::FinishReason::Stop;
      samples[i].completion.prompt_index = static_cast<std::uint32_t>(index);
      // a sequence can come twice in one step, in two epochs
      samples[i].completion.sample_index = static_cast<std::uint32_t>(order_epoch_);
    }
    return samples;
  }

  /// Puts the student's own completions in place of the given ones.
  void sample_completions(std::vector<Sample>& samples, std::int64_t step) {
    core::phase_mark("rollout");
    std::vector<rollout::Request> requests;
    requests.reserve(samples.size());
    for (const Sample& s : samples)
      requests.push_back({*s.prompt, static_cast<std::uint64_t>(config_.seed), static_cast<std::uint32_t>(step),
                          s.completion.prompt_index, s.completion.sample_index});
    engine_->set_version(optimizer_.num_steps());
    std::vector<rollout::Completion> completions = engine_->generate(requests, config_.sampling);
    double tokens = 0.0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      result_.sampled_tokens += static_cast<std::int64_t>(completions[i].ids.size());
      tokens += static_cast<double>(samples[i].prompt->size() + completions[i].ids.size());
      samples[i].completion = std::move(completions[i]);
    }
    result_.flops += train::forward_flops(static_cast<double>(student_->num_active_parameters()), tokens);
  }

  /// Leaves the gradients of the mean divergence in the student; returns its value.
  double accumulate_gradients(const std::vector<Sample>& samples) {
    std::vector<const Sample*> view;
    double targets = 0.0;
    for (const Sample& s : samples) {
      view.push_back(&s);
      targets += static_cast<double>(s.completion.ids.size());
    }
    double loss = 0.0, tokens = 0.0;
    for (const auto& part : split_by_tokens(view, config_.micro_batch_tokens)) {
      core::phase_mark("update");
      const SampleBatch batch = pack_samples(part);
      const at::Tensor taught = teacher_rows(batch);
      const at::Tensor learned = student_->final_norm(student_->stack(batch.input).index_select(0, batch.rows));
      const at::Tensor mean =
          train::divergence_sum({taught, teacher_->lm_head()}, {learned, student_->lm_head()}, divergence_of(config_)) /
          targets;
      mean.backward();
      loss += mean.item<double>();
      tokens += static_cast<double>(batch.targets.size(0));
    }
    result_.tokens += static_cast<std::int64_t>(tokens);
    result_.flops += train::training_flops(static_cast<double>(student_->num_active_parameters()), tokens) +
                     train::forward_flops(static_cast<double>(teacher_->num_active_parameters()), tokens);
    return loss;
  }

  at::Tensor teacher_rows(const SampleBatch& batch) const {
    const at::NoGradGuard no_grad;
    return teacher_->final_norm(teacher_->stack(batch.input).index_select(0, batch.rows));
  }

  void one_step(std::int64_t step) {
    const Clock::time_point begin = Clock::now();
    StepFacts facts;
    std::vector<Sample> samples = draw_samples(step);
    facts.on_policy = is_on_policy(step);
    if (facts.on_policy) sample_completions(samples, step);
    facts.sampling_seconds = seconds_since(begin);
    facts.loss = accumulate_gradients(samples);
    facts.grad_norm = optimizer_.grad_norm();
    if (!std::isfinite(facts.loss) || !std::isfinite(facts.grad_norm))
      user_error(
          "{}: the loss is {} at step {} (gradient norm {}); the last good checkpoint stays. Lower "
          "optimizer.learning_rate (now {}) and run again",
          inputs_.stage, facts.loss, step, facts.grad_norm, config_.optimizer.learning_rate);
    facts.learning_rate = train::learning_rate(config_.optimizer, step, config_.steps);
    optimizer_.step(facts.learning_rate, std::min(1.0, config_.optimizer.max_grad_norm / (facts.grad_norm + 1e-6)));
    result_.final_loss = facts.loss;
    facts.seconds = seconds_since(begin);
    if (step % config_.log_every == 0 || step == config_.steps) report(samples, facts, step);
  }

  void report(const std::vector<Sample>& samples, const StepFacts& facts, std::int64_t step) {
    if (inputs_.metrics == nullptr) return;
    auto shortest = static_cast<double>(samples.front().completion.ids.size());
    double longest = 0.0, total = 0.0, clipped = 0.0;
    for (const Sample& s : samples) {
      const auto length = static_cast<double>(s.completion.ids.size());
      shortest = std::min(shortest, length);
      longest = std::max(longest, length);
      total += length;
      clipped += s.completion.finish_reason == rollout::FinishReason::Length ? 1.0 : 0.0;
    }
    const auto count = static_cast<double>(samples.size());
    core::MetricRecord record{inputs_.stage, step, config_.steps, {}, {}};
    record.values = {{"loss", facts.loss},
                     {"grad_norm", facts.grad_norm},
                     {"learning_rate", facts.learning_rate},
                     {"num_tokens", static_cast<double>(result_.tokens)},
                     {"on_policy", facts.on_policy ? 1.0 : 0.0},
                     {"completions/mean_length", total / count},
                     {"completions/min_length", shortest},
                     {"completions/max_length", longest}};
    if (facts.on_policy) record.values.emplace_back("completions/clipped_ratio", clipped / count);
    record.timings = {{"step_time", facts.seconds},
                      {"timing_s/gen", facts.sampling_seconds},
                      {"tokens_per_second", total / facts.seconds}};
    inputs_.metrics->emit(record);
  }

  void save() {
    const nlohmann::ordered_json state = {{"format", 1},
                                          {"tokens", result_.tokens},
                                          {"sampled_tokens", result_.sampled_tokens},
                                          {"flops", result_.flops},
                                          {"loss", result_.final_loss}};
    train::write_checkpoint(inputs_.state, step_, train::training_tensors(*student_, optimizer_), state.dump(2) + "\n");
  }

  void write_output() {
    core::write_directory_atomic(inputs_.output, [&](const std::filesystem::path& folder) {
      model::write_successor_files(*student_, inputs_.init_from, folder);
    });
    std::filesystem::remove_all(inputs_.state);
  }

  DistillConfig config_;
  const DistillInputs& inputs_;
  std::shared_ptr<model::Decoder> student_, teacher_;
  std::optional<rollout::Engine> engine_;  // with an on-policy share only
  train::AdamW optimizer_;
  std::vector<std::size_t> order_;
  std::int64_t order_epoch_ = -1, step_ = 0;
  DistillResult result_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

DistillResult distill(const DistillConfig& config, const DistillInputs& inputs) {
  check_settings(config, inputs);
  return Run(config, inputs).run();
}

}  // namespace r1::rl
