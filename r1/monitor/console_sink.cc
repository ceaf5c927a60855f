// See the header. ASCII only, so that it reads the same in every terminal and log.
#include "r1/monitor/console_sink.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <utility>

#include "r1/core/error.h"

namespace r1::monitor {

namespace {

constexpr const char* kClearLine = "\r\033[2K";
constexpr int kBarColumns = 24;
constexpr double kPaceWeight = 0.2;  // of the newest step in the running mean: RL steps grow longer as answers do
constexpr std::size_t kMaxUnchosen = 4;

/// 65 -> "1:05", 3725 -> "1:02:05".
std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::min(seconds, 3.6e9)));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string bar_text(double share) {
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarColumns);
  std::string bar(static_cast<std::size_t>(kBarColumns), ' ');
  std::fill_n(bar.begin(), filled, '=');
  if (filled < kBarColumns) bar[static_cast<std::size_t>(filled)] = '>';
  return "[" + bar + "]";
}

bool is_last(const core::MetricRecord& record) { return record.total_steps > 0 && record.step >= record.total_steps; }

double share_of(const core::MetricRecord& record) {
  return static_cast<double>(record.step) / static_cast<double>(record.total_steps);
}

}  // namespace

ConsoleOptions console_on_stderr() {
  ConsoleOptions options;
  options.out = &std::cerr;
  options.is_terminal = isatty(STDERR_FILENO) == 1;
  options.clock = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  return options;
}

ConsoleSink::ConsoleSink(ConsoleOptions options) : options_(std::move(options)) {
  R1_CHECK(options_.out != nullptr && options_.clock != nullptr, "a console needs a stream and a clock");
}

ConsoleSink::~ConsoleSink() { finish_line(); }

void ConsoleSink::emit(const core::MetricRecord& record) {
  const double now = options_.clock();
  track_pace(record, now);
  if (options_.is_terminal) {
    emit_to_terminal(record, now);
  } else {
    emit_line(record, now);
  }
}

void ConsoleSink::note(const std::string& stage, const std::string& text) {
  if (!bar_.empty()) *options_.out << kClearLine;
  *options_.out << stage << ": " << text << '\n' << bar_ << std::flush;
}

void ConsoleSink::rewind(const std::string& stage, std::int64_t step) {
  if (step > 0) note(stage, fmt::format("goes on after step {}", step));
  if (stage == stage_) {
    finish_line();
    stage_.clear();
  }
}

void ConsoleSink::emit_to_terminal(const core::MetricRecord& record, double now) {
  const bool is_first = shown_step_ < 0;
  if (!is_first && !is_last(record) && now - shown_time_ < options_.redraw_seconds) return;
  const std::string bar = record.total_steps > 0 ? bar_text(share_of(record)) + " " : "";
  bar_ = fmt::format("{} {}{}{}", record.stage, bar, progress_text(record), metrics_text(record));
  bar_.resize(
      std::min(bar_.size(), static_cast<std::size_t>(std::max(columns() - 1, 1))));  // a wrapped line can't be redrawn
  *options_.out << kClearLine << bar_ << std::flush;
  shown_step_ = record.step;
  shown_time_ = now;
  if (is_last(record)) finish_line();
}

void ConsoleSink::emit_line(const core::MetricRecord& record, double now) {
  const bool is_first = shown_step_ < 0;
  const bool is_time = now - shown_time_ >= options_.line_seconds;
  const bool is_step = options_.line_steps > 0 && record.step - shown_step_ >= options_.line_steps;
  if (!is_first && !is_time && !is_step && !is_last(record)) return;
  *options_.out << record.stage << ' ' << progress_text(record) << metrics_text(record) << '\n' << std::flush;
  shown_step_ = record.step;
  shown_time_ = now;
}

void ConsoleSink::track_pace(const core::MetricRecord& record, double now) {
  if (record.stage != stage_) {
    finish_line();
    stage_ = record.stage;
    seconds_per_step_ = 0.0;
    shown_step_ = -1;
  } else if (record.step > last_step_) {
    const double newest = (now - last_time_) / static_cast<double>(record.step - last_step_);
    const bool is_known = seconds_per_step_ > 0.0;
    seconds_per_step_ = is_known ? (1 - kPaceWeight) * seconds_per_step_ + kPaceWeight * newest : newest;
  }
  last_step_ = record.step;
  last_time_ = now;
}

std::string ConsoleSink::progress_text(const core::MetricRecord& record) const {
  if (record.total_steps <= 0) return fmt::format("{}", record.step);
  std::string text = fmt::format("{}/{} {:3.0f}%", record.step, record.total_steps, std::floor(100 * share_of(record)));
  if (seconds_per_step_ > 0.0 && !is_last(record)) {
    text += "  ETA " + duration_text(seconds_per_step_ * static_cast<double>(record.total_steps - record.step));
  }
  return text;
}

std::string ConsoleSink::metrics_text(const core::MetricRecord& record) const {
  const auto chosen = options_.key_metrics.find(record.stage);
  const auto& names = chosen == options_.key_metrics.end() ? options_.usual_metrics : chosen->second;
  std::string text;
  for (const std::string& name : names) {
    for (const auto* fields : {&record.values, &record.timings}) {
      for (const auto& [key, value] : *fields) {
        if (key == name) text += fmt::format("  {} {:.4g}", key, value);
      }
    }
  }
  if (!text.empty()) return text;
  for (std::size_t i = 0; i < std::min(record.values.size(), kMaxUnchosen); ++i) {
    text += fmt::format("  {} {:.4g}", record.values[i].first, record.values[i].second);
  }
  return text;
}

int ConsoleSink::columns() const {
  if (options_.columns > 0) return options_.columns;
  winsize size{};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : 80;
}

void ConsoleSink::finish_line() {
  if (!bar_.empty()) *options_.out << '\n' << std::flush;
  bar_.clear();
}

}  // namespace r1::monitor
