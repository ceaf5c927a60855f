// On cpp-httplib, which stays inside this file.
#include "r1/core/http_client.h"

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "r1/core/error.h"
#include "r1/core/sigpipe_blocked.h"

namespace r1::core {
namespace {

constexpr double kLongestPause = 30.0;  // seconds

using Microseconds = std::chrono::microseconds;

Microseconds microseconds(double seconds) { return Microseconds(static_cast<std::int64_t>(seconds * 1e6)); }

void check_config(const HttpClientConfig& c) {
  if (!(c.timeout_seconds > 0.0) || c.retries < 0 || !(c.backoff_seconds >= 0.0))
    user_error("HTTP client for {}: timeout_seconds must be positive, retries and backoff_seconds 0 or more", c.url);
}

bool is_worth_a_retry(const HttpReply& reply) {
  return reply.end != HttpReply::End::Answered || reply.status == 408 || reply.status == 429 || reply.status >= 500;
}

/// Whole seconds of a Retry-After header; 0 for none, a date, or more than we are ready to wait.
double retry_after_of(const std::string& header) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  const bool good = error == std::errc() && end == header.data() + header.size();
  return good && seconds >= 0 && seconds <= kLongestPause ? seconds : 0.0;
}

HttpReply failed(HttpReply::End end, std::string why) {
  HttpReply reply;
  reply.end = end;
  reply.why = std::move(why);
  return reply;
}

}  // namespace

void fields(FieldVisitor& v, HttpClientConfig& c) {
  v("url", c.url, "base URL of the service, e.g. http://127.0.0.1:8000/v1");
  v("api_key_env", c.api_key_env, "environment variable with the bearer key; empty: no key");
  v("timeout_seconds", c.timeout_seconds, "limit to connect, and to wait for more bytes");
  v("retries", c.retries, "tries after the first");
  v("backoff_seconds", c.backoff_seconds, "pause before the first retry, doubled each time");
}

HttpClient::HttpClient(const HttpClientConfig& config) : config_(config) {
  check_config(config);
  const std::size_t scheme_end = config.url.find("://");
  const std::string scheme = config.url.substr(0, scheme_end);
  if (scheme_end == std::string::npos || (scheme != "http" && scheme != "https"))
    user_error("'{}' is no URL of an HTTP service: write http://host:port/path", config.url);
#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
  if (scheme == "https") user_error("{}: this build of r1 has no https (cpp-httplib without OpenSSL)", config.url);
#endif
  const std::size_t path = std::min(config.url.find('/', scheme_end + 3), config.url.size());
  if (path == scheme_end + 3) user_error("'{}' names no host: write http://host:port/path", config.url);
  origin_ = config.url.substr(0, path);
  prefix_ = config.url.substr(path);
  while (prefix_.ends_with('/')) prefix_.pop_back();
  if (config.api_key_env.empty()) return;
  const char* key = std::getenv(config.api_key_env.c_str());
  if (key == nullptr || *key == '\0')
    user_error("the environment variable {} (api_key_env) for {} is not set: export it, or leave api_key_env empty",
               config.api_key_env, config.url);
  key_ = key;
}

HttpReply HttpClient::post_once(const std::string& path, const std::string& body, double& retry_after) const {
  httplib::Client client(origin_);
  if (!client.is_valid()) user_error("'{}' is no URL of an HTTP service: write http://host:port/path", config_.url);
  const Microseconds limit = microseconds(config_.timeout_seconds);
  client.set_connection_timeout(limit);
  client.set_read_timeout(limit);
  client.set_write_timeout(limit);
  httplib::Headers headers;
  if (!key_.empty()) headers.emplace("Authorization", "Bearer " + key_);
  const SigpipeBlocked sigpipe_blocked;
  const auto start = std::chrono::steady_clock::now();
  const httplib::Result result = client.Post(prefix_ + path, headers, body, "application/json");
  if (!result) {
    // The library tells a lost connection from a slow one for connecting only.
    const bool slow = std::chrono::steady_clock::now() - start >= limit;
    if (slow)
      return failed(HttpReply::End::TimedOut,
                    fmt::format("no answer from {} within {} s", config_.url, config_.timeout_seconds));
    return failed(HttpReply::End::Unreachable,
                  fmt::format("no answer from {}: {}", config_.url, httplib::to_string(result.error())));
  }
  HttpReply reply;
  reply.end = HttpReply::End::Answered;
  reply.status = result->status;
  reply.body = result->body;
  retry_after = retry_after_of(result->get_header_value("Retry-After"));
  if (!reply.ok()) reply.why = fmt::format("status {} from {}{}", reply.status, config_.url, path);
  return reply;
}

HttpReply HttpClient::post_json(const std::string& path, const std::string& body) const {
  double pause = config_.backoff_seconds;
  for (std::int64_t attempt = 1;; ++attempt) {
    double retry_after = 0.0;
    HttpReply reply = post_once(path, body, retry_after);
    reply.attempts = attempt;
    if (attempt > config_.retries || !is_worth_a_retry(reply)) return reply;
    std::this_thread::sleep_for(microseconds(std::max(std::min(pause, kLongestPause), retry_after)));
    pause *= 2.0;
  }
}

}  // namespace r1::core
