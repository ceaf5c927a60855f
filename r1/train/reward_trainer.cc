// Training of reward models (reward_model.h): shuffled examples -> packed forwards -> loss -> AdamW -> checkpoint,
// resumable at every checkpoint; then accuracy and offset on the held-out examples.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/log.h"
#include "r1/core/phase.h"
#include "r1/core/rng.h"
#include "r1/tensor/dtype.h"
#include "r1/train/checkpoint.h"
#include "r1/train/flops.h"
#include "r1/train/optim/schedule.h"
#include "r1/train/reward_batch.h"
#include "r1/train/reward_loss.h"
#include "r1/train/reward_model.h"
#include "r1/train/reward_network.h"

namespace r1::train {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kNearChance = 0.6;  // held-out accuracy below which the log says so

void check(const RewardModelConfig& c, const RewardModelInputs& in) {
  validate(c.optimizer);
  if (c.kind != "pairwise" && c.kind != "pointwise")
    user_error("{}.kind '{}': use pairwise or pointwise", in.stage, c.kind);
  if (c.epochs < 1 || c.batch_size < 1 || c.micro_batch_tokens < 1 || c.checkpoint_every < 1 || c.log_every < 1)
    user_error("{}: epochs, batch_size, micro_batch_tokens, checkpoint_every and log_every must be positive", in.stage);
  if (!(c.center_coefficient >= 0.0))
    user_error("{}.center_coefficient is {}: it must be 0 or more", in.stage, c.center_coefficient);
  if (c.center_coefficient > 0.0 && c.kind == "pointwise")
    user_error("{}.center_coefficient is for pairs only: set it to 0 or kind to pairwise", in.stage);
  if (in.examples.empty()) user_error("{}: there are no training examples", in.stage);
  if (in.held_out.empty())
    user_error("{}: there are no held-out examples, which the accuracy and the offset come from; keep some back",
               in.stage);
}

class Run {
 public:
  Run(const RewardModelConfig& config, const RewardModelInputs& inputs)
      : config_(config),
        inputs_(inputs),
        pairwise_(config.kind == "pairwise"),
        network_(inputs.init_from, tensor::scalar_type(config.dtype), static_cast<std::uint64_t>(config.seed)),
        optimizer_(network_.parameters(), config.optimizer) {
    const model::DecoderShape& model = network_.decoder().shape();
    check_examples(inputs.examples, inputs.stage + ": example", pairwise_, model);
    check_examples(inputs.held_out, inputs.stage + ": held-out example", pairwise_, model);
    const auto count = static_cast<std::int64_t>(inputs.examples.size());
    steps_per_epoch_ = (count + config.batch_size - 1) / config.batch_size;
    result_.steps = config.epochs * steps_per_epoch_;
  }

  RewardModelResult run() {
    resume();
    for (std::int64_t step = step_ + 1; step <= result_.steps; ++step) {
      one_step(step);
      if (step % config_.checkpoint_every == 0 && step < result_.steps) save();
    }
    write_output();
    return result_;
  }

 private:
  void resume() {
    if (const std::optional<Checkpoint> checkpoint = newest_checkpoint(inputs_.state)) {
      const nlohmann::json state = nlohmann::json::parse(read_checkpoint_json(*checkpoint));
      const weights::SafetensorsReader tensors = read_checkpoint_tensors(*checkpoint);
      load_training_tensors(tensors, network_.decoder(), optimizer_, checkpoint->step);
      const at::NoGradGuard no_grad;
      network_.head().tensor->copy_(tensors.load("param." + network_.head().name));
      result_.tokens = state.at("tokens").get<std::int64_t>();
      result_.final_loss = state.at("loss").get<double>();
      epoch_correct_ = state.at("epoch_correct").get<std::int64_t>();
      step_ = saved_step_ = result_.resumed_from = checkpoint->step;
      R1_LOG(info, "{}: resuming after update {}", inputs_.stage, step_);
    }
    if (inputs_.metrics != nullptr) inputs_.metrics->rewind(inputs_.stage, step_);
  }

  /// The examples of update `step`: a run of a fresh permutation each epoch.
  RewardExamples draw(std::int64_t step) {
    const std::int64_t epoch = (step - 1) / steps_per_epoch_, place = (step - 1) % steps_per_epoch_;
    if (epoch != order_epoch_) {
      order_.clear();
      for (const RewardExample& e : inputs_.examples) order_.push_back(&e);
      core::Rng({static_cast<std::uint64_t>(config_.seed), core::Purpose::Shuffle, static_cast<std::uint32_t>(epoch)})
          .shuffle(order_);
      order_epoch_ = epoch;
    }
    const auto size = static_cast<std::size_t>(config_.batch_size), first = static_cast<std::size_t>(place) * size;
    return {order_.begin() + static_cast<std::ptrdiff_t>(first),
            order_.begin() + static_cast<std::ptrdiff_t>(std::min(first + size, order_.size()))};
  }

  at::Tensor loss_of(const at::Tensor& scores, const RewardExamples& part, std::size_t update_size) const {
    const auto count = static_cast<std::int64_t>(part.size()), total = static_cast<std::int64_t>(update_size);
    if (!pairwise_) return pointwise_loss(scores, labels_of(part), total);
    return pairwise_loss(scores.narrow(0, 0, count), scores.narrow(0, count, count), config_.center_coefficient, total);
  }

  /// Leaves the gradients of the update's loss in the parameters. A pair is never cut over two forwards.
  RewardScores accumulate_gradients(const RewardExamples& batch) {
    std::vector<std::int64_t> sizes;
    for (const RewardExample* e : batch) sizes.push_back(tokens_of(*e));
    RewardScores out;
    for (const auto& [first, last] : cut_by_tokens(sizes, config_.micro_batch_tokens)) {
      core::phase_mark(inputs_.stage);
      const RewardExamples part(batch.begin() + static_cast<std::ptrdiff_t>(first),
                                batch.begin() + static_cast<std::ptrdiff_t>(last));
      const at::Tensor scores = network_.forward(texts_of(part, pairwise_));
      const at::Tensor loss = loss_of(scores, part, batch.size());
      loss.backward();
      out.loss += loss.item<double>();
      const float* p = scores.const_data_ptr<float>();
      out.add({p, p + scores.numel()}, pairwise_);
    }
    for (const std::int64_t size : sizes) result_.tokens += size;
    return out;
  }

  void one_step(std::int64_t step) {
    const Clock::time_point begin = Clock::now();
    const RewardExamples batch = draw(step);
    if ((step - 1) % steps_per_epoch_ == 0) epoch_correct_ = 0;
    const RewardScores scores = accumulate_gradients(batch);
    const double norm = optimizer_.grad_norm();
    if (!std::isfinite(scores.loss) || !std::isfinite(norm))
      user_error(
          "{}: the loss is {} at update {} (gradient norm {}); the last good checkpoint is update {}. Lower "
          "optimizer.learning_rate (now {}) and run again",
          inputs_.stage, scores.loss, step, norm, saved_step_, config_.optimizer.learning_rate);
    const double rate = learning_rate(config_.optimizer, step, result_.steps);
    core::phase_mark("update");
    optimizer_.step(rate, std::min(1.0, config_.optimizer.max_grad_norm / (norm + 1e-6)));
    step_ = step;
    result_.final_loss = scores.loss;
    epoch_correct_ += scores.correct(batch);
    if (step == result_.steps) finish();
    if (step % config_.log_every == 0 || step == result_.steps)
      report(scores, batch, {norm, rate, std::chrono::duration<double>(Clock::now() - begin).count()});
  }

  /// Accuracy, offset and what the run cost, after the last update.
  void finish() {
    core::phase_mark("held_out");
    RewardExamples held_out;
    std::int64_t tokens = 0;
    for (const RewardExample& e : inputs_.held_out) {
      held_out.push_back(&e);
      tokens += tokens_of(e);
    }
    const std::vector<double> values = network_.score(texts_of(held_out, pairwise_), config_.micro_batch_tokens);
    for (const double value : values)
      if (!std::isfinite(value))
        user_error("{}: a held-out score is {} after the last update; lower optimizer.learning_rate (now {})",
                   inputs_.stage, value, config_.optimizer.learning_rate);
    RewardScores scores;
    scores.add(values, pairwise_);
    result_.train_accuracy = static_cast<double>(epoch_correct_) / static_cast<double>(inputs_.examples.size());
    result_.held_out_accuracy = static_cast<double>(scores.correct(held_out)) / static_cast<double>(held_out.size());
    result_.offset = pairwise_ ? separating_score(scores.chosen, scores.rejected) : 0.0;
    const double active = network_.active_parameters();
    result_.flops = training_flops(active, static_cast<double>(result_.tokens)) +
                    forward_flops(active, static_cast<double>(tokens));
  }

  struct StepFacts {
    double grad_norm, learning_rate, seconds;
  };
  void report(const RewardScores& scores, const RewardExamples& batch, const StepFacts& facts) {
    if (inputs_.metrics == nullptr) return;
    core::MetricRecord record{inputs_.stage, step_, result_.steps, {}, {{"step_time", facts.seconds}}};
    record.values = score_metrics(scores, batch);
    record.values.emplace_back("grad_norm", facts.grad_norm);
    record.values.emplace_back("learning_rate", facts.learning_rate);
    record.values.emplace_back("num_tokens", static_cast<double>(result_.tokens));
    if (step_ == result_.steps) record.values.emplace_back("eval_accuracy", result_.held_out_accuracy);
    inputs_.metrics->emit(record);
    if (step_ == result_.steps) inputs_.metrics->note(inputs_.stage, verdict());
  }

  std::string verdict() const {
    std::string text =
        fmt::format("right on {:.1f}% of {} held-out {} (training, as met: {:.1f}%)", 100.0 * result_.held_out_accuracy,
                    inputs_.held_out.size(), pairwise_ ? "pairs" : "texts", 100.0 * result_.train_accuracy);
    if (result_.held_out_accuracy < kNearChance)
      text += "; near chance: its scores carry hardly any signal, RL should not follow them";
    return text;
  }

  void save() {
    weights::NamedTensors tensors = training_tensors(network_.decoder(), optimizer_);
    tensors.emplace_back("param." + network_.head().name, network_.head().tensor->detach());
    const nlohmann::ordered_json state = {
        {"format", 1}, {"tokens", result_.tokens}, {"loss", result_.final_loss}, {"epoch_correct", epoch_correct_}};
    write_checkpoint(inputs_.state, step_, tensors, state.dump(2) + "\n");
    saved_step_ = step_;
  }

  void write_output() {
    const nlohmann::ordered_json card = {{"format", 1},
                                         {"kind", config_.kind},
                                         {"offset", result_.offset},
                                         {"held_out_accuracy", result_.held_out_accuracy}};
    core::write_directory_atomic(inputs_.output, [&](const std::filesystem::path& folder) {
      network_.write(inputs_.init_from, folder);
      core::write_file_atomic(folder / "reward_model.json", card.dump(2) + "\n");
    });
    std::filesystem::remove_all(inputs_.state);
  }

  RewardModelConfig config_;
  const RewardModelInputs& inputs_;
  bool pairwise_;
  RewardNetwork network_;
  AdamW optimizer_;
  RewardModelResult result_;
  RewardExamples order_;
  std::int64_t steps_per_epoch_ = 0, order_epoch_ = -1, step_ = 0, saved_step_ = 0, epoch_correct_ = 0;
};

}  // namespace

RewardModelResult train_reward_model(const RewardModelConfig& config, const RewardModelInputs& inputs) {
  check(config, inputs);
  return Run(config, inputs).run();
}

}  // namespace r1::train
