// Which judge a stage asks: the rubric that comes with a prompt, or any OpenAI-compatible endpoint. Judging itself is
// reward/judge.h's.
#pragma once

#include <memory>
#include <string>

#include "r1/core/config.h"
#include "r1/reward/endpoint_judge.h"
#include "r1/reward/judge.h"

namespace r1::pipeline {

struct JudgeConfig {
  std::string kind = "rubric";  // rubric | endpoint
  reward::EndpointJudgeConfig endpoint;
};
void fields(core::FieldVisitor& v, JudgeConfig& c);

/// UserError for an unknown kind.
std::unique_ptr<reward::Judge> make_judge(const JudgeConfig& config);

}  // namespace r1::pipeline
