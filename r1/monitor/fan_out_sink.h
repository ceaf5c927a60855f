// FanOutSink: one sink that passes everything on to several, in their order. It catches nothing: what one of them
// throws (a full disk) ends the call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "r1/core/metric_sink.h"

namespace r1::monitor {

class FanOutSink : public core::MetricSink {
 public:
  explicit FanOutSink(std::vector<std::unique_ptr<core::MetricSink>> sinks);

  void emit(const core::MetricRecord& record) override;
  void note(const std::string& stage, const std::string& text) override;
  void rewind(const std::string& stage, std::int64_t step) override;

 private:
  std::vector<std::unique_ptr<core::MetricSink>> sinks_;
};

}  // namespace r1::monitor
