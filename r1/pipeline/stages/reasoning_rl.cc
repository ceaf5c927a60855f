// Configuration of stage reasoning_rl; the loop is rl_stage.cc's.
#include "r1/pipeline/stages/reasoning_rl.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, ReasoningRlConfig& c) {
  fields(v, static_cast<rl::GrpoConfig&>(c));
  v("language_weight", c.language_weight, "weight of the language-consistency reward");
}

}  // namespace r1::pipeline
