// An HTTP server inside the test on a free port of this machine: POST /v1/chat/completions (or whatever path) goes to a
// handler. It is no model and no part of the product.
#pragma once

#include <httplib.h>

#include <functional>
#include <string>
#include <thread>

namespace r1::test {

class HttpServer {
 public:
  using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;

  explicit HttpServer(const Handler& handler) {
    server_.Post(".*", handler);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~HttpServer() {
    server_.stop();
    thread_.join();
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace r1::test
