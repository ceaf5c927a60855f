// Stage `corpus`: makes what everything later is fed with: training documents, problems for reinforcement learning,
// held-out and validation problems, from generated families, from the countdown data set or from files of problem
// records, general chat and raw texts mixed in. It counts every held-out problem that occurs in what was written: the
// run's proof that it trained on none. It tokenises nothing.
//   corpus.jsonl         {"prompt","completion","style"} a document
//   rl_problems.jsonl, heldout.jsonl, validation.jsonl   problem records (docs/formats.md)
//   general_prompts.jsonl, general_heldout.jsonl         the same of general chat, where there is any
//   general_sft.jsonl    documents as in corpus.jsonl: answers of mixed quality for supervised fine-tuning
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/problems/corpus.h"
#include "r1/data/problems/countdown_corpus.h"
#include "r1/data/reader.h"
#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/general_data.h"

namespace r1::pipeline {

/// Where data from outside lies. No part of any hash: contents count, places do not.
struct DataPlaces {
  std::string countdown;           // folder with test_500.jsonl, val_200.jsonl, sft_train_2k.jsonl
  std::vector<std::string> texts;  // .txt / .jsonl files (also .gz, .zst) mixed into the corpus
  // Problem records (docs/formats.md) for corpus.kind files:
  std::vector<std::string> problems;  // to train on
  std::vector<std::string> heldout;   // never trained on; with `general`, those of domain general are held out of it
  std::vector<std::string> general;   // general prompts; their answers are for supervised fine-tuning
};
void fields(core::FieldVisitor& v, DataPlaces& c);

struct CorpusStageConfig {
  std::string kind = "generated";  // generated | countdown | files (no documents but texts, all problems of the files)
  data::CorpusConfig generated;
  data::CountdownCorpusConfig countdown;
  std::int64_t heldout_problems = 500;  // generated only: countdown's are its 500 test problems
  std::int64_t validation_problems = 200;  // generated only; excluded from training like the held-out ones
  std::int64_t rl_problems = 4000;  // drawn; not for files
  bool countdown_train_set = true;  // adds the data set's 2,000 training problems to the RL problems
  GeneralConfig general;  // chat beside the problems; not for files
  data::ReaderConfig reader;  // of everything under data
};
void fields(core::FieldVisitor& v, CorpusStageConfig& c);

/// The template that stands around a problem's prompt, in the corpus and in everything after it.
const std::string& prompt_template(const CorpusStageConfig& config);

class CorpusStage : public Stage {
 public:
  CorpusStage(CorpusStageConfig config, DataPlaces places, std::int64_t seed)
      : config_(std::move(config)), places_(std::move(places)), seed_(seed) {}
  std::string name() const override { return "corpus"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override;
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  bool has_general() const { return config_.general.num_documents > 0 || !places_.general.empty(); }

  CorpusStageConfig config_;
  DataPlaces places_;
  std::int64_t seed_;
};

}  // namespace r1::pipeline
