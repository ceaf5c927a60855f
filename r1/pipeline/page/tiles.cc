// Key figures at the head of the page: of stage eval, of stage evaluate, or of both.
#include <fmt/format.h>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;

std::string tile(const std::string& figure, const std::string& label) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", figure, label);
}

std::string eval_tiles(const Json& eval) {
  const Json& before = eval["before"]["headline"];
  const Json& after = eval["after"]["headline"];
  auto pair = [&](const char* key) { return percent(before[key]["value"]) + " → " + percent(after[key]["value"]); };
  std::string out = tile(pair("pass@1"), "greedy pass@1, base → after RL");
  out += tile(pair("lenient_accuracy"), "lenient accuracy, tags ignored");
  out += tile(plain(before["mean_tokens"]) + " → " + plain(after["mean_tokens"]), "tokens an answer");
  if (eval["before_samples"].is_object())
    for (const auto& [key, estimate] : eval["before_samples"]["headline"].items())
      if (key == fmt::format("pass@{}", eval["before_samples"]["samples_per_problem"].get<std::int64_t>()))
        out += tile(percent(estimate["value"]), key + " of the base");
  return out;
}

/// A model's figure; nullptr where the table has none.
const Json* find(const Json& table, const char* model, const char* measure) {
  const auto row = table.at("table").find(model);
  if (row == table.at("table").end()) return nullptr;
  const auto estimate = row->find(measure);
  return estimate == row->end() ? nullptr : &estimate->at("value");
}

struct TableTile {
  const char *measure, *from, *to;
  const char* label;
};

std::string table_tiles(const Json& table) {
  std::string out;
  for (const TableTile& t :
       {TableTile{"maths", "Base", "Zero", "maths, base → Zero"}, TableTile{"maths", "R1", "R1", "maths, R1"},
        TableTile{"language", "Zero", "Dev2", "in the question’s language, Zero → Dev2"},
        TableTile{"helpful", "Dev3", "R1", "helpful, Dev3 → R1"}, TableTile{"safe", "Dev3", "R1", "safe, Dev3 → R1"}}) {
    const Json* from = find(table, t.from, t.measure);
    const Json* to = find(table, t.to, t.measure);
    if (from == nullptr || to == nullptr) continue;
    out += tile(from == to ? percent(*to) : percent(*from) + " → " + percent(*to), t.label);
  }
  return out;
}

}  // namespace

std::string tiles(const ReportData& data) {
  std::string out = "<div class=\"tiles\">\n";
  if (data.eval.is_object()) out += eval_tiles(data.eval);
  if (data.table.is_object()) out += table_tiles(data.table);
  for (const Check& check : data.checks) {
    if (check.name == "sampling_logp_difference_max")
      out += tile(short_number(check.value), "max sampler–trainer difference");
    if (check.name == "parameters") out += tile(short_number(check.value), "parameters");
  }
  out += tile(duration(data.seconds), "for all stages");
  return out + "</div>\n";
}

}  // namespace r1::pipeline
