// Held-out problems come first; whatever is drawn or read after them must avoid them.
#include "r1/pipeline/stages/corpus_problems.h"

#include <fmt/format.h>

#include "r1/core/error.h"
#include "r1/data/loaders.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

void exclude(const std::vector<data::Problem>& problems, data::ExcludedHashes& hashes) {
  for (const data::Problem& problem : problems) hashes.insert(data::content_hash(problem));
}

std::vector<data::Problem> plain(const std::vector<data::GeneratedProblem>& generated) {
  std::vector<data::Problem> problems;
  for (const data::GeneratedProblem& item : generated) problems.push_back(item.problem);
  return problems;
}

CorpusProblems generated_problems(const CorpusStageConfig& config, std::uint64_t seed) {
  CorpusProblems out;
  out.held_out = plain(make_problem_split(config.generated, seed, "heldout", config.heldout_problems, out.excluded));
  exclude(out.held_out, out.excluded);
  if (config.validation_problems > 0)
    out.validation =
        plain(make_problem_split(config.generated, seed, "validation", config.validation_problems, out.excluded));
  exclude(out.validation, out.excluded);
  out.rl = plain(make_problem_split(config.generated, seed, "rl", config.rl_problems, out.excluded));
  return out;
}

CorpusProblems countdown_problems(const CorpusStageConfig& config, const fs::path& folder, std::uint64_t seed) {
  const data::CountdownPrompt style = data::countdown_prompt_from_name(config.countdown.prompt_style);
  CorpusProblems out;
  auto load = [&](const char* file) {
    data::LoadedProblems loaded = data::load_countdown(folder / file, style, config.reader);
    out.bad_lines += loaded.bad_lines;
    return std::move(loaded.problems);
  };
  out.held_out = load("test_500.jsonl");
  out.validation = load("val_200.jsonl");
  exclude(out.held_out, out.excluded);
  exclude(out.validation, out.excluded);
  data::ExcludedHashes taken = out.excluded;
  if (config.countdown_train_set)
    for (data::Problem& problem : load("sft_train_2k.jsonl"))
      if (taken.insert(data::content_hash(problem)).second) out.rl.push_back(std::move(problem));
  for (data::CountdownProblem& item :
       data::make_countdown_split(config.countdown, seed, "rl", config.rl_problems, taken))
    out.rl.push_back(std::move(item.problem));
  return out;
}

/// Every record of the files, once each; "NAME-000000" ... where a record has no id. `taken` holds the content hashes
/// that must not come (again) and is added to.
std::vector<data::Problem> load_files(const std::vector<std::string>& files, const char* name,
                                      const data::ReaderConfig& reader, data::ExcludedHashes& taken,
                                      std::int64_t& bad_lines) {
  std::vector<data::Problem> out;
  for (const std::string& file : files) {
    data::LoadedProblems loaded = data::load_problems(file, reader);
    bad_lines += loaded.bad_lines;
    for (data::Problem& problem : loaded.problems) {
      if (!taken.insert(data::content_hash(problem)).second) continue;
      if (problem.id.empty()) problem.id = fmt::format("{}-{:06}", name, out.size());
      out.push_back(std::move(problem));
    }
  }
  return out;
}

/// Held-out problems of domain "general" go apart: rules alone cannot score them.
CorpusProblems file_problems(const CorpusStageConfig& config, const DataPlaces& places) {
  CorpusProblems out;
  data::ExcludedHashes taken;
  for (data::Problem& problem : load_files(places.heldout, "heldout", config.reader, taken, out.bad_lines)) {
    const bool general = problem.domain == "general" && !places.general.empty();
    (general ? out.general.held_out : out.held_out).push_back(std::move(problem));
  }
  exclude(out.held_out, out.excluded);
  exclude(out.general.held_out, out.general.excluded);
  out.rl = load_files(places.problems, "train", config.reader, taken, out.bad_lines);
  out.general.prompts = load_files(places.general, "general", config.reader, taken, out.bad_lines);
  for (const data::Problem& problem : out.general.prompts)
    if (!problem.answer.empty())
      out.general.sft.push_back(
          general_sft_record(data::fill_template(prompt_template(config), problem.prompt), problem.answer, true));
  if (out.held_out.empty()) user_error("data.heldout: the files hold no problem but general ones");
  if (out.rl.empty()) user_error("data.problems: the files hold no problem that is not held out");
  return out;
}

}  // namespace

CorpusProblems make_corpus_problems(const CorpusStageConfig& config, const DataPlaces& places, std::uint64_t seed) {
  if (config.kind == "files") return file_problems(config, places);
  CorpusProblems out = config.kind == "countdown" ? countdown_problems(config, places.countdown, seed)
                                                  : generated_problems(config, seed);
  if (config.general.num_documents > 0) out.general = make_general_data(config.general, prompt_template(config), seed);
  return out;
}

data::ContaminationCheck guard(const CorpusProblems& problems) {
  std::vector<data::Problem> all = problems.held_out;
  all.insert(all.end(), problems.validation.begin(), problems.validation.end());
  all.insert(all.end(), problems.general.held_out.begin(), problems.general.held_out.end());
  return data::ContaminationCheck(all);
}

DroppedProblems drop_guarded(CorpusProblems& problems) {
  data::ContaminationCheck filter = guard(problems);
  const auto is_guarded = [&](const data::Problem& problem) { return filter.add_text(problem.prompt); };
  DroppedProblems dropped;
  dropped.rl = std::erase_if(problems.rl, is_guarded);
  dropped.general = std::erase_if(problems.general.prompts, is_guarded);
  dropped.general +=
      std::erase_if(problems.general.sft, [&](const CorpusRecord& record) { return filter.add_text(record.text()); });
  return dropped;
}

}  // namespace r1::pipeline
