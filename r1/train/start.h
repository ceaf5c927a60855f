// What of a loaded model a run trains: all of it, all but what the user freezes, or an adapter. For every trainer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/model/adapter.h"

namespace r1::train {

struct StartConfig {
  model::AdapterConfig adapter;          // a fresh one
  std::filesystem::path folder;          // the model's: its tokenizer reads prompt_tuning_init_text
  std::filesystem::path adapter_folder;  // or one to go on from; empty: none
  std::vector<std::string> freeze;
  std::int64_t seed = 1;
  std::string where;  // opens messages: the stage's name
};

/// Puts the adapter onto `model` (on the CPU) and freezes what is not trained. Returns the adapter's configuration: of
/// one to go on from its own, but for `merge`. UserError for what can't be.
model::AdapterConfig start_training(model::Decoder& model, const StartConfig& config);

/// Parameters that are trained, and one line about them where not all are.
std::int64_t count_trained(model::Decoder& model, const std::string& where);

}  // namespace r1::train
