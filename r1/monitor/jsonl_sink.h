// JsonlSink: a run's metrics as files. <directory>/metrics.jsonl holds one object a record,
// {"stage":..,"step":..,<values in the order they were emitted>}; the wall-clock fields go to timings.jsonl in the same
// form. So metrics.jsonl is byte-identical between two runs of one recipe, also when one of them was killed and went
// on, if its stages keep the order
//   emit(step) -> write the checkpoint of that step,   and after a resume   rewind(stage, step of that checkpoint) ->
//   emit(step + 1).
// Numbers are the shortest digits that read back to the same double; what JSON has no number for is "NaN", "Infinity"
// or
// "-Infinity". It writes every record at once, so a killed process loses none (a machine that loses its power may). It
// keeps no notes: those are for people, on the console. One writer a directory; not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "r1/core/metric_sink.h"

namespace r1::monitor {

class JsonlSink : public core::MetricSink {
 public:
  /// Opens (or makes) both files in `directory`. A last line without its end, left by a full disk or a kill, is cut
  /// off.
  explicit JsonlSink(const std::filesystem::path& directory);

  /// UserError when the disk is full; the file then ends with the last whole record.
  void emit(const core::MetricRecord& record) override;
  void note(const std::string& stage, const std::string& text) override;
  /// Cuts the records of `stage` beyond `step` out of both files, each replaced atomically. UserError with file:line
  /// when a line is no record.
  void rewind(const std::string& stage, std::int64_t step) override;

 private:
  std::filesystem::path metrics_;
  std::filesystem::path timings_;
};

}  // namespace r1::monitor
