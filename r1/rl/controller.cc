// R1-Zero's loop (controller.h): draw prompts, roll out, score, advantages, check the log-probabilities, update,
// checkpoint. Checkpoints lie between steps, when no sample is in flight; a step that was cut short is repeated from
// its keys with the same result.
#include "r1/rl/controller.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/log.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/rl/advantage.h"
#include "r1/rl/completions_file.h"
#include "r1/rl/exchange.h"
#include "r1/rl/grpo_check.h"
#include "r1/rl/metrics.h"
#include "r1/rl/rollouts.h"
#include "r1/rl/update.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/train/checkpoint.h"
#include "r1/train/flops.h"
#include "r1/train/optim/schedule.h"
#include "r1/train/start.h"

namespace r1::rl {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Start {
  std::shared_ptr<model::Decoder> model;
  model::AdapterConfig adapter;  // in force
};

/// The start of the run, where the engine runs: policy, updates and rollouts share it.
Start load_on_device(const GrpoConfig& config, const GrpoInputs& inputs) {
  const at::Device device = tensor::device(config.engine.device);
  Start start{model::load_hf_folder(inputs.init_from, tensor::scalar_type(config.dtype)), {}};
  start.adapter = train::start_training(*start.model, {.adapter = config.adapter,
                                                       .folder = inputs.init_from,
                                                       .adapter_folder = inputs.adapter,
                                                       .freeze = config.freeze,
                                                       .seed = config.seed,
                                                       .where = inputs.stage});
  if (start.adapter.type == "prompt_tuning")
    user_error("{}: reinforcement learning trains the weights or a low-rank adapter (lora), not virtual tokens",
               inputs.stage);
  if (!device.is_cpu() && start.adapter.on() && start.adapter.r % 8 != 0)
    user_error("{}: adapter.r {} is no multiple of 8: on a GPU what is sampled would differ from what is trained",
               inputs.stage, start.adapter.r);
  if (!device.is_cpu()) start.model->to(device);
  return start;
}

class Run {
 public:
  Run(const GrpoConfig& config, const GrpoInputs& inputs)
      : config_(config),
        inputs_(inputs),
        peers_(inputs.group, inputs.stage, core::dump_config(config)),
        metrics_(peers_.writes() ? inputs.metrics : nullptr),
        rollouts_(config_, inputs, peers_),
        start_point_(load_on_device(config, inputs)),
        policy_(start_point_.model),
        engine_(policy_, model::load_eos_ids(inputs.init_from), config.engine),
        optimizer_(policy_->parameters(), config.optimizer) {
    if (config.kl_coefficient > 0.0 || config.kl_log_every > 0) reference_ = load_on_device(config, inputs).model;
    train::count_trained(*policy_, inputs.stage);
    total_updates_ = config.steps * config.mini_batches * config.inner_epochs;
  }

  GrpoResult run() {
    resume();
    agree();
    while (!finished()) {
      one_step(step_ + 1);
      if (step_ % config_.checkpoint_every == 0 && !finished()) save();
    }
    if (peers_.writes()) write_output();
    peers_.finish();
    result_.steps = step_;
    result_.watch_alerts = watch_.alerts;
    result_.updates = optimizer_.num_steps();
    result_.seconds = seconds_since(start_);
    return result_;
  }

 private:
  bool finished() const {
    return step_ >= config_.steps || (config_.max_flops > 0.0 && result_.flops >= config_.max_flops);
  }

  void resume() {
    const std::optional<train::Checkpoint> checkpoint = train::newest_checkpoint(inputs_.state);
    if (checkpoint) {
      const nlohmann::json state = nlohmann::json::parse(train::read_checkpoint_json(*checkpoint));
      const weights::SafetensorsReader tensors = train::read_checkpoint_tensors(*checkpoint);
      train::load_training_tensors(tensors, *policy_, optimizer_, state.at("updates").get<std::int64_t>());
      if (reference_) load_reference([&](const std::string& name) { return tensors.load("reference." + name); });
      result_.sampled_tokens = state.at("sampled_tokens").get<std::int64_t>();
      result_.sampling_logp_difference_max = state.at("sampling_logp_difference_max").get<double>();
      result_.final_reward = state.at("reward").get<double>();
      result_.flops = state.at("flops").get<double>();
      watch_ = watch_state_from_json(state.at("watch").dump());
      step_ = result_.resumed_from = checkpoint->step;
      R1_LOG(info, "{}: resuming after step {}", inputs_.stage, step_);
    }
    if (metrics_ != nullptr) metrics_->rewind(inputs_.stage, step_);
  }

  template <class Load>
  void load_reference(const Load& load) {
    const at::NoGradGuard no_grad;
    reference_->visit_parameters([&](const model::Parameter& p) {
      if (train::changes(p)) p.tensor->copy_(load(p.name));
    });
  }

  void agree() { peers_.agree(*policy_, step_, fmt::format("{} problems", rollouts_.num_problems())); }

  void set_advantages(std::vector<Sample>& samples, std::int64_t step) {
    std::vector<double> rewards;
    for (const Sample& s : samples) rewards.push_back(s.verdict.score);
    if (config_.shuffle_rewards)
      core::Rng({static_cast<std::uint64_t>(config_.seed), core::Purpose::Reward, static_cast<std::uint32_t>(step)})
          .shuffle(rewards);
    const std::vector<double> advantages = group_advantages(
        rewards, config_.group_size, {config_.advantage_std, config_.advantage_eps, config_.advantage_ddof});
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i].advantage = advantages[i];
  }

  /// Recomputes the samples' log-probabilities where the first update's own forward does not do it anyway, and in
  /// `fast` numerics, where the trainer's values replace the sampler's in the ratio.
  bool needs_recompute() const {
    return config_.mini_batches * config_.inner_epochs > 1 || config_.engine.numerics == "fast";
  }

  void set_old_logp(std::vector<Sample>& samples, const std::vector<float>& trainer_logp) {
    std::size_t i = 0;
    for (Sample& s : samples) {
      const std::size_t count = s.completion.ids.size();
      const auto first = trainer_logp.begin() + static_cast<std::ptrdiff_t>(i);
      s.old_logp = trainer_logp.empty() ? s.completion.logprobs
                                        : std::vector<float>(first, first + static_cast<std::ptrdiff_t>(count));
      i += count;
    }
  }

  void set_reference_logp(std::vector<Sample>& samples, const std::vector<const Sample*>& view, std::int64_t step) {
    const bool measured =
        config_.kl_log_every > 0 && (step % config_.kl_log_every == 0 || step == 1 || step == config_.steps);
    if (!reference_ || (config_.kl_coefficient == 0.0 && !measured)) return;
    const at::NoGradGuard no_grad;
    const std::vector<float> logp = recompute_shared(peers_, *reference_, view, config_).logp;
    std::size_t i = 0;
    for (Sample& s : samples) {
      const auto first = logp.begin() + static_cast<std::ptrdiff_t>(i);
      s.ref_logp.assign(first, first + static_cast<std::ptrdiff_t>(s.completion.ids.size()));
      i += s.completion.ids.size();
    }
  }

  void one_step(std::int64_t step) {
    const Clock::time_point begin = Clock::now();
    engine_.set_version(optimizer_.num_steps());
    std::vector<Sample> own = rollouts_.sample(engine_, step);
    const double rollout_seconds = seconds_since(begin);
    rollouts_.score(own);
    std::vector<Sample> samples = rollouts_.gather(std::move(own), step);
    set_advantages(samples, step);
    const double scored_seconds = seconds_since(begin);
    std::vector<const Sample*> view;
    for (const Sample& s : samples) view.push_back(&s);
    StepMeasures measures;
    measures.policy_version = optimizer_.num_steps();
    double tokens = 0.0;
    for (const Sample& s : samples) tokens += static_cast<double>(s.completion.ids.size());
    result_.sampled_tokens += static_cast<std::int64_t>(tokens);
    set_reference_logp(samples, view, step);
    if (needs_recompute()) {
      const Recomputed again = recompute_shared(peers_, *policy_, view, config_);
      measures.difference = logp_difference(view, again.logp);
      measures.entropy = again.entropy_sum / tokens;
      set_old_logp(samples, config_.engine.numerics == "fast" ? again.logp : std::vector<float>());
    } else {
      set_old_logp(samples, {});
    }
    run_updates(view, step, measures);
    if (!needs_recompute()) {
      measures.difference = logp_difference(view, measures.updates.front().logp);
      measures.entropy = measures.updates.front().entropy_sum / tokens;
    }
    if (!samples.front().ref_logp.empty())
      measures.reference_kl = measures.updates.front().kl_sum / measures.updates.front().tokens;
    result_.sampling_logp_difference_max = std::max(result_.sampling_logp_difference_max, measures.difference.max);
    result_.final_reward = mean_reward(samples);
    count_flops(samples);
    step_ = step;
    look(step);
    if (step % config_.log_every == 0 || finished() || !figures_.empty())
      report(samples, measures, step,
             {{"step_time", seconds_since(begin)},
              {"timing_s/gen", rollout_seconds},
              {"timing_s/reward", scored_seconds - rollout_seconds},
              {"timing_s/update_actor", seconds_since(begin) - scored_seconds},
              {"rollout_tokens_per_second", tokens / rollout_seconds}});
    if (peers_.writes() && !inputs_.completions.empty() &&
        (step % config_.checkpoint_every == 0 || step == 1 || finished()))
      write_completions(inputs_.completions / fmt::format("step-{:06d}.jsonl", step), samples, step);
  }

  void count_flops(const std::vector<Sample>& samples) {
    double completion = 0.0, whole = 0.0;
    for (const Sample& s : samples) {
      completion += static_cast<double>(s.completion.ids.size());
      whole += static_cast<double>(s.completion.ids.size() + s.prompt->size());
    }
    const auto active = static_cast<double>(policy_->num_active_parameters());
    const double prompts = (whole - completion) / static_cast<double>(config_.group_size);  // a group shares its prompt
    const double forwards = (needs_recompute() ? 1.0 : 0.0) + (samples.front().ref_logp.empty() ? 0.0 : 1.0);
    result_.flops += train::forward_flops(active, completion + prompts + forwards * whole) +
                     train::training_flops(active, static_cast<double>(config_.inner_epochs) * whole);
  }

  void look(std::int64_t step) {
    figures_.clear();
    watch_reward(watch_, result_.final_reward);
    if (!inputs_.watch || !peers_.writes() || config_.watch_every == 0 ||
        (step % config_.watch_every != 0 && !finished()))
      return;
    figures_ = inputs_.watch(engine_);
    for (const std::string& alert : watch_figures(watch_, figures_, config_.watch_tolerance)) {
      R1_LOG(warn, "{}: {}", inputs_.stage, alert);
      if (metrics_ != nullptr) metrics_->note(inputs_.stage, alert);
    }
  }

  /// inner_epochs passes over the samples, each in a fresh random order cut into mini-batches (one mini-batch keeps the
  /// order).
  void run_updates(const std::vector<const Sample*>& view, std::int64_t step, StepMeasures& measures) {
    const std::size_t size = view.size() / static_cast<std::size_t>(config_.mini_batches);
    for (std::int64_t epoch = 0; epoch < config_.inner_epochs; ++epoch) {
      std::vector<const Sample*> order = view;
      if (config_.mini_batches > 1)
        core::Rng({static_cast<std::uint64_t>(config_.seed), core::Purpose::Shuffle, static_cast<std::uint32_t>(step),
                   1, static_cast<std::uint32_t>(epoch)})
            .shuffle(order);
      for (std::size_t first = 0; first < order.size(); first += size) {
        const std::vector<const Sample*> mini(order.begin() + static_cast<std::ptrdiff_t>(first),
                                              order.begin() + static_cast<std::ptrdiff_t>(first + size));
        measures.learning_rate = train::learning_rate(config_.optimizer, optimizer_.num_steps() + 1, total_updates_);
        measures.updates.push_back(update(*policy_, optimizer_, mini, {config_, measures.learning_rate, peers_}));
        if (config_.kl_coefficient > 0.0 && optimizer_.num_steps() % config_.reference_every == 0) refresh_reference();
      }
    }
  }

  void refresh_reference() {
    std::map<std::string, at::Tensor> current;
    policy_->visit_parameters([&](const model::Parameter& p) { current[p.name] = p.tensor->detach(); });
    load_reference([&](const std::string& name) { return current.at(name); });
    if (metrics_ != nullptr)
      metrics_->note(inputs_.stage, fmt::format("reference := policy at update {}", optimizer_.num_steps()));
  }

  void report(const std::vector<Sample>& samples, const StepMeasures& measures, std::int64_t step,
              std::vector<std::pair<std::string, double>> timings) {
    if (metrics_ == nullptr) return;
    core::MetricRecord record{inputs_.stage, step, config_.steps, step_values(samples, config_, measures),
                              std::move(timings)};
    record.values.emplace_back("num_tokens", static_cast<double>(result_.sampled_tokens));
    for (const auto& [name, value] : figures_) record.values.emplace_back("watch/" + name, value);
    metrics_->emit(record);
    for (const std::string& sentence : diagnose(samples, config_)) metrics_->note(inputs_.stage, sentence);
  }

  void save() {
    agree();
    if (!peers_.writes()) return;
    weights::NamedTensors tensors = train::training_tensors(*policy_, optimizer_);
    if (reference_)
      reference_->visit_parameters([&](const model::Parameter& p) {
        if (train::changes(p)) tensors.emplace_back("reference." + p.name, p.tensor->detach());
      });
    const nlohmann::ordered_json state = {{"format", 1},
                                          {"updates", optimizer_.num_steps()},
                                          {"sampled_tokens", result_.sampled_tokens},
                                          {"sampling_logp_difference_max", result_.sampling_logp_difference_max},
                                          {"reward", result_.final_reward},
                                          {"flops", result_.flops},
                                          {"watch", nlohmann::ordered_json::parse(to_json(watch_))}};
    train::write_checkpoint(inputs_.state, step_, tensors, state.dump(2) + "\n");
  }

  void write_output() {
    const model::AdapterConfig& adapter = start_point_.adapter;
    if (adapter.merge) model::merge_adapter(*policy_);
    core::write_directory_atomic(inputs_.output, [&](const std::filesystem::path& folder) {
      if (adapter.on() && !adapter.merge)
        return model::write_adapter(*policy_, adapter, inputs_.init_from.string(), folder);
      model::write_successor_files(*policy_, inputs_.init_from, folder);
    });
    std::filesystem::remove_all(inputs_.state);
  }

  GrpoConfig config_;
  const GrpoInputs& inputs_;
  train::Peers peers_;
  core::MetricSink* metrics_;  // null in all processes but rank 0
  Rollouts rollouts_;
  Start start_point_;
  std::shared_ptr<model::Decoder> policy_, reference_;
  rollout::Engine engine_;
  train::AdamW optimizer_;
  WatchState watch_;
  WatchFigures figures_;  // of this step's watch
  std::int64_t step_ = 0, total_updates_ = 0;
  GrpoResult result_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

GrpoResult run_grpo(const GrpoConfig& config, const GrpoInputs& inputs) {
  check_settings(config, inputs);
  return Run(config, inputs).run();
}

}  // namespace r1::rl
