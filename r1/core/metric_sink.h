// MetricSink: where metrics go. core owns the interface; monitor implements it (console, JSONL, TensorBoard) and cli
// wires it. Metric names are the field's (TRL's and verl's), see docs/formats.md.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace r1::core {

/// One emit call: the metrics of one step of one stage.
struct MetricRecord {
  std::string stage;                                    // "pretrain", "zero", ...
  std::int64_t step = 0;                                // 1-based step just finished
  std::int64_t total_steps = 0;                         // 0 when unknown
  std::vector<std::pair<std::string, double>> values;   // results: deterministic, byte-identical when re-run
  std::vector<std::pair<std::string, double>>
      timings;  // wall-clock fields (seconds, tokens/s): written apart, never compared
  double get(const std::string& name, double fallback = 0.0) const {
    for (const auto& [key, value] : values)
      if (key == name) return value;
    return fallback;
  }
};

class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual void emit(const MetricRecord& record) = 0;
  /// A sentence for the reader of the log ("12 of 16 groups had no signal: ...").
  virtual void note(const std::string& stage, const std::string& text) = 0;
  /// After a resume: forget records of `stage` beyond `step`, which will be emitted again.
  virtual void rewind(const std::string& stage, std::int64_t step) = 0;
};

}  // namespace r1::core
