// One spdlog logger on standard error. On a terminal a line first clears what stands there: monitor's progress bar
// redraws itself at the next step.
#include "r1/core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>

namespace r1::core {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("r1", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    const std::string clear_line = isatty(STDERR_FILENO) ? "\r\033[2K" : "";
    made->set_pattern(clear_line + "%H:%M:%S %^%l%$ %v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

}  // namespace

void log_line(LogLevel level, const std::string& text) {
  logger().log(spdlog_level(level), spdlog::string_view_t(text));
}

void set_log_level(LogLevel level) { logger().set_level(spdlog_level(level)); }

}  // namespace r1::core
