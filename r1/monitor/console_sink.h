// ConsoleSink: progress for the person in front of it. On a terminal one line that redraws itself,
//   zero [=====>      ] 42/100  42%  ETA 1:05  reward 0.52  entropy 1.31
// elsewhere (a log file, CI) such a line without the bar every few seconds or steps. Notes are lines of their own. It
// is no record of the run: metrics.jsonl is. The time left is extrapolated from this process's recent steps.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "r1/core/metric_sink.h"

namespace r1::monitor {

struct ConsoleOptions {
  std::ostream* out = nullptr;   // where to; must outlive the sink
  bool is_terminal = false;      // redraw one line with \r, or write lines
  int columns = 0;  // width of the terminal; 0 asks standard error's at every draw (80 when it has none)
  double line_seconds = 10.0;  // not a terminal: a line when so long has passed since the last
  std::int64_t line_steps = 0;  // not a terminal: or after so many steps; 0 = never for that reason
  double redraw_seconds = 0.1;  // terminal: draw no more often than this
  std::map<std::string, std::vector<std::string>> key_metrics;  // by stage; a stage that is missing shows usual_metrics
  std::vector<std::string> usual_metrics = {"loss", "reward", "completions/mean_length", "entropy", "kl", "grad_norm"};
  std::function<double()> clock;  // monotonic seconds
};

/// Standard error as it is now (a terminal or not), the steady clock, all else by default.
ConsoleOptions console_on_stderr();

class ConsoleSink : public core::MetricSink {
 public:
  explicit ConsoleSink(ConsoleOptions options);
  /// Ends a line that is still open.
  ~ConsoleSink() override;

  /// Shows the chosen metrics that the record has; a record with none of them shows its first four values.
  void emit(const core::MetricRecord& record) override;
  void note(const std::string& stage, const std::string& text) override;
  void rewind(const std::string& stage, std::int64_t step) override;

 private:
  void emit_to_terminal(const core::MetricRecord& record, double now);
  void emit_line(const core::MetricRecord& record, double now);
  void track_pace(const core::MetricRecord& record, double now);
  std::string progress_text(const core::MetricRecord& record) const;
  std::string metrics_text(const core::MetricRecord& record) const;
  int columns() const;
  void finish_line();

  ConsoleOptions options_;
  std::string stage_;  // the present stage; empty before the first record
  std::int64_t last_step_ = 0;  // of the present stage
  double last_time_ = 0.0;  // of that step
  double seconds_per_step_ = 0.0;  // running mean; 0 = not known yet
  std::int64_t shown_step_ = -1;  // of the last line or drawing; -1 = none of this stage yet
  double shown_time_ = 0.0;
  std::string bar_;  // what stands on the open line of the terminal; empty = no open line
};

}  // namespace r1::monitor
