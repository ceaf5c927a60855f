// Samples from an endpoint: asked as configured, scored by the rules, failures counted and never a silent 0.
#include "r1/pipeline/stages/endpoint_sampling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/reward/rule_scorer.h"
#include "tests/support/http_server.h"

namespace r1::pipeline {
namespace {

data::Problem sum() { return data::problem_from_json(R"({"prompt": "1+1=?", "answer": "2", "verifier": "number"})"); }

std::vector<eval::EvalItem> ask(const test::HttpServer& server, double timeout = 5.0) {
  EndpointConfig endpoint;
  endpoint.http.url = server.url("/v1");
  endpoint.http.retries = 0;
  endpoint.http.timeout_seconds = timeout;
  endpoint.model = "big";
  Asker asker;
  asker.prompt_template = "Q: {prompt}\n";
  return sample_endpoint(endpoint, asker, {.problems = 1, .samples = 2, .temperature = 0.5, .max_new_tokens = 9},
                         {sum()}, reward::RuleScorer({}));
}

TEST(EndpointSampling, AsksAsConfiguredAndScoresByTheRules) {
  const test::HttpServer server([](const httplib::Request& request, httplib::Response& reply) {
    const auto json = nlohmann::json::parse(request.body);
    const bool asked = request.path == "/v1/completions" && json["prompt"] == "Q: 1+1=?\n" && json["model"] == "big" &&
                       json["max_tokens"] == 9 && json["temperature"] == 0.5;
    const char* answer = json["seed"] == 1 ? "<think>1+1</think><answer>2</answer>" : "<answer>3</answer>";
    reply.set_content(
        nlohmann::json{{"choices", {{{"text", asked ? answer : "not asked so"}, {"finish_reason", "stop"}}}},
                       {"usage", {{"completion_tokens", 5}}}}
            .dump(),
        "application/json");
  });
  const std::vector<eval::EvalItem> items = ask(server);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].verdict.part("accuracy"), 1.0);
  EXPECT_EQ(items[0].verdict.part("format"), 1.0);
  EXPECT_EQ(items[1].verdict.part("accuracy"), 0.0);
  EXPECT_EQ(items[1].sample, 1);
  EXPECT_TRUE(items[0].finished);
  EXPECT_EQ(items[0].num_tokens, 5);
}

TEST(EndpointSampling, AFailureHasItsOutcome) {
  const test::HttpServer broken([](const httplib::Request&, httplib::Response& reply) { reply.status = 500; });
  const std::vector<eval::EvalItem> items = ask(broken);
  EXPECT_EQ(items[0].verdict.outcome, reward::Outcome::Crash);
  EXPECT_EQ(drop_reason(items[0], sum(), {}), "crash");
  const test::HttpServer odd(
      [](const httplib::Request&, httplib::Response& reply) { reply.set_content("hm", "text/plain"); });
  EXPECT_EQ(ask(odd)[0].verdict.outcome, reward::Outcome::Unparseable);
  const test::HttpServer refusing([](const httplib::Request&, httplib::Response& reply) { reply.status = 401; });
  EXPECT_THROW(ask(refusing), UserError);
}

}  // namespace
}  // namespace r1::pipeline
