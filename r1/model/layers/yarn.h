// YaRN's attention temperature (Peng et al. 2023, section 3.4), for configurations and layers. No torch type.
#pragma once

#include <cmath>

namespace r1::model {

/// The factor for contexts `factor` times longer: 0.1 mscale ln(factor) + 1.
inline double yarn_mscale(double factor, double mscale = 1.0) {
  return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

}  // namespace r1::model
