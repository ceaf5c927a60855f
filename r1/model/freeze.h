// Parameters that training leaves as they are, chosen by the names they have in memory: Hugging Face's, a layer's
// experts being one tensor (model.layers.3.mlp.experts.gate_up_proj).
#pragma once

#include <string>
#include <vector>

#include "r1/model/decoder.h"

namespace r1::model {

/// Whether one of the shell patterns (fnmatch: * matches anything, dots too, ? one character, [ab] a choice) is `name`.
bool matches_any(const std::vector<std::string>& patterns, const std::string& name);

/// No gradients for the parameters that match. UserError, opened by `where`, for a pattern that matches none, and when
/// nothing is left to train.
void freeze(Decoder& model, const std::vector<std::string>& patterns, const std::string& where);

}  // namespace r1::model
