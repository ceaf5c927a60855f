// What makes rotary angles; names as in Hugging Face's rope_scaling. The table itself is rope_table.h's. No torch type.
#pragma once

#include <cstdint>
#include <string>

namespace r1::model {

struct RopeSpec {
  double theta = 10000.0;
  std::int64_t dim = 0;  // rotary elements of a head
  std::int64_t positions = 0;  // rows of the table
  std::string type = "default";  // default | linear | yarn | llama3
  double factor = 1.0;
  double original_max_position_embeddings = 0.0;
  double beta_fast = 32.0, beta_slow = 1.0;  // yarn
  bool truncate = true;  // yarn: the ramp's ends are whole dimensions
  double attention_factor = 1.0;  // yarn: on cos and sin
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  // llama3
};

/// UserError, opened by `where`, when the angles make no sense or their table is too large.
void validate(const RopeSpec& spec, const std::string& where);

}  // namespace r1::model
