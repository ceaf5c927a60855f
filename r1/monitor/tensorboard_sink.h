// TensorBoardSink: metrics and timings as TensorBoard event files, one run (sub-folder) a stage:
//   <directory>/<stage>/events.out.tfevents.<number>.r1
// TFRecord framing around protobuf messages that tfrecord.cc encodes by hand, because libtorch carries its own
// protobuf. Scalars only: no notes, no histograms. A file that a killed run left is never appended to (its last record
// may be torn): every process writes the next number, and TensorBoard reads them in order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "r1/core/metric_sink.h"

namespace r1::monitor {

class TensorBoardSink : public core::MetricSink {
 public:
  using Clock = std::function<double()>;  // seconds since 1970

  explicit TensorBoardSink(std::filesystem::path directory);
  TensorBoardSink(std::filesystem::path directory, Clock clock);

  void emit(const core::MetricRecord& record) override;
  void note(const std::string& stage, const std::string& text) override;
  /// Writes a session start, on which TensorBoard drops what it has of `stage` beyond `step`. Nothing for a new stage.
  void rewind(const std::string& stage, std::int64_t step) override;

 private:
  void write(const std::string& stage, const std::string& event);

  std::filesystem::path directory_;
  Clock clock_;
  std::map<std::string, std::filesystem::path> files_;  // of this process, by stage
};

}  // namespace r1::monitor
