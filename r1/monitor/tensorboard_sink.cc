// See the header; the bytes are made in tfrecord.cc.
#include "r1/monitor/tensorboard_sink.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "r1/core/fs.h"
#include "r1/monitor/tfrecord.h"

namespace r1::monitor {

namespace {

namespace fs = std::filesystem;

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

fs::path file_of(const fs::path& folder, int number) {
  return folder / fmt::format("events.out.tfevents.{:010}.r1", number);
}

}  // namespace

TensorBoardSink::TensorBoardSink(fs::path directory) : TensorBoardSink(std::move(directory), unix_seconds) {}

TensorBoardSink::TensorBoardSink(fs::path directory, Clock clock)
    : directory_(std::move(directory)), clock_(std::move(clock)) {}

void TensorBoardSink::emit(const core::MetricRecord& record) {
  auto scalars = record.values;
  scalars.insert(scalars.end(), record.timings.begin(), record.timings.end());
  write(record.stage, scalars_event(clock_(), record.step, scalars));
}

void TensorBoardSink::note(const std::string&, const std::string&) {}

void TensorBoardSink::rewind(const std::string& stage, std::int64_t step) {
  if (fs::exists(file_of(directory_ / stage, 1))) write(stage, restart_event(clock_(), step + 1));
}

void TensorBoardSink::write(const std::string& stage, const std::string& event) {
  auto [entry, is_new] = files_.try_emplace(stage);
  if (is_new) {
    int number = 1;
    while (fs::exists(file_of(directory_ / stage, number))) ++number;
    entry->second = file_of(directory_ / stage, number);
    core::append_file(entry->second, tfrecord(version_event(clock_())), core::Sync::Later);
  }
  core::append_file(entry->second, tfrecord(event), core::Sync::Later);
}

}  // namespace r1::monitor
