// See the header.
#include "r1/monitor/fan_out_sink.h"

#include <utility>

namespace r1::monitor {

FanOutSink::FanOutSink(std::vector<std::unique_ptr<core::MetricSink>> sinks) : sinks_(std::move(sinks)) {}

void FanOutSink::emit(const core::MetricRecord& record) {
  for (const auto& sink : sinks_) sink->emit(record);
}

void FanOutSink::note(const std::string& stage, const std::string& text) {
  for (const auto& sink : sinks_) sink->note(stage, text);
}

void FanOutSink::rewind(const std::string& stage, std::int64_t step) {
  for (const auto& sink : sinks_) sink->rewind(stage, step);
}

}  // namespace r1::monitor
