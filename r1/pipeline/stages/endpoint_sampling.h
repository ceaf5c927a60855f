// Samples from any model behind an OpenAI-compatible endpoint (POST {url}/completions), scored by the run's own rules:
// for cold-start data from a model that is not in the run. What is kept is sample_filter's matter (sampling.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/http_client.h"
#include "r1/pipeline/stages/sampling.h"

namespace r1::pipeline {

struct EndpointConfig {
  core::HttpClientConfig http;
  std::string model = "default";    // the service's name of the model
  std::int64_t parallel = 8;        // requests under way at once
  std::vector<std::string> stop;    // texts that end an answer there
};
void fields(core::FieldVisitor& v, EndpointConfig& c);

/// One item a request, problem by problem, scored in one batch; of the asker the prompt template and the seed are used.
/// A request that fails gives an empty, unfinished item with the outcome Timeout or Crash. UserError when the service
/// refuses (status 4xx).
std::vector<eval::EvalItem> sample_endpoint(const EndpointConfig& endpoint, const Asker& asker,
                                            const SampleConfig& config, const std::vector<data::Problem>& problems,
                                            const reward::Scorer& scorer);

}  // namespace r1::pipeline
