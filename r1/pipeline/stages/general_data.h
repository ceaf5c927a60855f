// The general (chat) part of stage corpus: prompts for reinforcement learning and reward models, held-out prompts,
// answers of mixed quality for supervised fine-tuning, and chat documents for the corpus. What is asked is
// data/general/chat.h's matter, which files it goes to is corpus.cc's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/general/chat.h"
#include "r1/data/problem.h"
#include "r1/pipeline/stages/corpus_file.h"

namespace r1::pipeline {

struct GeneralConfig {
  data::ChatConfig chat;
  std::int64_t num_documents = 0;  // chat documents in the corpus; 0 = no general data at all, no files of it
  double good_share = 0.5;  // share of the corpus's chat documents with a good answer: a web model complies and rambles
  double tagged_share = 0.5;  // share of the corpus's chat documents that answer in <answer> tags
  std::int64_t heldout_prompts = 300;
  std::int64_t prompts = 1500;
  std::int64_t sft_documents = 1500;
  double sft_good_share = 0.6;
};
void fields(core::FieldVisitor& v, GeneralConfig& c);

/// UserError names the key that makes no sense. Nothing is checked while num_documents is 0.
void check_general_config(const GeneralConfig& config);

/// What is written beside the corpus; no held-out prompt is among the others.
struct GeneralData {
  std::vector<data::Problem> held_out;  // general_heldout.jsonl
  std::vector<data::Problem> prompts;  // general_prompts.jsonl
  std::vector<CorpusRecord> sft;  // general_sft.jsonl: <think></think><answer>TEXT</answer>
  data::ExcludedHashes excluded;  // content hashes of held_out
};

/// A pure function of the arguments. `prompt_template` stands around every prompt of `sft`.
GeneralData make_general_data(const GeneralConfig& config, const std::string& prompt_template, std::uint64_t seed);

/// Chat document `index` (0 <= index < 2^32) of the corpus: "TEXT" or "<answer>TEXT</answer>", style chat_good or
/// chat_bad. The shares do not change the questions.
CorpusRecord general_document(const GeneralConfig& config, const std::string& prompt_template, std::uint64_t seed,
                              std::int64_t index, const data::ExcludedHashes& excluded);

/// A record of general_sft.jsonl.
CorpusRecord general_sft_record(const std::string& prompt_text, const std::string& answer, bool good);

}  // namespace r1::pipeline
