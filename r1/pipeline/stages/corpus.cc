// Documents that touch a held-out problem are dropped while they are made, and the proof is a second pass over the
// files as written.
#include "r1/pipeline/stages/corpus.h"

#include <map>

#include "r1/core/error.h"
#include "r1/core/log.h"
#include "r1/data/contamination.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/stages/corpus_file.h"
#include "r1/pipeline/stages/corpus_problems.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kOrderStep = 7;  // of Purpose::Corpus; general_data.cc has the steps before it

/// Writes the documents one by one; drops those that hold a held-out or validation problem.
class CorpusMaker {
 public:
  CorpusMaker(const fs::path& file, const CorpusProblems& problems) : writer_(file), filter_(guard(problems)) {}

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

std::int64_t num_problem_documents(const CorpusStageConfig& config) {
  if (config.kind == "files") return 0;
  return config.kind == "countdown" ? config.countdown.num_documents : config.generated.num_documents;
}

CorpusRecord problem_record(const CorpusStageConfig& config, std::uint64_t seed, std::int64_t index,
                            const CorpusProblems& problems) {
  const data::CorpusDocument document = config.kind == "countdown"
                                            ? data::countdown_document(config.countdown, seed, index, problems.excluded)
                                            : data::corpus_document(config.generated, seed, index, problems.excluded);
  return {document.prompt_text, document.completion_text, data::style_name(document.style)};
}

/// Problems and chat shuffled: each place is drawn in proportion to what is left of both.
void add_generated(const CorpusStageConfig& config, std::uint64_t seed, const CorpusProblems& problems,
                   CorpusMaker& maker) {
  core::Rng order({.seed = seed, .purpose = core::Purpose::Corpus, .step = kOrderStep});
  const std::int64_t num_problems = num_problem_documents(config);
  const std::int64_t num_chats = config.general.num_documents;
  std::int64_t problem = 0;
  std::int64_t chat = 0;
  while (problem < num_problems || chat < num_chats) {
    const auto problems_left = static_cast<std::uint64_t>(num_problems - problem);
    const auto chats_left = static_cast<std::uint64_t>(num_chats - chat);
    if (order.below(problems_left + chats_left) < chats_left)
      maker.add(general_document(config.general, prompt_template(config), seed, chat++, problems.general.excluded));
    else
      maker.add(problem_record(config, seed, problem++, problems));
  }
}

void write_general(const fs::path& directory, const GeneralData& general, Metrics& metrics) {
  data::write_problems(directory / "general_heldout.jsonl", general.held_out);
  data::write_problems(directory / "general_prompts.jsonl", general.prompts);
  CorpusWriter writer(directory / "general_sft.jsonl");
  for (const CorpusRecord& record : general.sft) writer.add(record);
  writer.finish();
  metrics.emplace_back("general_heldout", static_cast<double>(general.held_out.size()));
  metrics.emplace_back("general_prompts", static_cast<double>(general.prompts.size()));
  metrics.emplace_back("general_sft_documents", static_cast<double>(general.sft.size()));
}

void check_problems(const fs::path& file, data::ContaminationCheck& check) {
  for (const data::Problem& problem : data::load_problems(file).problems) {
    check.add_problem(problem);
    check.add_text(problem.prompt);
  }
}

/// Reads the written files again, as a trainer will, and counts held-out problems met in them.
void prove_clean(const fs::path& directory, bool has_general, Metrics& metrics) {
  std::vector<data::Problem> held_out = data::load_problems(directory / "heldout.jsonl").problems;
  if (has_general)
    for (data::Problem& problem : data::load_problems(directory / "general_heldout.jsonl").problems)
      held_out.push_back(std::move(problem));
  data::ContaminationCheck check(held_out);
  const auto add_record = [&](const CorpusRecord& record) { check.add_text(record.text()); };
  check_problems(directory / "rl_problems.jsonl", check);
  for_each_corpus_record(directory / "corpus.jsonl", add_record);
  if (has_general) {
    check_problems(directory / "general_prompts.jsonl", check);
    for_each_corpus_record(directory / "general_sft.jsonl", add_record);
  }
  const data::ContaminationReport report = check.report();
  metrics.emplace_back("contaminated_test_problems", static_cast<double>(report.contaminated.size()));
  metrics.emplace_back("contamination/texts_checked", static_cast<double>(report.texts_checked));
  metrics.emplace_back("contamination/problems_checked", static_cast<double>(report.problems_checked));
}

void check_files(const CorpusStageConfig& config, const DataPlaces& places) {
  if (places.problems.empty()) user_error("corpus.kind files needs problems to train on: --set data.problems=[FILE]");
  if (places.heldout.empty()) user_error("corpus.kind files needs held-out problems: --set data.heldout=[FILE]");
  if (config.general.num_documents > 0)
    user_error("corpus.general.num_documents: files generate no documents; general prompts come from data.general");
  data::fill_template(config.generated.prompt_template, "");
}

void check_config(const CorpusStageConfig& config, const DataPlaces& places) {
  const bool files = config.kind == "files";
  if (config.kind != "generated" && config.kind != "countdown" && !files)
    user_error("corpus.kind: \"{}\" is neither generated nor countdown nor files", config.kind);
  data::validate(config.reader);
  check_general_config(config.general);
  if (files) return check_files(config, places);
  for (const auto& [key, list] :
       {std::pair{"problems", &places.problems}, {"heldout", &places.heldout}, {"general", &places.general}})
    if (!list->empty()) user_error("data.{}: is read by corpus.kind files only, this one is {}", key, config.kind);
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
  v("problems", c.problems, "files of problem records to train on (corpus.kind files)");
  v("heldout", c.heldout, "files of problem records never trained on (corpus.kind files)");
  v("general", c.general, "files of general prompts as problem records (corpus.kind files)");
}

void fields(core::FieldVisitor& v, CorpusStageConfig& c) {
  v("kind", c.kind, "generated | countdown | files (problem records under data)");
  v("generated", c.generated, "documents of generated problem families");
  v("countdown", c.countdown, "search traces for countdown problems");
  v("heldout_problems", c.heldout_problems, "generated: problems never trained on, for evaluation");
  v("validation_problems", c.validation_problems, "generated: the same, for tuning");
  v("rl_problems", c.rl_problems, "problems drawn for reinforcement learning");
  v("countdown_train_set", c.countdown_train_set,
    "countdown: adds the data set's training problems to the RL problems");
  v("general", c.general, "general chat beside the problems");
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
  const auto add = [&](const char* kind, const std::vector<std::string>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const fs::path file = files[i];
      inputs.push_back({fmt::format("{}/{}/{}", kind, i, file.filename().string()), file, true});
    }
  };
  add("texts", places_.texts);
  add("problems", places_.problems);
  add("heldout", places_.heldout);
  add("general", places_.general);
  return inputs;
}

std::vector<std::string> CorpusStage::outputs() const {
  std::vector<std::string> files = {"corpus.jsonl"};
  if (has_general()) files.insert(files.end(), {"general_heldout.jsonl", "general_prompts.jsonl", "general_sft.jsonl"});
  files.insert(files.end(), {"heldout.jsonl", "rl_problems.jsonl", "validation.jsonl"});
  return files;
}

StagePlan CorpusStage::plan(const fs::path&) const {
  if (config_.kind == "files")
    return {.work = fmt::format(
                "problems from {} files, held-out ones from {}, general prompts from {}, {} files of text",
                places_.problems.size(), places_.heldout.size(), places_.general.size(), places_.texts.size())};
  if (config_.kind == "countdown")
    return {.work = fmt::format("{} search traces, {} RL problems, the data set's test problems held out",
                                config_.countdown.num_documents, config_.rl_problems)};
  return {.work = fmt::format("{} documents of {}; {} RL problems, {} held out; {} chat documents",
                              config_.generated.num_documents, fmt::join(config_.generated.families, ", "),
                              config_.rl_problems, config_.heldout_problems, config_.general.num_documents)};
}

Metrics CorpusStage::run(const StageContext& context) const {
  const auto seed = static_cast<std::uint64_t>(seed_);
  CorpusProblems problems = make_corpus_problems(config_, places_, seed);
  const DroppedProblems dropped = drop_guarded(problems);
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
  metrics.emplace_back("dropped_rl_problems", static_cast<double>(dropped.rl));
  metrics.emplace_back("bad_lines", static_cast<double>(problems.bad_lines));
  if (problems.bad_lines > 0) R1_LOG(warn, "corpus: {} broken lines skipped (on_bad_line: skip)", problems.bad_lines);
  if (has_general()) {
    write_general(context.directory, problems.general, metrics);
    metrics.emplace_back("dropped_general", static_cast<double>(dropped.general));
  }
  prove_clean(context.directory, has_general(), metrics);
  return metrics;
}

}  // namespace r1::pipeline
