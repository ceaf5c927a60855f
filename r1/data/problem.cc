// Problem records: JSON in and out, and the content hash that decides whether two problems are the same. It reads no
// files.
#include "r1/data/problem.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "r1/core/error.h"
#include "r1/core/hash.h"

namespace r1::data {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 11> kKeys = {
    "id", "domain", "family", "prompt", "answer", "verifier", "difficulty", "language", "tests", "source", "canonical"};

/// ASCII letters in lower case, runs of white space as one blank, none at the ends.
std::string normalise(std::string_view text) {
  std::string out;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      blank = !out.empty();
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

Json parse(const std::string& text, const char* what) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) user_error("{} is no JSON object; write one complete object a line", what);
  return json;
}

/// "countdown:3,17,60=36": the same for every order of the numbers.
std::string countdown_key(const std::string& tests) {
  const Json json = parse(tests, "the countdown problem's tests[0]");
  if (!json.contains("numbers") || !json["numbers"].is_array() || !json.contains("target") ||
      !json["target"].is_number_integer())
    user_error("the countdown problem's tests[0] needs {{\"numbers\": [...], \"target\": n}}, it is {}", tests);
  std::vector<std::int64_t> numbers;
  for (const Json& number : json["numbers"]) {
    if (!number.is_number_integer()) user_error("the countdown problem's numbers must be integers, they are {}", tests);
    numbers.push_back(number.get<std::int64_t>());
  }
  std::sort(numbers.begin(), numbers.end());
  return fmt::format("countdown:{}={}", fmt::join(numbers, ","), json["target"].get<std::int64_t>());
}

void read_string(const Json& json, const char* key, std::string& value) {
  if (!json.contains(key)) return;
  if (!json[key].is_string()) user_error("key \"{}\" of a problem must be a string, it is {}", key, json[key].dump());
  value = json[key].get<std::string>();
}

void check_keys(const Json& json) {
  for (const auto& item : json.items())
    if (std::find(kKeys.begin(), kKeys.end(), item.key()) == kKeys.end())
      user_error("unknown key \"{}\" in a problem; known are {}", item.key(), fmt::join(kKeys, ", "));
  for (const char* key : {"prompt", "answer"})
    if (!json.contains(key)) user_error("a problem needs the key \"{}\"", key);
}

}  // namespace

std::string content_hash(const Problem& problem) {
  if (problem.verifier == "countdown" && !problem.tests.empty()) return core::hash_hex(countdown_key(problem.tests[0]));
  if (!problem.canonical.empty()) return core::hash_hex(problem.canonical);
  return core::hash_hex(normalise(problem.prompt) + "\n" + normalise(problem.answer));
}

std::string to_json_line(const Problem& problem) {
  Json json;
  json["id"] = problem.id;
  json["domain"] = problem.domain;
  json["family"] = problem.family;
  json["prompt"] = problem.prompt;
  json["answer"] = problem.answer;
  json["verifier"] = problem.verifier;
  json["difficulty"] = problem.difficulty;
  json["language"] = problem.language;
  if (!problem.tests.empty()) json["tests"] = problem.tests;
  if (!problem.source.empty()) json["source"] = problem.source;
  if (!problem.canonical.empty()) json["canonical"] = problem.canonical;
  // Bytes that are no UTF-8 become U+FFFD: a line that any JSON reader accepts.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Problem problem_from_json(const std::string& line) {
  const Json json = parse(line, "the line");
  check_keys(json);
  Problem problem;
  read_string(json, "id", problem.id);
  read_string(json, "domain", problem.domain);
  read_string(json, "family", problem.family);
  read_string(json, "prompt", problem.prompt);
  read_string(json, "answer", problem.answer);
  read_string(json, "verifier", problem.verifier);
  read_string(json, "language", problem.language);
  read_string(json, "source", problem.source);
  read_string(json, "canonical", problem.canonical);
  if (json.contains("difficulty")) {
    if (!json["difficulty"].is_number_integer())
      user_error("key \"difficulty\" of a problem must be an integer, it is {}", json["difficulty"].dump());
    problem.difficulty = json["difficulty"].get<std::int64_t>();
  }
  if (json.contains("tests")) {
    if (!json["tests"].is_array()) user_error("key \"tests\" of a problem must be a list of strings");
    for (const Json& test : json["tests"]) {
      if (!test.is_string())
        user_error("key \"tests\" of a problem must be a list of strings, it holds {}", test.dump());
      problem.tests.push_back(test.get<std::string>());
    }
  }
  return problem;
}

}  // namespace r1::data
