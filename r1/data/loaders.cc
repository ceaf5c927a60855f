// Rows of public data sets -> Problem.
#include "r1/data/loaders.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/json_record.h"

namespace r1::data {
namespace {

using RowParser = std::function<Problem(const std::string& line, const JsonlReader& reader)>;

LoadedProblems load_rows(const std::filesystem::path& file, const ReaderConfig& config, const RowParser& parse) {
  JsonlReader reader(file, config);
  LoadedProblems loaded;
  while (reader.next([&](const std::string& line) { loaded.problems.push_back(parse(line, reader)); })) {
  }
  loaded.bad_lines = reader.bad_lines();
  return loaded;
}

std::vector<std::int64_t> countdown_numbers(const nlohmann::json& record) {
  const auto found = record.find("numbers");
  if (found == record.end() || !found->is_array()) user_error("\"numbers\" must be a list of integers");
  std::vector<std::int64_t> numbers;
  for (const auto& item : *found) numbers.push_back(as_integer(item, "numbers"));
  if (numbers.size() < 2) user_error("\"numbers\" must hold at least 2 integers, holds {}", numbers.size());
  return numbers;
}

Problem countdown_problem(const std::string& line, CountdownPrompt prompt) {
  const nlohmann::json record = parse_record(line);
  const std::vector<std::int64_t> numbers = countdown_numbers(record);
  const std::int64_t target = integer_field(record, "target");
  Problem problem;
  problem.id = text_field(record, "id");
  problem.domain = "maths";
  problem.family = "countdown";
  problem.prompt =
      prompt == CountdownPrompt::Original ? text_field(record, "prompt") : compact_countdown_prompt(numbers, target);
  problem.answer = text_field(record, "gold_expr");
  problem.verifier = "countdown";
  problem.difficulty = std::max<std::int64_t>(1, static_cast<std::int64_t>(numbers.size()) - 2);
  problem.tests = {countdown_tests(numbers, target)};
  return problem;
}

// "... #### 1,450,000" -> "1450000".
std::string gsm8k_answer(const std::string& solution) {
  const std::size_t mark = solution.rfind("####");
  if (mark == std::string::npos) user_error("\"answer\" has no \"#### number\" at its end");
  std::string answer = solution.substr(mark + 4);
  std::erase_if(answer, [](char c) { return c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  const std::size_t sign = answer.starts_with('-') ? 1 : 0;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t point = std::min(answer.find('.'), answer.size());
  const bool whole = point > sign && std::all_of(answer.begin() + sign, answer.begin() + point, is_digit);
  const bool part = point == answer.size() ||
                    (point + 1 < answer.size() && std::all_of(answer.begin() + point + 1, answer.end(), is_digit));
  if (!whole || !part) user_error("\"answer\" must end in \"#### number\", ends in \"{}\"", solution.substr(mark));
  return answer;
}

std::int64_t count_of(const std::string& text, const std::string& mark) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + mark.size())) ++count;
  return count;
}

Problem gsm8k_problem(const std::string& line, const std::string& id) {
  const nlohmann::json record = parse_record(line);
  const std::string solution = text_field(record, "answer");
  Problem problem;
  problem.id = id;
  problem.domain = "maths";
  problem.family = "gsm8k";
  problem.prompt = text_field(record, "question");
  problem.answer = gsm8k_answer(solution);
  problem.verifier = "number";
  problem.difficulty = std::max<std::int64_t>(1, count_of(solution, "<<"));
  return problem;
}

/// A row of GSM8K: it has a question and no prompt.
bool is_gsm8k_row(const std::string& line) {
  const nlohmann::json record = parse_record(line);
  return record.contains("question") && !record.contains("prompt");
}

std::string stem_of(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find('.'));
}

RowParser gsm8k_parser(const std::filesystem::path& file) {
  return [stem = stem_of(file)](const std::string& line, const JsonlReader& rows) {
    Problem problem = gsm8k_problem(line, fmt::format("gsm8k-{}-{:06}", stem, rows.line_number()));
    problem.source = rows.location();
    return problem;
  };
}

}  // namespace

CountdownPrompt countdown_prompt_from_name(const std::string& name) {
  if (name == "original") return CountdownPrompt::Original;
  if (name == "compact") return CountdownPrompt::Compact;
  user_error("countdown prompt style \"{}\" is unknown; use original or compact", name);
}

std::string compact_countdown_prompt(std::span<const std::int64_t> numbers, std::int64_t target) {
  return fmt::format("{}={}", fmt::join(numbers, " "), target);
}

std::string countdown_tests(std::span<const std::int64_t> numbers, std::int64_t target) {
  return fmt::format("{{\"numbers\":[{}],\"target\":{}}}", fmt::join(numbers, ","), target);
}

LoadedProblems load_countdown(const std::filesystem::path& file, CountdownPrompt prompt, const ReaderConfig& reader) {
  return load_rows(file, reader, [&](const std::string& line, const JsonlReader& rows) {
    Problem problem = countdown_problem(line, prompt);
    problem.source = rows.location();
    return problem;
  });
}

LoadedProblems load_gsm8k(const std::filesystem::path& file, const ReaderConfig& reader) {
  return load_rows(file, reader, gsm8k_parser(file));
}

LoadedProblems load_problems(const std::filesystem::path& file, const ReaderConfig& reader) {
  return load_rows(file, reader, [gsm8k = gsm8k_parser(file)](const std::string& line, const JsonlReader& rows) {
    return is_gsm8k_row(line) ? gsm8k(line, rows) : problem_from_json(line);
  });
}

void write_problems(const std::filesystem::path& file, std::span<const Problem> problems) {
  std::string bytes;
  for (const Problem& problem : problems) bytes += to_json_line(problem) + "\n";
  core::write_file_atomic(file, bytes);
}

}  // namespace r1::data
