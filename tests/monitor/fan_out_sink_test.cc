// Everything reaches every sink, in order.
#include "r1/monitor/fan_out_sink.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace r1::monitor {
namespace {

/// Writes what it is told into a shared list, under its own name.
class Recorder : public core::MetricSink {
 public:
  Recorder(std::string name, std::vector<std::string>& calls) : name_(std::move(name)), calls_(calls) {}
  void emit(const core::MetricRecord& record) override {
    calls_.push_back(fmt::format("{} emit {} {} {}", name_, record.stage, record.step, record.get("loss")));
  }
  void note(const std::string& stage, const std::string& text) override {
    calls_.push_back(fmt::format("{} note {} {}", name_, stage, text));
  }
  void rewind(const std::string& stage, std::int64_t step) override {
    calls_.push_back(fmt::format("{} rewind {} {}", name_, stage, step));
  }

 private:
  std::string name_;
  std::vector<std::string>& calls_;
};

TEST(FanOutSink, PassesEveryCallToEverySinkInOrder) {
  std::vector<std::string> calls;
  std::vector<std::unique_ptr<core::MetricSink>> sinks;
  sinks.push_back(std::make_unique<Recorder>("a", calls));
  sinks.push_back(std::make_unique<Recorder>("b", calls));
  FanOutSink fan_out(std::move(sinks));
  fan_out.emit({.stage = "zero", .step = 3, .total_steps = 9, .values = {{"loss", 0.5}}, .timings = {}});
  fan_out.note("zero", "hello");
  fan_out.rewind("zero", 2);
  EXPECT_THAT(calls, testing::ElementsAre("a emit zero 3 0.5", "b emit zero 3 0.5", "a note zero hello",
                                          "b note zero hello", "a rewind zero 2", "b rewind zero 2"));
}

}  // namespace
}  // namespace r1::monitor
