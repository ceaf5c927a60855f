// How much compute a model takes, for comparisons at equal compute and for plans (Kaplan et al. 2020, section 2.1): 2 N
// per token of a forward pass, 6 N of a forward and backward pass, N = parameters that a token uses (model/size.h,
// which floors above know by this header). Attention's own share, which grows with the length, is left out, as there.
#pragma once

#include "r1/model/families/deepseek_v3/size.h"

namespace r1::train {

/// `active_parameters` of one token, `tokens` run forward.
inline double forward_flops(double active_parameters, double tokens) { return 2.0 * active_parameters * tokens; }
/// `tokens` run forward and backward.
inline double training_flops(double active_parameters, double tokens) { return 6.0 * active_parameters * tokens; }

}  // namespace r1::train
