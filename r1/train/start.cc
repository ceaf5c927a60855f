// The start of training (start.h).
#include "r1/train/start.h"

#include "r1/core/error.h"
#include "r1/core/log.h"
#include "r1/model/freeze.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::train {

namespace {

std::vector<std::int32_t> init_ids(const StartConfig& c) {
  if (c.adapter.type != "prompt_tuning" || c.adapter.prompt_tuning_init_text.empty()) return {};
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(c.folder / "tokenizer.json");
  return tokenizer.encode(c.adapter.prompt_tuning_init_text);
}

model::AdapterConfig go_on(model::Decoder& model, const StartConfig& c) {
  if (c.adapter.on())
    user_error("{}.adapter.type: {} is an adapter and is trained on as it is; leave the type out", c.where,
               c.adapter_folder.string());
  model::AdapterConfig config = model::load_adapter(model, c.adapter_folder);
  config.merge = c.adapter.merge;
  if (config.lora_dropout > 0.0) {
    R1_LOG(warn, "{}: lora_dropout {} is not applied: training goes on without", c.adapter_folder.string(),
           config.lora_dropout);
    config.lora_dropout = 0.0;
  }
  validate(config, c.where + ".adapter");
  return config;
}

}  // namespace

model::AdapterConfig start_training(model::Decoder& model, const StartConfig& c) {
  model::AdapterConfig config = c.adapter;
  validate(config, c.where + ".adapter");
  if (!c.adapter_folder.empty())
    config = go_on(model, c);
  else if (config.on())
    add_adapter(model, config, static_cast<std::uint64_t>(c.seed), c.where + ".adapter", init_ids(c));
  model::freeze(model, c.freeze, c.where + ".freeze");
  return config;
}

std::int64_t count_trained(model::Decoder& model, const std::string& where) {
  std::int64_t trained = 0, all = 0;
  model.visit_parameters([&](const model::Parameter& p) {
    all += p.tensor->numel();
    if (p.tensor->requires_grad()) trained += p.tensor->numel();
  });
  const double percent = 100.0 * static_cast<double>(trained) / static_cast<double>(all);
  if (percent < 99.0) R1_LOG(info, "{}: {} of {} parameters are trained ({:.3g} %)", where, trained, all, percent);
  return trained;
}

}  // namespace r1::train
