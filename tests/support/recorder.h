// A MetricSink for tests of training loops: keeps every record and sentence, and throws once at a chosen step, as a
// crash would. It is no part of the product.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "r1/core/metric_sink.h"

namespace r1::test {

class Recorder : public core::MetricSink {
 public:
  void emit(const core::MetricRecord& record) override {
    if (record.step == crash_at) {
      crash_at = -1;
      throw std::runtime_error("planted crash");
    }
    records[record.step] = record.values;
  }
  void note(const std::string&, const std::string& text) override { notes += text + "\n"; }
  void rewind(const std::string&, std::int64_t step) override {
    records.erase(records.upper_bound(step), records.end());
  }
  std::map<std::int64_t, std::vector<std::pair<std::string, double>>> records;
  std::string notes;
  std::int64_t crash_at = -1;
};

}  // namespace r1::test
