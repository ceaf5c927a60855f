// A small HTTP client for JSON services: POST, time-outs, retries with back-off, a bearer key from the environment. One
// connection a request, so one object may be used from many threads. No streaming, no redirects, no proxies; https
// where cpp-httplib was built with OpenSSL (Debian's and Ubuntu's are).
#pragma once

#include <cstdint>
#include <string>

#include "r1/core/config.h"

namespace r1::core {

struct HttpClientConfig {
  std::string url = "http://127.0.0.1:8000/v1";  // scheme, host, port and the path that requests start with
  std::string api_key_env;  // name of the environment variable that holds the bearer key; empty: no key
  double timeout_seconds = 60.0;  // to connect, and to wait for more bytes, each
  std::int64_t retries = 3;  // after the first try
  double backoff_seconds = 0.5;  // before the first retry; doubled each time, 30 at most
};
void fields(FieldVisitor& v, HttpClientConfig& c);

struct HttpReply {
  enum class End { Answered, TimedOut, Unreachable };
  End end = End::Unreachable;
  int status = 0;  // End::Answered: 200, 404 ...
  std::string body;
  std::string why;  // "no answer from http://... within 60 s", "500 Internal Server Error from ..."; empty when ok()
  std::int64_t attempts = 0;
  bool ok() const { return end == End::Answered && status >= 200 && status < 300; }
};

class HttpClient {
 public:
  /// UserError when the URL or a number makes no sense, the environment variable is not set, or https is asked of a
  /// build without OpenSSL.
  explicit HttpClient(const HttpClientConfig& config);

  /// POSTs a JSON text to url + path ("/chat/completions"). Time-outs, lost connections and the statuses 408, 429 and
  /// 5xx are tried again (after Retry-After, where the server names up to 30 s); the last reply is returned, whatever
  /// it is.
  HttpReply post_json(const std::string& path, const std::string& body) const;

 private:
  HttpReply post_once(const std::string& path, const std::string& body, double& retry_after) const;

  HttpClientConfig config_;
  std::string origin_;  // scheme://host:port
  std::string prefix_;  // path, without a slash at its end
  std::string key_;
};

}  // namespace r1::core
