// Completions as JSONL (completions_file.h).
#include "r1/rl/completions_file.h"

#include <nlohmann/json.hpp>

#include "r1/core/fs.h"

namespace r1::rl {

void write_completions(const std::filesystem::path& file, const std::vector<Sample>& samples, std::int64_t step) {
  std::string lines;
  for (const Sample& s : samples) {
    nlohmann::ordered_json parts = nlohmann::ordered_json::object();
    for (const auto& [name, value] : s.verdict.parts) parts[name] = value;
    const nlohmann::ordered_json line = {
        {"step", step},
        {"prompt_index", s.completion.prompt_index},
        {"sample_index", s.completion.sample_index},
        {"version", s.completion.version},
        {"text", s.text},
        {"finish_reason", s.completion.finish_reason == rollout::FinishReason::Stop ? "stop" : "length"},
        {"score", s.verdict.score},
        {"parts", parts},
        {"outcome", reward::outcome_name(s.verdict.outcome)},
        {"why", s.verdict.why},
        {"advantage", s.advantage},
        {"ids", s.completion.ids},
        {"logprobs", s.completion.logprobs},
        {"log_kept_mass", s.completion.log_kept_mass}};
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  std::filesystem::create_directories(file.parent_path());
  core::write_file_atomic(file, lines);
}

}  // namespace r1::rl
