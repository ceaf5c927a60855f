// The training loop of pre-training and SFT (trainer.h): loader -> gradients -> AdamW -> checkpoint, resumable at every
// checkpoint.
#include "r1/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/log.h"
#include "r1/core/phase.h"
#include "r1/data/loader.h"
#include "r1/data/token_shard.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/range.h"
#include "r1/train/checkpoint.h"
#include "r1/train/data_parallel.h"
#include "r1/train/forgetting.h"
#include "r1/train/optim/schedule.h"
#include "r1/train/profile.h"
#include "r1/train/start.h"
#include "r1/train/step.h"
#include "r1/train/step_graph.h"

namespace r1::train {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check(const TrainConfig& c, const TrainInputs& in) {
  validate(c.optimizer);
  if (c.steps < 1 || c.rows_per_step < 1 || c.row_length < 2 || c.micro_batch_rows < 1 || c.checkpoint_every < 1 ||
      c.log_every < 1)
    user_error(
        "{}: steps, rows_per_step, row_length, micro_batch_rows, checkpoint_every and log_every must be positive",
        in.stage);
  if (c.numerics != "exact" && c.numerics != "fast")
    user_error("{}: numerics '{}': use exact or fast", in.stage, c.numerics);
  if (c.adapter.on() && in.init_from.empty())
    user_error("{}.adapter.type {}: an adapter needs a model to start from, and this run makes a fresh one", in.stage,
               c.adapter.type);
}

/// The model to train; `adapter` becomes the configuration of the one it has.
std::shared_ptr<model::Decoder> make_model(const TrainConfig& config, const TrainInputs& inputs,
                                           model::AdapterConfig& adapter) {
  const at::ScalarType dtype = tensor::scalar_type(config.dtype);
  const at::Device device = tensor::device(config.device);
  std::shared_ptr<model::Decoder> made =
      inputs.init_from.empty()
          ? std::make_shared<model::DeepseekV3>(inputs.model, dtype, static_cast<std::uint64_t>(config.seed))
          : model::load_hf_folder(inputs.init_from, dtype);
  adapter = start_training(*made, {.adapter = config.adapter,
                                   .folder = inputs.init_from,
                                   .adapter_folder = inputs.adapter,
                                   .freeze = config.freeze,
                                   .seed = config.seed,
                                   .where = inputs.stage});
  if (!device.is_cpu()) made->to(device);
  return made;
}

class Run {
 public:
  Run(const TrainConfig& config, const TrainInputs& inputs)
      : config_(config),
        inputs_(inputs),
        peers_(inputs.group, inputs.stage, core::dump_config(config)),
        model_(make_model(config, inputs, adapter_)),
        shard_(inputs.shard),
        loader_(shard_, {.rows_per_batch = config.rows_per_step, .row_length = config.row_length, .seed = config.seed},
                static_cast<std::int32_t>(inputs.ids.pad)),
        optimizer_(model_->parameters(), config.optimizer) {
    if (config.row_length > model_->shape().max_position_embeddings)
      user_error("{}: row_length {} is above the model's max_position_embeddings {}", inputs.stage, config.row_length,
                 model_->shape().max_position_embeddings);
    check_vocabulary();
    trained_parameters_ = count_trained(*model_, inputs.stage);
    forgetting_ = make_forgetting(config, inputs);
    if (config.cuda_graph) {
      StepGraph::check(*model_, config, inputs.stage);
      graph_ = std::make_unique<StepGraph>();
    }
    if (!peers_.writes()) inputs_.metrics = nullptr;
  }

  TrainResult run() {
    resume();
    peers_.agree(*model_, step_, data::to_json(loader_.cursor()));
    UpdateProfile profile(peers_.writes() ? inputs_.profile : "", model_->device().is_cuda(), config_.steps - step_);
    for (std::int64_t step = step_ + 1; step <= config_.steps; ++step) {
      profile.begin_update();
      one_step(step);
      if (step % config_.checkpoint_every == 0 && step < config_.steps) save();
      profile.end_update();
    }
    result_.steps = config_.steps;
    result_.parameters = model_->num_parameters();
    result_.trained_parameters = trained_parameters_;
    result_.active_parameters = model_->num_active_parameters();
    result_.tokens = tokens_;
    result_.final_loss = last_loss_;
    if (peers_.writes()) write_output();
    peers_.finish();
    result_.seconds = seconds_since(start_);
    return result_;
  }

 private:
  void check_vocabulary() const {
    const std::int64_t own = model_->shape().vocab_size, all = own + model_->num_virtual_tokens();
    if (shard_.vocab_size() > all)
      user_error("{}: tokens go up to {}, the model's vocabulary has {}", inputs_.shard.string(), shard_.vocab_size(),
                 all);
    if (all > own && shard_.vocab_size() <= own)
      user_error("{}: no virtual tokens in front of its documents: prompt tuning is for r1 sft, which writes them",
                 inputs_.shard.string());
  }

  void resume() {
    const std::optional<Checkpoint> checkpoint = newest_checkpoint(inputs_.state);
    if (checkpoint) {
      const nlohmann::json state = nlohmann::json::parse(read_checkpoint_json(*checkpoint));
      load_training_tensors(read_checkpoint_tensors(*checkpoint), *model_, optimizer_, checkpoint->step);
      loader_.seek(data::cursor_from_json(state.at("cursor").dump()));
      tokens_ = state.at("tokens").get<std::int64_t>();
      last_loss_ = state.at("loss").get<double>();
      step_ = result_.resumed_from = checkpoint->step;
      R1_LOG(info, "{}: resuming after step {}", inputs_.stage, step_);
    }
    if (inputs_.metrics != nullptr) inputs_.metrics->rewind(inputs_.stage, step_);
  }

  void one_step(std::int64_t step) {
    core::phase_mark(inputs_.stage);
    const Clock::time_point begin = Clock::now();
    const data::PackedBatch packed = next_batch();
    StepLosses losses = gradients(packed);
    sum_update(peers_, *model_, losses);
    const double ewc = forgetting_ ? forgetting_->add_ewc_gradient(*model_) : 0.0;
    const tensor::Range range("optimizer");
    const double norm = optimizer_.grad_norm();
    if (!std::isfinite(losses.loss) || !std::isfinite(norm))
      user_error(
          "{}: the loss is {} at step {} (gradient norm {}); the last good checkpoint is step {}. Lower "
          "optimizer.learning_rate "
          "(now {}) and run again",
          inputs_.stage, losses.loss, step, norm, saved_step_, config_.optimizer.learning_rate);
    const double rate = learning_rate(config_.optimizer, step, config_.steps);
    core::phase_mark("update");
    optimizer_.step(rate, std::min(1.0, config_.optimizer.max_grad_norm / (norm + 1e-6)));
    if (!adapter_.on()) update_router_biases(*model_, losses.loads, config_.bias_update_speed, config_.freeze);
    step_ = step;
    tokens_ += packed.num_tokens;
    last_loss_ = losses.loss;
    if (step % config_.log_every == 0 || step == config_.steps)
      report(losses, packed, {norm, rate, ewc, seconds_since(begin)});
  }

  StepLosses gradients(const data::PackedBatch& packed) {
    const auto own = peers_.share(config_.rows_per_step, "rows_per_step");
    return graph_ ? graph_->accumulate_gradients(*model_, packed, config_, own)
                  : accumulate_gradients(*model_, packed, config_, forgetting_.get(), own);
  }

  data::PackedBatch next_batch() {
    const tensor::Range range("data");
    return loader_.next();
  }

  struct StepFacts {
    double grad_norm, learning_rate, ewc, seconds;
  };
  void report(const StepLosses& losses, const data::PackedBatch& packed, const StepFacts& facts) {
    if (inputs_.metrics == nullptr) return;
    core::MetricRecord record{inputs_.stage, step_, config_.steps, {}, {}};
    record.values = {{"loss", losses.loss},
                     {"grad_norm", facts.grad_norm},
                     {"learning_rate", facts.learning_rate},
                     {"num_tokens", static_cast<double>(tokens_)},
                     {"packing/fill_rate", packed.fill_rate()},
                     {"moe/max_violation", max_violation(losses.loads)},
                     {"moe/balance_loss", losses.balance_loss}};
    if (losses.mtp_loss > 0.0) record.values.emplace_back("mtp_loss", losses.mtp_loss);
    if (config_.forgetting.kl_to_start > 0.0) record.values.emplace_back("forgetting/kl", losses.start_kl);
    if (config_.forgetting.ewc > 0.0) record.values.emplace_back("forgetting/ewc", facts.ewc);
    record.timings = {{"step_time", facts.seconds},
                      {"tokens_per_second", static_cast<double>(packed.num_tokens) / facts.seconds}};
    inputs_.metrics->emit(record);
  }

  void save() {
    peers_.agree(*model_, step_, data::to_json(loader_.cursor()));
    saved_step_ = step_;
    if (!peers_.writes()) return;
    const tensor::Range range("checkpoint");
    const nlohmann::ordered_json state = {{"format", 1},
                                          {"cursor", nlohmann::ordered_json::parse(data::to_json(loader_.cursor()))},
                                          {"tokens", tokens_},
                                          {"loss", last_loss_}};
    write_checkpoint(inputs_.state, step_, training_tensors(*model_, optimizer_), state.dump(2) + "\n");
  }

  void write_output() {
    if (adapter_.merge) model::merge_adapter(*model_);
    core::write_directory_atomic(inputs_.output, [&](const std::filesystem::path& folder) {
      if (adapter_.on() && !adapter_.merge)
        return model::write_adapter(*model_, adapter_, inputs_.init_from.string(), folder);
      if (!inputs_.init_from.empty()) return model::write_successor_files(*model_, inputs_.init_from, folder);
      model::write_hf_files(*model_, inputs_.ids, folder);
      core::write_file_atomic(folder / "tokenizer.json", core::read_file(inputs_.tokenizer_json));
    });
    std::filesystem::remove_all(inputs_.state);
  }

  TrainConfig config_;
  TrainInputs inputs_;
  Peers peers_;
  model::AdapterConfig adapter_;  // in force
  std::shared_ptr<model::Decoder> model_;
  data::TokenShard shard_;
  data::PackedLoader loader_;
  AdamW optimizer_;
  std::unique_ptr<Forgetting> forgetting_;  // null when off
  std::unique_ptr<StepGraph> graph_;  // null when off
  TrainResult result_;
  std::int64_t step_ = 0, saved_step_ = 0, tokens_ = 0, trained_parameters_ = 0;
  double last_loss_ = 0.0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

std::int64_t steps_of_epochs(const TrainConfig& config, const std::filesystem::path& shard, double epochs) {
  const data::TokenShard tokens(shard);
  const data::PackedLoader loader(
      tokens, {.rows_per_batch = config.rows_per_step, .row_length = config.row_length, .seed = config.seed}, 0);
  const double rows = epochs * static_cast<double>(loader.rows_in_epoch());
  return std::max<std::int64_t>(1, std::llround(std::ceil(rows / static_cast<double>(config.rows_per_step))));
}

TrainResult train(const TrainConfig& config, const TrainInputs& inputs) {
  check(config, inputs);
  return Run(config, inputs).run();
}

}  // namespace r1::train
