// Held-out problems are drawn first; whatever comes after must avoid them. Documents that touch a held-out problem are
// dropped while they are made, and the proof is a second pass over the files as written.
#include "r1/pipeline/stages/corpus.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/log.h"
#include "r1/data/contamination.h"
#include "r1/data/loaders.h"
#include "r1/data/problems/split.h"
#include "r1/pipeline/stages/corpus_file.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

/// The problems of a run; whoever is in `held_out` or `validation` is in nothing that is trained on.
struct Problems {
  std::vector<data::Problem> held_out, validation, rl;
  data::ExcludedHashes excluded;
  std::int64_t bad_lines = 0;
};

void exclude(const std::vector<data::Problem>& problems, data::ExcludedHashes& hashes) {
  for (const data::Problem& problem : problems) hashes.insert(data::content_hash(problem));
}

std::vector<data::Problem> plain(const std::vector<data::GeneratedProblem>& generated) {
  std::vector<data::Problem> problems;
  for (const data::GeneratedProblem& item : generated) problems.push_back(item.problem);
  return problems;
}

Problems generated_problems(const CorpusStageConfig& config, std::uint64_t seed) {
  Problems out;
  out.held_out = plain(make_problem_split(config.generated, seed, "heldout", config.heldout_problems, out.excluded));
  exclude(out.held_out, out.excluded);
  if (config.validation_problems > 0)
    out.validation =
        plain(make_problem_split(config.generated, seed, "validation", config.validation_problems, out.excluded));
  exclude(out.validation, out.excluded);
  out.rl = plain(make_problem_split(config.generated, seed, "rl", config.rl_problems, out.excluded));
  return out;
}

Problems countdown_problems(const CorpusStageConfig& config, const fs::path& folder, std::uint64_t seed) {
  const data::CountdownPrompt style = data::countdown_prompt_from_name(config.countdown.prompt_style);
  Problems out;
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

/// Finds held-out and validation problems in texts.
data::ContaminationCheck guard(const Problems& problems) {
  std::vector<data::Problem> all = problems.held_out;
  all.insert(all.end(), problems.validation.begin(), problems.validation.end());
  return data::ContaminationCheck(all);
}

/// Removes problems for reinforcement learning whose prompt holds a held-out one ("3+9*8 = ?" holds "9*8 = ?"); returns
/// how many.
std::size_t drop_guarded(Problems& problems) {
  data::ContaminationCheck filter = guard(problems);
  return std::erase_if(problems.rl, [&](const data::Problem& problem) { return filter.add_text(problem.prompt); });
}

/// Writes the documents one by one; drops those that hold a held-out or validation problem.
class CorpusMaker {
 public:
  CorpusMaker(const fs::path& file, const Problems& problems) : writer_(file), filter_(guard(problems)) {}

  void add(const CorpusRecord& record) {
    if (filter_.add_text(record.text())) {
      ++dropped_;
      return;
    }
    ++styles_[record.style];
    writer_.add(record);
  }
  void finish(Metrics& metrics) {
    writer_.finish();
    metrics.emplace_back("documents", static_cast<double>(writer_.num_documents()));
    metrics.emplace_back("dropped_documents", static_cast<double>(dropped_));
    for (const auto& [style, count] : styles_) metrics.emplace_back("documents/" + style, static_cast<double>(count));
  }

 private:
  CorpusWriter writer_;
  data::ContaminationCheck filter_;
  std::int64_t dropped_ = 0;
  std::map<std::string, std::int64_t> styles_;
};

void add_generated(const CorpusStageConfig& config, std::uint64_t seed, const Problems& problems, CorpusMaker& maker) {
  const bool countdown = config.kind == "countdown";
  const std::int64_t count = countdown ? config.countdown.num_documents : config.generated.num_documents;
  for (std::int64_t i = 0; i < count; ++i) {
    const data::CorpusDocument document = countdown
                                              ? data::countdown_document(config.countdown, seed, i, problems.excluded)
                                              : data::corpus_document(config.generated, seed, i, problems.excluded);
    maker.add({document.prompt_text, document.completion_text, data::style_name(document.style)});
  }
}

/// Reads the written files again, as a trainer will, and counts held-out problems met in them.
void prove_clean(const fs::path& directory, Metrics& metrics) {
  data::ContaminationCheck check(data::load_problems(directory / "heldout.jsonl").problems);
  for (const data::Problem& problem : data::load_problems(directory / "rl_problems.jsonl").problems) {
    check.add_problem(problem);
    check.add_text(problem.prompt);
  }
  for_each_corpus_record(directory / "corpus.jsonl",
                         [&](const CorpusRecord& record) { check.add_text(record.text()); });
  const data::ContaminationReport report = check.report();
  metrics.emplace_back("contaminated_test_problems", static_cast<double>(report.contaminated.size()));
  metrics.emplace_back("contamination/texts_checked", static_cast<double>(report.texts_checked));
  metrics.emplace_back("contamination/problems_checked", static_cast<double>(report.problems_checked));
}

void check_config(const CorpusStageConfig& config, const DataPlaces& places) {
  if (config.kind != "generated" && config.kind != "countdown")
    user_error("corpus.kind: \"{}\" is neither generated nor countdown", config.kind);
  data::validate(config.reader);
  if (config.kind == "countdown") {
    data::check_countdown_corpus_config(config.countdown);
    if (places.countdown.empty())
      user_error("corpus.kind countdown needs the data set's folder: --set data.countdown=FOLDER");
  } else {
    data::check_corpus_config(config.generated);
    if (config.heldout_problems < 1) user_error("corpus.heldout_problems: {} is less than 1", config.heldout_problems);
  }
  if (config.rl_problems < 1) user_error("corpus.rl_problems: {} is less than 1", config.rl_problems);
}

}  // namespace

void fields(core::FieldVisitor& v, DataPlaces& c) {
  v("countdown", c.countdown,
    "folder with test_500.jsonl, val_200.jsonl and sft_train_2k.jsonl (corpus.kind countdown)");
  v("texts", c.texts, ".txt / .jsonl files (also .gz, .zst) mixed into the corpus");
}

void fields(core::FieldVisitor& v, CorpusStageConfig& c) {
  v("kind", c.kind, "generated | countdown");
  v("generated", c.generated, "documents of generated problem families");
  v("countdown", c.countdown, "search traces for countdown problems");
  v("heldout_problems", c.heldout_problems, "generated: problems never trained on, for evaluation");
  v("validation_problems", c.validation_problems, "generated: the same, for tuning");
  v("rl_problems", c.rl_problems, "problems drawn for reinforcement learning");
  v("countdown_train_set", c.countdown_train_set,
    "countdown: adds the data set's training problems to the RL problems");
  v("reader", c.reader, "how data from outside is read");
}

const std::string& prompt_template(const CorpusStageConfig& config) {
  return config.kind == "countdown" ? config.countdown.prompt_template : config.generated.prompt_template;
}

std::string CorpusStage::config() const { return fmt::format("seed: {}\n", seed_) + core::dump_config(config_); }

std::vector<StageInput> CorpusStage::inputs(const fs::path&) const {
  check_config(config_, places_);
  std::vector<StageInput> inputs;
  if (config_.kind == "countdown")
    for (const char* file : {"test_500.jsonl", "val_200.jsonl", "sft_train_2k.jsonl"})
      inputs.push_back({std::string("countdown/") + file, fs::path(places_.countdown) / file, true});
  for (std::size_t i = 0; i < places_.texts.size(); ++i) {
    const fs::path file = places_.texts[i];
    inputs.push_back({fmt::format("texts/{}/{}", i, file.filename().string()), file, true});
  }
  return inputs;
}

Metrics CorpusStage::run(const StageContext& context) const {
  const auto seed = static_cast<std::uint64_t>(seed_);
  Problems problems = config_.kind == "countdown" ? countdown_problems(config_, places_.countdown, seed)
                                                  : generated_problems(config_, seed);
  const std::size_t dropped = drop_guarded(problems);
  data::write_problems(context.directory / "heldout.jsonl", problems.held_out);
  data::write_problems(context.directory / "validation.jsonl", problems.validation);
  data::write_problems(context.directory / "rl_problems.jsonl", problems.rl);

  Metrics metrics;
  CorpusMaker maker(context.directory / "corpus.jsonl", problems);
  add_generated(config_, seed, problems, maker);
  const std::vector<fs::path> texts(places_.texts.begin(), places_.texts.end());
  problems.bad_lines += data::for_each_document(
      texts, config_.reader, [&](const data::Document& document) { maker.add({"", document.text, "text"}); });
  maker.finish(metrics);

  metrics.emplace_back("heldout_problems", static_cast<double>(problems.held_out.size()));
  metrics.emplace_back("validation_problems", static_cast<double>(problems.validation.size()));
  metrics.emplace_back("rl_problems", static_cast<double>(problems.rl.size()));
  metrics.emplace_back("dropped_rl_problems", static_cast<double>(dropped));
  metrics.emplace_back("bad_lines", static_cast<double>(problems.bad_lines));
  if (problems.bad_lines > 0) R1_LOG(warn, "corpus: {} broken lines skipped (on_bad_line: skip)", problems.bad_lines);
  prove_clean(context.directory, metrics);
  return metrics;
}

}  // namespace r1::pipeline
