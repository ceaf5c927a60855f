// Fills TrainInputs from the tokenizer stage's files; the ids of special tokens come from the tokenizer, not from the
// recipe.
#include "r1/pipeline/stages/pretrain.h"

#include <utility>

#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::pipeline {

PretrainStage::PretrainStage(train::TrainConfig train, model::DeepseekV3Config model, std::int64_t seed)
    : train_(std::move(train)), model_(std::move(model)) {
  train_.seed = join_seeds(seed, train_.seed);
}

std::string PretrainStage::config() const { return core::dump_config(model_) + core::dump_config(train_); }

Metrics PretrainStage::run(const StageContext& context) const {
  const std::filesystem::path folder = context.run / "tokenizer";
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(folder / "tokenizer.json");
  train::TrainInputs inputs;
  inputs.stage = name();
  inputs.shard = folder / "corpus.tokens";
  inputs.tokenizer_json = folder / "tokenizer.json";
  inputs.model = model_;
  if (inputs.model.vocab_size == 0) inputs.model.vocab_size = tokenizer.vocab_size();
  inputs.bos_id = require_special(tokenizer, kBosToken);
  inputs.eos_id = require_special(tokenizer, kEosToken);
  inputs.pad_id = require_special(tokenizer, kPadToken);
  inputs.output = context.directory / "model";
  inputs.state = context.state();
  inputs.metrics = context.metrics;
  const train::TrainResult result = train::train(train_, inputs);
  return {{"steps", static_cast<double>(result.steps)},
          {"tokens", static_cast<double>(result.tokens)},
          {"parameters", static_cast<double>(result.parameters)},
          {"active_parameters", static_cast<double>(result.active_parameters)},
          {"final_loss", result.final_loss}};
}

}  // namespace r1::pipeline
