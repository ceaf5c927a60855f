// Against a server in this process that plays the model: good replies, garbage, errors and silence.
#include "r1/reward/endpoint_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "r1/core/error.h"
#include "tests/support/http_server.h"

namespace r1::reward {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

/// A server whose model says what `say` makes of the user's message.
class FakeModel {
 public:
  explicit FakeModel(std::function<std::string(const std::string& question)> say)
      : server_([this, say = std::move(say)](const httplib::Request& request, httplib::Response& response) {
          request_ = Json::parse(request.body);
          const std::string text = say(request_["messages"][1]["content"]);
          response.set_content(Json{{"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}}}}}.dump(),
                               "application/json");
        }) {}
  EndpointJudge judge() const {
    EndpointJudgeConfig config;
    config.endpoint.url = server_.url("/v1");
    config.model = "umpire";
    return EndpointJudge(config);
  }
  const Json& request() const { return request_; }

 private:
  Json request_;
  test::HttpServer server_;
};

FakeModel saying(const std::string& text) {
  return FakeModel([text](const std::string&) { return text; });
}

const JudgeRequest kRequest{"2+2?", "4", "", "four", "five"};

TEST(EndpointJudgeTest, SendsQuestionAndAnswersAndReadsScores) {
  const FakeModel model = saying("A is right, {b} is not.\n{\"a\": 9, \"b\": 1.5, \"reason\": \"4 is {right}\"}");
  const Judgement judgement = model.judge().compare(kRequest);
  EXPECT_EQ(judgement.outcome, Outcome::Scored);
  EXPECT_EQ(judgement.a, 9.0);
  EXPECT_EQ(judgement.b, 1.5);
  EXPECT_EQ(judgement.why, "4 is {right}");
  EXPECT_EQ(model.request()["model"], "umpire");
  EXPECT_EQ(model.request()["temperature"], 0.0);
  const auto question = model.request()["messages"][1]["content"].get<std::string>();
  for (const char* part :
       {"<question>\n2+2?\n</question>", "<reference_answer>\n4\n", "<answer_a>\nfour\n", "<answer_b>\nfive\n"})
    EXPECT_THAT(question, HasSubstr(part));
  EXPECT_THAT(question, testing::Not(HasSubstr("<rubric>")));
}

TEST(EndpointJudgeTest, GradesFromZeroToOne) {
  const FakeModel model = saying("```json\n{\"score\": 7, \"reason\": \"fine\"}\n```");
  const Grade grade = model.judge().grade({"q", "", R"({"points": ["x"]})", "x"});
  EXPECT_EQ(grade.score, 0.7);
  EXPECT_EQ(grade.why, "fine");
  EXPECT_THAT(model.request()["messages"][1]["content"].get<std::string>(), HasSubstr("<rubric>"));
}

TEST(EndpointJudgeTest, BothOrdersAreAsked) {
  // Likes the first place by 2 and "four" by 3.
  const FakeModel model([](const std::string& question) {
    const bool four_first = question.find("four") < question.find("five");
    return four_first ? R"({"a": 9, "b": 4})" : R"({"a": 6, "b": 7})";
  });
  const Preference preference = judge_pair(model.judge(), kRequest, 1.0);
  EXPECT_EQ(preference.choice, Preference::Choice::A);
  EXPECT_EQ(preference.a, 8.0);
  EXPECT_EQ(preference.b, 5.0);
}

TEST(EndpointJudgeTest, RepliesWithoutScoresAreUnparseable) {
  for (const char* garbage : {"A is better.", "", "{\"a\": 9}", "{\"a\": 9, \"b\": 11}", "{\"a\": \"9\", \"b\": 1}",
                              "{\"a\": -1, \"b\": 1}", "{\"a\": 9, \"b\": 1", "[9, 1]", "{{{{{{"}) {
    const FakeModel model = saying(garbage);
    const Judgement judgement = model.judge().compare(kRequest);
    EXPECT_EQ(judgement.outcome, Outcome::Unparseable) << garbage;
    EXPECT_THAT(judgement.why, HasSubstr("no scores from 0 to 10")) << garbage;
    EXPECT_EQ(model.judge().grade({"q", "", "", "x"}).outcome, Outcome::Unparseable) << garbage;
    EXPECT_EQ(judge_pair(model.judge(), kRequest).choice, Preference::Choice::None) << garbage;
  }
}

Judgement judgement_of(const test::HttpServer::Handler& handler, double timeout_seconds = 20.0) {
  const test::HttpServer server(handler);
  EndpointJudgeConfig config;
  config.endpoint.url = server.url("/v1");
  config.endpoint.timeout_seconds = timeout_seconds;
  config.endpoint.retries = 2;
  config.endpoint.backoff_seconds = 0.01;
  return EndpointJudge(config).compare(kRequest);
}

TEST(EndpointJudgeTest, ErrorsAreTriedAgainAndThenACrash) {
  std::atomic<int> calls = 0;
  const auto recovering = [&](const httplib::Request&, httplib::Response& response) {
    if (++calls < 3) {
      response.status = 500;
      return;
    }
    response.set_content(R"({"choices": [{"message": {"content": "{\"a\": 1, \"b\": 2}"}}]})", "application/json");
  };
  EXPECT_EQ(judgement_of(recovering).b, 2.0);
  EXPECT_EQ(calls, 3);
  const Judgement down = judgement_of([](const httplib::Request&, httplib::Response& r) { r.status = 500; });
  EXPECT_EQ(down.outcome, Outcome::Crash);
  EXPECT_THAT(down.why, HasSubstr("status 500"));
  EXPECT_THAT(down.why, HasSubstr("3 tries"));
}

TEST(EndpointJudgeTest, SilenceIsATimeout) {
  const auto sleepy = [](const httplib::Request&, httplib::Response&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  };
  EXPECT_EQ(judgement_of(sleepy, 0.1).outcome, Outcome::Timeout);
}

TEST(EndpointJudgeTest, NoChatCompletionIsUnparseable) {
  for (const char* body : {"<html>", "{}", R"({"choices": []})", R"({"choices": [{"message": {"content": null}}]})"}) {
    const Judgement judgement =
        judgement_of([&](const httplib::Request&, httplib::Response& r) { r.set_content(body, "application/json"); });
    EXPECT_EQ(judgement.outcome, Outcome::Unparseable) << body;
    EXPECT_THAT(judgement.why, HasSubstr("no chat completion")) << body;
  }
}

TEST(EndpointJudgeTest, AWrongKeyOrModelIsTheUsersMistake) {
  EXPECT_THROW((void)judgement_of([](const httplib::Request&, httplib::Response& r) { r.status = 401; }), UserError);
  EXPECT_THROW((void)judgement_of([](const httplib::Request&, httplib::Response& r) { r.status = 404; }), UserError);
  EndpointJudgeConfig config;
  config.max_tokens = 0;
  EXPECT_THROW(EndpointJudge{config}, UserError);
}

}  // namespace
}  // namespace r1::reward
