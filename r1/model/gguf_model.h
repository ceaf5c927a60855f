// Which family's matter a checkpoint is, in GGUF's form and in Hugging Face's: the one place that knows all of them.
// It moves no data (gguf_outputs.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "r1/model/gguf_tensor.h"
#include "r1/weights/gguf.h"

namespace r1::model {

inline constexpr const char* kRopeFactors = "rope_freqs.weight";

struct GgufModel {
  std::string config_json;  // of Hugging Face's class; ids and dtype are to be set
  std::vector<GgufTensor> tensors;  // every one but rope_freqs.weight
  std::vector<double> rope_factors;  // of rope_freqs.weight; empty: the file has none
  bool tied_head = false;
  /// Tensors of a folder that have no place in the format begin with it; empty: there are none.
  std::string left_out;
};

/// The model of a file. UserError, naming file and key, for an architecture that isn't known or can't be run.
GgufModel model_of_gguf(const weights::GgufReader& reader, const std::filesystem::path& file);

/// The model of a folder's config.json; adds `general.architecture` and the architecture's keys to `metadata`.
GgufModel model_of_folder(const std::filesystem::path& config_json, weights::GgufMetadata& metadata);

}  // namespace r1::model
