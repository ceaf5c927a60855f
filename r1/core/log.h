// The log: one line an event on standard error, through spdlog. R1_LOG(info, "stage {} is complete", name).
// Levels: debug, info, warn, error. It holds no metrics (metric_sink.h) and no results (standard output).
#pragma once

#include <fmt/format.h>

#include <string>

namespace r1::core {

enum class LogLevel { debug, info, warn, error };  // NOLINT(readability-identifier-naming): R1_LOG(info, ...)

void log_line(LogLevel level, const std::string& text);
/// Lines below this level are dropped. Default: info.
void set_log_level(LogLevel level);

}  // namespace r1::core

#define R1_LOG(level, ...) ::r1::core::log_line(::r1::core::LogLevel::level, ::fmt::format(__VA_ARGS__))
