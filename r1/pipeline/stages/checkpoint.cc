// Links or copies a folder (checkpoint.h).
#include "r1/pipeline/stages/checkpoint.h"

#include <fmt/format.h>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {

namespace fs = std::filesystem;

void fields(core::FieldVisitor& v, BaseConfig& c) {
  v("checkpoint", c.checkpoint, "Hugging Face folder to start from; empty: stage pretrain trains from scratch");
  v("parameters", c.parameters, "of the checkpoint, for plans; 0 = those of `model`");
  v("active_parameters", c.active_parameters, "of one token, for plans; 0 = those of `model`");
}

StagePlan CheckpointStage::plan(const fs::path&) const {
  return {.work = fmt::format("takes {} as it is", base_.checkpoint)};
}

Metrics CheckpointStage::run(const StageContext& context) const {
  const fs::path from = base_.checkpoint;
  for (const char* file : {"config.json", "tokenizer.json"})
    if (!fs::exists(from / file)) user_error("base.checkpoint: {} has no {}", from.string(), file);
  double bytes = 0.0;
  core::write_directory_atomic(context.directory / "model", [&](const fs::path& folder) {
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
      if (!entry.is_regular_file()) continue;
      std::error_code refused;
      const fs::path target = folder / entry.path().filename();
      fs::create_hard_link(fs::canonical(entry.path()), target, refused);
      if (refused) fs::copy_file(entry.path(), target);
      bytes += static_cast<double>(entry.file_size());
    }
  });
  return {{"bytes", bytes}};
}

}  // namespace r1::pipeline
