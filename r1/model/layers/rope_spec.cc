// Checks of rotary angles (rope_spec.h).
#include "r1/model/layers/rope_spec.h"

#include <cmath>

#include "r1/core/error.h"

namespace r1::model {

namespace {

constexpr double kMaxPositions = 1e15;  // a whole number in a double
constexpr double kMaxTableBytes = 2147483648.0;  // cos and sin of every position, float32

}  // namespace

void validate(const RopeSpec& s, const std::string& where) {
  if (!(s.theta > 1.0)) user_error("{}: rope_theta is {}: it must be above 1", where, s.theta);
  const double bytes = 4.0 * static_cast<double>(s.positions) * static_cast<double>(s.dim);
  if (bytes > kMaxTableBytes)
    user_error("{}: max_position_embeddings {} needs {:.1f} GiB for its rotary angles; at most {:.0f} are supported",
               where, s.positions, bytes / 1073741824.0, kMaxTableBytes / 1073741824.0);
  if (s.type == "default") return;
  if (!(s.factor >= 1.0) || !(s.type == "linear" || s.original_max_position_embeddings >= 1.0))
    user_error("{}: factor {} and original_max_position_embeddings {} must be 1 or more", where, s.factor,
               s.original_max_position_embeddings);
  if (s.original_max_position_embeddings > kMaxPositions)
    user_error("{}: original_max_position_embeddings is {}: at most {} is supported", where,
               s.original_max_position_embeddings, kMaxPositions);
  if (s.type == "yarn" &&
      !(s.beta_fast > 0.0 && s.beta_slow > 0.0 && s.attention_factor > 0.0 && std::isfinite(s.attention_factor)))
    user_error("{}: beta_fast {}, beta_slow {} and the attention factor {} must be above 0", where, s.beta_fast,
               s.beta_slow, s.attention_factor);
  if (s.type == "llama3" && !(s.low_freq_factor > 0.0 && s.high_freq_factor > s.low_freq_factor))
    user_error("{}: low_freq_factor {} must be above 0 and below high_freq_factor {}", where, s.low_freq_factor,
               s.high_freq_factor);
}

}  // namespace r1::model
