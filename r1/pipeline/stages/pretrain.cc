// Fills TrainInputs from the tokenizer stage's files; the ids of special tokens come from the tokenizer, not from the
// recipe.
#include "r1/pipeline/stages/pretrain.h"

#include <fmt/format.h>

#include <utility>

#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/tokenizer/tokenizer.h"
#include "r1/train/flops.h"

namespace r1::pipeline {

PretrainStage::PretrainStage(train::TrainConfig train, model::DeepseekV3Config model, std::int64_t seed)
    : train_(std::move(train)), model_(std::move(model)) {
  train_.seed = join_seeds(seed, train_.seed);
}

std::string PretrainStage::config() const { return core::dump_config(model_) + core::dump_config(train_); }

Metrics pretrain_model(const train::TrainConfig& config, model::DeepseekV3Config model, const PretrainPlaces& places,
                       core::MetricSink* metrics) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(places.tokenizer / "tokenizer.json");
  train::TrainInputs inputs;
  inputs.stage = places.stage;
  inputs.shard = places.tokenizer / "corpus.tokens";
  inputs.tokenizer_json = places.tokenizer / "tokenizer.json";
  inputs.model = std::move(model);
  if (inputs.model.vocab_size == 0) inputs.model.vocab_size = tokenizer.vocab_size();
  inputs.ids = {require_special(tokenizer, kBosToken), require_special(tokenizer, kEosToken),
                require_special(tokenizer, kPadToken)};
  inputs.output = places.output;
  inputs.state = places.state;
  inputs.metrics = metrics;
  inputs.group = places.group;
  const train::TrainResult result = train::train(config, inputs);
  return {{"steps", static_cast<double>(result.steps)},
          {"tokens", static_cast<double>(result.tokens)},
          {"parameters", static_cast<double>(result.parameters)},
          {"active_parameters", static_cast<double>(result.active_parameters)},
          {"flops",
           train::training_flops(static_cast<double>(result.active_parameters), static_cast<double>(result.tokens))},
          {"final_loss", result.final_loss}};
}

StagePlan PretrainStage::plan(const std::filesystem::path&) const {
  const model::ModelSize size = model::model_size(model_);
  const double tokens = static_cast<double>(train_.steps * train_.rows_per_step * train_.row_length);
  return {.work = fmt::format("pre-training from scratch: {} steps of {} x {} tokens, learning rate {:g}", train_.steps,
                              train_.rows_per_step, train_.row_length, train_.optimizer.learning_rate),
          .memory_bytes = training_bytes(size, train_.dtype),
          .flops = train::training_flops(size.active_parameters, tokens)};
}

Metrics PretrainStage::run(const StageContext& context) const {
  return pretrain_model(train_, model_,
                        {.stage = name(),
                         .tokenizer = context.run / "tokenizer",
                         .output = context.directory / "model",
                         .state = context.state(),
                         .group = context.group},
                        context.metrics);
}

}  // namespace r1::pipeline
