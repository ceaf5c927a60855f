// Requests in parallel, verdicts in one batch (endpoint_sampling.h).
#include "r1/pipeline/stages/endpoint_sampling.h"

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/threads.h"
#include "r1/data/problems/corpus.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::json;

/// Text and whether it came to its end; nothing of a reply that is no completion.
void read_reply(const core::HttpReply& reply, eval::EvalItem& item) {
  if (reply.status >= 400 && reply.status < 500 && reply.status != 408 && reply.status != 429)
    user_error("the endpoint refuses: {} ({}): check url, api_key_env and model", reply.why, reply.body.substr(0, 120));
  item.finished = false;
  if (!reply.ok()) {
    item.verdict.outcome =
        reply.end == core::HttpReply::End::TimedOut ? reward::Outcome::Timeout : reward::Outcome::Crash;
    item.verdict.why = reply.why;
    return;
  }
  const Json json = Json::parse(reply.body, nullptr, false);
  const Json::json_pointer text("/choices/0/text"), reason("/choices/0/finish_reason");
  if (json.is_discarded() || !json.contains(text) || !json[text].is_string()) {
    item.verdict.outcome = reward::Outcome::Unparseable;
    item.verdict.why = "the endpoint gives no completion: " + reply.body.substr(0, 120);
    return;
  }
  item.text = json[text].get<std::string>();
  item.finished = !json.contains(reason) || json[reason] != "length";
  item.num_tokens = json.value("/usage/completion_tokens"_json_pointer, std::int64_t{0});
}

}  // namespace

void fields(core::FieldVisitor& v, EndpointConfig& c) {
  v("http", c.http, "an OpenAI-compatible service");
  v("model", c.model, "the service's name of the model");
  v("parallel", c.parallel, "requests under way at once");
  v("stop", c.stop, "texts that end an answer");
}

std::vector<eval::EvalItem> sample_endpoint(const EndpointConfig& endpoint, const Asker& asker,
                                            const SampleConfig& config, const std::vector<data::Problem>& problems,
                                            const reward::Scorer& scorer) {
  const core::HttpClient client(endpoint.http);
  const auto samples = static_cast<std::size_t>(config.samples);
  std::vector<eval::EvalItem> items(problems.size() * samples);
  core::parallel_for(items.size(), static_cast<std::size_t>(endpoint.parallel), [&](std::size_t i) {
    items[i].problem = static_cast<std::int64_t>(i / samples);
    items[i].sample = static_cast<std::int64_t>(i % samples);
    Json request = {{"model", endpoint.model},
                    {"prompt", data::fill_template(asker.prompt_template, problems[i / samples].prompt)},
                    {"temperature", config.temperature},
                    {"max_tokens", config.max_new_tokens},
                    {"seed", asker.seed + items[i].sample}};
    if (!endpoint.stop.empty()) request["stop"] = endpoint.stop;
    read_reply(client.post_json("/completions", request.dump(-1, ' ', false, Json::error_handler_t::replace)),
               items[i]);
  });
  std::vector<reward::RewardInput> inputs;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].verdict.outcome != reward::Outcome::Scored) continue;
    const data::Problem& problem = problems[i / samples];
    inputs.push_back({problem.prompt, items[i].text, problem.answer, problem.verifier,
                      problem.tests.empty() ? "" : problem.tests.front(), items[i].finished, problem.language});
    places.push_back(i);
  }
  const std::vector<reward::Verdict> verdicts = scorer.score_batch(inputs);
  for (std::size_t i = 0; i < places.size(); ++i) items[places[i]].verdict = verdicts[i];
  return items;
}

}  // namespace r1::pipeline
