// Decisions are checked against the records they are applied to: ids recur from run to run, texts do not.
#include "r1/pipeline/stages/review.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/pipeline/page/review_page.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;

struct Decision {
  std::string decision;
  std::string completion;
};

/// A text as it reads back from JSON: a broken sequence of bytes is one U+FFFD there.
std::string through_json(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) user_error("\"{}\" must be a text", key);
  return found->get<std::string>();
}

/// One line of the file, checked against the record it is about.
std::pair<std::string, Decision> read_decision(const std::string& line,
                                               const std::map<std::string, const SftRecord*>& records) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) user_error("is no JSON object");
  const std::string id = text_of(json, "id");
  Decision decision{.decision = text_of(json, "decision"), .completion = ""};
  const auto record = records.find(id);
  if (record == records.end()) user_error("there is no example \"{}\" in this run", id);
  if (decision.decision == "edit") {
    decision.completion = text_of(json, "completion");
    if (decision.completion.empty()) user_error("the edited completion of \"{}\" is empty; reject it instead", id);
  } else if (decision.decision == "accept" || decision.decision == "reject") {
    if (json.contains("completion") && text_of(json, "completion") != through_json(record->second->completion))
      user_error("\"{}\" has another completion in this run than the one that was reviewed; review this run's page",
                 id);
  } else {
    user_error("decision \"{}\" is none of accept, edit, reject", decision.decision);
  }
  return {id, std::move(decision)};
}

std::map<std::string, Decision> read_decisions(const std::filesystem::path& file,
                                               const std::vector<SftRecord>& records) {
  std::map<std::string, const SftRecord*> by_id;
  for (const SftRecord& record : records) by_id[record.id] = &record;
  std::map<std::string, Decision> decisions;
  std::istringstream lines(core::read_file(file));
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      auto [id, decision] = read_decision(line, by_id);
      if (!decisions.emplace(id, std::move(decision)).second) user_error("\"{}\" was decided on above already", id);
    } catch (const UserError& e) {
      user_error("{}:{}: {}", file.string(), number, e.what());
    }
  }
  return decisions;
}

}  // namespace

void write_review(const std::vector<SftRecord>& records, const std::string& title,
                  const std::filesystem::path& directory) {
  std::set<std::string> ids;
  for (const SftRecord& record : records)
    if (!ids.insert(record.id).second)
      user_error("two examples for review are called \"{}\"; give their sources different names", record.id);
  write_records(directory / "review.jsonl", records);
  core::write_file_atomic(directory / "review.html", review_html(records, title));
}

ReviewCounts apply_review(const std::filesystem::path& file, std::vector<SftRecord>& records) {
  const std::map<std::string, Decision> decisions = read_decisions(file, records);
  ReviewCounts counts;
  std::vector<SftRecord> kept;
  for (SftRecord& record : records) {
    const auto found = decisions.find(record.id);
    const std::string decision = found == decisions.end() ? "accept" : found->second.decision;
    if (decision == "reject") {
      ++counts.rejected;
      continue;
    }
    if (decision == "edit") record.completion = found->second.completion;
    ++(decision == "edit" ? counts.edited : counts.accepted);
    kept.push_back(std::move(record));
  }
  records = std::move(kept);
  return counts;
}

}  // namespace r1::pipeline
