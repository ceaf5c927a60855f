// What a verb is given as a model -> a Hugging Face folder, the only form that r1 loads. It loads nothing itself.
#pragma once

#include <filesystem>

namespace r1::cli {

/// A folder is returned as it is. A .gguf file is converted once (as `r1 convert` does without options) into
/// $XDG_CACHE_HOME (or ~/.cache) /r1/models/NAME-HASH and that folder returned; the hash is of the file's place, size
/// and time of change, so a changed file is converted anew. One line on standard error says so. A conversion that
/// broke off is never taken; of several processes one converts and the others wait. UserError as convert_model's.
std::filesystem::path model_folder(const std::filesystem::path& path);

}  // namespace r1::cli
