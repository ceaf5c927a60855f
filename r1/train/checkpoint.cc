// Checkpoints of runs in progress (checkpoint.h).
#include "r1/train/checkpoint.h"

#include <algorithm>
#include <vector>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/phase.h"

namespace r1::train {

namespace {

constexpr const char* kPrefix = "step-";

std::vector<Checkpoint> all_checkpoints(const std::filesystem::path& state) {
  std::vector<Checkpoint> found;
  if (!std::filesystem::exists(state)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(state)) {
    const std::string name = entry.path().filename().string();
    const std::string number = name.starts_with(kPrefix) ? name.substr(std::string(kPrefix).size()) : "";
    if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) continue;
    found.push_back({std::stoll(number), entry.path()});
  }
  std::sort(found.begin(), found.end(), [](const Checkpoint& a, const Checkpoint& b) { return a.step < b.step; });
  return found;
}

}  // namespace

std::optional<Checkpoint> newest_checkpoint(const std::filesystem::path& state) {
  const std::vector<Checkpoint> found = all_checkpoints(state);
  return found.empty() ? std::nullopt : std::optional<Checkpoint>(found.back());
}

void write_checkpoint(const std::filesystem::path& state, std::int64_t step, const weights::NamedTensors& tensors,
                      const std::string& json) {
  core::phase_mark("checkpoint_begin");
  std::filesystem::create_directories(state);
  core::write_directory_atomic(state / (kPrefix + std::to_string(step)), [&](const std::filesystem::path& folder) {
    weights::write_safetensors(folder / "state.safetensors", tensors);
    core::write_file_atomic(folder / "state.json", json);
  });
  for (const Checkpoint& old : all_checkpoints(state))
    if (old.step != step) std::filesystem::remove_all(old.folder);
  core::phase_mark("checkpoint_end");
}

std::string read_checkpoint_json(const Checkpoint& checkpoint) {
  return core::read_file(checkpoint.folder / "state.json");
}

weights::SafetensorsReader read_checkpoint_tensors(const Checkpoint& checkpoint) {
  return weights::SafetensorsReader(checkpoint.folder / "state.safetensors");
}

bool changes(const model::Parameter& p) {
  return p.tensor->requires_grad() || p.kind == model::Parameter::Kind::RouterBias;
}

weights::NamedTensors training_tensors(model::Decoder& model, const AdamW& optimizer) {
  weights::NamedTensors out = optimizer.state();
  model.visit_parameters([&](const model::Parameter& p) {
    if (changes(p)) out.emplace_back("param." + p.name, p.tensor->detach());
  });
  return out;
}

void load_training_tensors(const weights::SafetensorsReader& reader, model::Decoder& model, AdamW& optimizer,
                           std::int64_t num_steps) {
  const at::NoGradGuard no_grad;
  model.visit_parameters([&](const model::Parameter& p) {
    if (changes(p)) p.tensor->copy_(reader.load("param." + p.name));
  });
  optimizer.load_state(reader, num_steps);
}

}  // namespace r1::train
