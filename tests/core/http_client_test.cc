// Against a server in this process: what is sent, what is tried again, and how failures are told apart.
#include "r1/core/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "r1/core/error.h"
#include "tests/support/http_server.h"

namespace r1::core {
namespace {

using testing::HasSubstr;

HttpClientConfig config_for(const test::HttpServer& server) {
  HttpClientConfig config;
  config.url = server.url("/v1/");
  config.timeout_seconds = 20.0;
  config.backoff_seconds = 0.01;
  return config;
}

TEST(HttpClientTest, PostsJsonToThePathWithTheKey) {
  std::string path, body, type, key;
  const test::HttpServer server([&](const httplib::Request& request, httplib::Response& response) {
    path = request.path;
    body = request.body;
    type = request.get_header_value("Content-Type");
    key = request.get_header_value("Authorization");
    response.set_content("{\"ok\": true}", "application/json");
  });
  setenv("R1_TEST_API_KEY", "sesame", 1);
  HttpClientConfig config = config_for(server);
  config.api_key_env = "R1_TEST_API_KEY";
  const HttpReply reply = HttpClient(config).post_json("/chat/completions", "{\"a\": \"ü\"}");
  unsetenv("R1_TEST_API_KEY");
  EXPECT_TRUE(reply.ok()) << reply.why;
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{\"ok\": true}");
  EXPECT_EQ(reply.attempts, 1);
  EXPECT_EQ(path, "/v1/chat/completions");
  EXPECT_EQ(body, "{\"a\": \"ü\"}");
  EXPECT_THAT(type, HasSubstr("application/json"));
  EXPECT_EQ(key, "Bearer sesame");
  EXPECT_EQ(HttpClient(config_for(server)).post_json("/x", "{}").status, 200);
  EXPECT_EQ(key, "");
}

TEST(HttpClientTest, TriesAgainAfterServerErrors) {
  std::atomic<int> calls = 0;
  const test::HttpServer server([&](const httplib::Request&, httplib::Response& response) {
    const int call = ++calls;
    if (call <= 2) response.status = call == 1 ? 500 : 429;
    response.set_content("done", "text/plain");
  });
  const HttpReply reply = HttpClient(config_for(server)).post_json("/x", "{}");
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.attempts, 3);
  EXPECT_EQ(calls, 3);
}

TEST(HttpClientTest, GivesUpAfterItsRetries) {
  std::atomic<int> calls = 0;
  const test::HttpServer server([&](const httplib::Request&, httplib::Response& response) {
    ++calls;
    response.status = 503;
  });
  HttpClientConfig config = config_for(server);
  config.retries = 2;
  const HttpReply reply = HttpClient(config).post_json("/x", "{}");
  EXPECT_FALSE(reply.ok());
  EXPECT_EQ(reply.end, HttpReply::End::Answered);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.attempts, 3);
  EXPECT_EQ(calls, 3);
  EXPECT_THAT(reply.why, HasSubstr("status 503"));
}

TEST(HttpClientTest, DoesNotRepeatWhatIsOurOwnFault) {
  std::atomic<int> calls = 0;
  const test::HttpServer server([&](const httplib::Request&, httplib::Response& response) {
    ++calls;
    response.status = 401;
  });
  EXPECT_EQ(HttpClient(config_for(server)).post_json("/x", "{}").status, 401);
  EXPECT_EQ(calls, 1);
}

TEST(HttpClientTest, WaitsAsTheServerAsks) {
  std::atomic<int> calls = 0;
  const test::HttpServer server([&](const httplib::Request&, httplib::Response& response) {
    if (++calls == 1) {
      response.status = 429;
      response.set_header("Retry-After", "1");
    }
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(HttpClient(config_for(server)).post_json("/x", "{}").ok());
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(HttpClientTest, SlowAndAbsentServersAreToldApart) {
  std::string gone;
  {
    const test::HttpServer server([](const httplib::Request&, httplib::Response&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(600));
    });
    HttpClientConfig config = config_for(server);
    config.timeout_seconds = 0.2;
    config.retries = 1;
    const HttpReply slow = HttpClient(config).post_json("/x", "{}");
    EXPECT_EQ(slow.end, HttpReply::End::TimedOut);
    EXPECT_EQ(slow.attempts, 2);
    EXPECT_THAT(slow.why, HasSubstr("within 0.2 s"));
    gone = server.url("/v1");
  }
  HttpClientConfig config;
  config.url = gone;
  config.retries = 0;
  const HttpReply absent = HttpClient(config).post_json("/x", "{}");
  EXPECT_EQ(absent.end, HttpReply::End::Unreachable);
  EXPECT_EQ(absent.attempts, 1);
  EXPECT_THAT(absent.why, HasSubstr("no answer from"));
}

TEST(HttpClientTest, MistakesAreToldAtOnce) {
  const auto with_url = [](const std::string& url) {
    HttpClientConfig config;
    config.url = url;
    return config;
  };
  for (const char* bad : {"", "localhost:8000", "ftp://host/x", "http://", "http:///v1"})
    EXPECT_THROW(HttpClient{with_url(bad)}, UserError) << bad;
  HttpClientConfig config;
  config.api_key_env = "R1_TEST_NO_SUCH_VARIABLE";
  EXPECT_THROW(HttpClient{config}, UserError);
  config = {};
  config.timeout_seconds = 0.0;
  EXPECT_THROW(HttpClient{config}, UserError);
}

}  // namespace
}  // namespace r1::core
