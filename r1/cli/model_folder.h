// What a verb is given as a model -> a Hugging Face folder, the only form that r1 loads, and the adapter on it. It
// loads nothing itself.
#pragma once

#include <filesystem>
#include <string>

namespace r1::cli {

/// A folder is returned as it is. A .gguf file is converted once (as `r1 convert` does without options) into
/// $XDG_CACHE_HOME (or ~/.cache) /r1/models/NAME-HASH and that folder returned; the hash is of the file's place, size
/// and time of change, so a changed file is converted anew. One line on standard error says so. A conversion that
/// broke off is never taken; of several processes one converts and the others wait. UserError as convert_model's.
std::filesystem::path model_folder(const std::filesystem::path& path);

struct ModelSource {
  std::filesystem::path folder;   // of the model, or of the adapter's base
  std::filesystem::path adapter;  // folder in PEFT's format; empty: none
};
/// `path` as model_folder takes it, with the adapter in the folder `adapter` (empty: none); or an adapter's own folder,
/// whose base_model_name_or_path names its base here, from the working directory or from that folder. UserError when it
/// does not.
ModelSource model_source(const std::filesystem::path& path, const std::string& adapter);

constexpr const char* kAdapterHelp = "folder of an adapter of the model (PEFT's format)";

}  // namespace r1::cli
