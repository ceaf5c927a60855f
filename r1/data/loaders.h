// Data sets on disk as Problems: countdown, gsm8k, and the project's own problem records (docs/formats.md). They read
// files; generated problems are in problems/. A broken record is an error "file:line: ...", or skipped and counted
// (ReaderConfig).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "r1/data/problem.h"
#include "r1/data/reader.h"

namespace r1::data {

struct LoadedProblems {
  std::vector<Problem> problems;
  std::int64_t bad_lines = 0;  // skipped under on_bad_line: skip
};

/// How a countdown problem is asked: the data set's own English prompt, or compact_countdown_prompt().
enum class CountdownPrompt { Original, Compact };
/// "original" | "compact"; UserError on anything else.
CountdownPrompt countdown_prompt_from_name(const std::string& name);

/// "79 17 60=36".
std::string compact_countdown_prompt(std::span<const std::int64_t> numbers, std::int64_t target);
/// What the verifier "countdown" reads: {"numbers":[79,17,60],"target":36}.
std::string countdown_tests(std::span<const std::int64_t> numbers, std::int64_t target);

/// Countdown rows (id, numbers, target, gold_expr, prompt): verifier "countdown", difficulty = count of numbers - 2 (at
/// least 1).
LoadedProblems load_countdown(const std::filesystem::path& file, CountdownPrompt prompt,
                              const ReaderConfig& reader = {});

/// GSM8K rows (question, answer ending in "#### n"): verifier "number", the answer without thousands separators,
/// difficulty = number of calculator marks in the solution (at least 1).
LoadedProblems load_gsm8k(const std::filesystem::path& file, const ReaderConfig& reader = {});

/// Records that write_problems wrote, and rows of GSM8K, which have a question and no prompt.
LoadedProblems load_problems(const std::filesystem::path& file, const ReaderConfig& reader = {});
/// One record a line, atomically.
void write_problems(const std::filesystem::path& file, std::span<const Problem> problems);

}  // namespace r1::data
