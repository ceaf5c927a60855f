// A finished sub-run leaves done-NAME.json in the stage's working state (sub_run.h).
#include "r1/pipeline/stages/sub_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {

Metrics run_once(const StageContext& context, const std::string& name,
                 const std::function<Metrics(const std::filesystem::path& state)>& run) {
  const std::filesystem::path done = context.state() / ("done-" + name + ".json");
  Metrics metrics;
  if (std::filesystem::exists(done)) {
    const auto figures = nlohmann::ordered_json::parse(core::read_file(done));  // items() borrows it
    for (const auto& [key, value] : figures.items()) metrics.emplace_back(key, value.get<double>());
    return metrics;
  }
  metrics = run(context.state() / name);
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : metrics) json[key] = value;
  std::filesystem::create_directories(context.state());
  core::write_file_atomic(done, json.dump() + "\n");
  return metrics;
}

void add_metrics(Metrics& metrics, const std::string& prefix, const Metrics& more) {
  for (const auto& [key, value] : more) metrics.emplace_back(fmt::format("{}/{}", prefix, key), value);
}

double figure(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, value] : metrics)
    if (key == name) return value;
  R1_CHECK(false, "no figure {}", name);
}

}  // namespace r1::pipeline
