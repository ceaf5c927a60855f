// How large a DeepSeek-V3 model of a configuration is, without making it: for plans and estimates. The model itself
// counts what it holds (model.h); a test compares the two. No torch type.
#pragma once

#include "r1/model/families/deepseek_v3/config.h"

namespace r1::model {

struct ModelSize {
  double parameters = 0.0;         // the MTP module left out, as DeepSeek's 671B
  double active_parameters = 0.0;  // of one token
};

ModelSize model_size(const DeepseekV3Config& config);

}  // namespace r1::model
