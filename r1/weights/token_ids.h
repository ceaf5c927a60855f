// Token ids with a meaning, as a model's folder tells them (generation_config.json, else config.json). No torch type in
// this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace r1::weights {

struct TokenIds {
  std::int64_t bos = 0, eos = 1, pad = 2;
};

/// All end-of-sequence ids. UserError when neither file names one.
std::vector<std::int32_t> load_eos_ids(const std::filesystem::path& folder);
/// Beginning, first end, padding. A model without one of bos and pad (Qwen2, Llama) gets its end for it: neither is
/// ever a target. UserError as load_eos_ids.
TokenIds load_token_ids(const std::filesystem::path& folder);

}  // namespace r1::weights
