// Files are opened for each record: a rewind replaces them by name, so a kept descriptor would write to the old ones.
#include "r1/monitor/jsonl_sink.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::monitor {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string quoted(const std::string& text) { return json(text).dump(-1, ' ', false, json::error_handler_t::replace); }

std::string number(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  if (value == 0.0 && std::signbit(value)) return "-0.0";  // readers take "-0" for an integer
  return fmt::format("{}", value);
}

std::string line_of(const core::MetricRecord& record, const std::vector<std::pair<std::string, double>>& fields) {
  std::string line = fmt::format("{{\"stage\":{},\"step\":{}", quoted(record.stage), record.step);
  for (const auto& [name, value] : fields) line += fmt::format(",{}:{}", quoted(name), number(value));
  return line + "}\n";
}

/// True when the line is a record of `stage` beyond `step`.
bool is_beyond(std::string_view line, const std::string& stage, std::int64_t step, const std::string& where) {
  const json record = json::parse(line, nullptr, false);
  const bool is_record = record.is_object() && record.contains("stage") && record["stage"].is_string() &&
                         record.contains("step") && record["step"].is_number_integer();
  if (!is_record) user_error("{}: not a metrics record; remove the line or start a new run directory", where);
  return record["stage"].get_ref<const std::string&>() == stage && record["step"].get<std::int64_t>() > step;
}

void rewind_file(const fs::path& file, const std::string& stage, std::int64_t step) {
  const std::string text = core::read_file(file);
  std::string kept;
  std::size_t line_number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) break;  // without its end: half a record
    const std::string_view line(text.data() + start, end - start);
    if (!is_beyond(line, stage, step, fmt::format("{}:{}", file.string(), ++line_number))) kept.append(line) += '\n';
    start = end + 1;
  }
  if (kept.size() != text.size()) core::write_file_atomic(file, kept);
}

void open_file(const fs::path& file) {
  if (!fs::exists(file)) return core::append_file(file, "");
  const std::string text = core::read_file(file);
  const std::size_t last_end = text.rfind('\n');
  const std::size_t whole = last_end == std::string::npos ? 0 : last_end + 1;
  if (whole < text.size()) core::truncate_file(file, whole);
}

}  // namespace

JsonlSink::JsonlSink(const fs::path& directory)
    : metrics_(directory / "metrics.jsonl"), timings_(directory / "timings.jsonl") {
  open_file(metrics_);
  open_file(timings_);
}

void JsonlSink::emit(const core::MetricRecord& record) {
  core::append_file(metrics_, line_of(record, record.values), core::Sync::Later);
  if (!record.timings.empty()) core::append_file(timings_, line_of(record, record.timings), core::Sync::Later);
}

void JsonlSink::note(const std::string&, const std::string&) {}

void JsonlSink::rewind(const std::string& stage, std::int64_t step) {
  rewind_file(metrics_, stage, step);
  rewind_file(timings_, stage, step);
}

}  // namespace r1::monitor
