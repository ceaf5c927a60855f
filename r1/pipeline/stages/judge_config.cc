// Judges by name (judge_config.h).
#include "r1/pipeline/stages/judge_config.h"

#include "r1/core/error.h"
#include "r1/reward/rubric_judge.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, JudgeConfig& c) {
  v("kind", c.kind, "rubric (comes with the prompt) | endpoint (any OpenAI-compatible server)");
  v("endpoint", c.endpoint, "the server of kind endpoint");
}

std::unique_ptr<reward::Judge> make_judge(const JudgeConfig& config) {
  if (config.kind == "rubric") return std::make_unique<reward::RubricJudge>();
  if (config.kind == "endpoint") return std::make_unique<reward::EndpointJudge>(config.endpoint);
  user_error("judge.kind: \"{}\" is neither rubric nor endpoint", config.kind);
}

}  // namespace r1::pipeline
