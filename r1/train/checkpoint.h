// Checkpoints of a run in progress: folders `step-N` under r1_state/, each complete or absent. One holds named tensors
// (weights under their in-memory names, moments, what a controller adds) and one JSON object. Only the newest is kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "r1/model/decoder.h"
#include "r1/train/optim/adamw.h"
#include "r1/weights/safetensors.h"

namespace r1::train {

struct Checkpoint {
  std::int64_t step = 0;
  std::filesystem::path folder;
};

/// The newest complete checkpoint under `state`; none: nothing.
std::optional<Checkpoint> newest_checkpoint(const std::filesystem::path& state);

/// Writes state/step-N with `tensors` and `json` (state.json), then removes older ones.
void write_checkpoint(const std::filesystem::path& state, std::int64_t step, const weights::NamedTensors& tensors,
                      const std::string& json);

std::string read_checkpoint_json(const Checkpoint& checkpoint);
weights::SafetensorsReader read_checkpoint_tensors(const Checkpoint& checkpoint);

/// Whether training changes a parameter: a frozen one is what the run started from, and in no checkpoint.
bool changes(const model::Parameter& parameter);

/// param.NAME of every parameter that changes plus the optimizer's state.
weights::NamedTensors training_tensors(model::Decoder& model, const AdamW& optimizer);
void load_training_tensors(const weights::SafetensorsReader& reader, model::Decoder& model, AdamW& optimizer,
                           std::int64_t num_steps);

}  // namespace r1::train
