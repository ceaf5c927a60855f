// Items and their quality come from streams of their own, so that shares do not change the questions.
#include "r1/pipeline/stages/general_data.h"

#include <fmt/format.h>

#include "r1/core/error.h"
#include "r1/data/problems/corpus.h"

namespace r1::pipeline {

namespace {

// Steps of Purpose::Corpus; data/problems has 0 to 2.
constexpr std::uint32_t kDocumentStep = 3;
constexpr std::uint32_t kDocumentFormStep = 4;
constexpr std::uint32_t kSftStep = 5;
constexpr std::uint32_t kSftQualityStep = 6;

core::RngKey stream(std::uint64_t seed, std::uint32_t step, std::int64_t index) {
  return {.seed = seed, .purpose = core::Purpose::Corpus, .step = step, .prompt = static_cast<std::uint32_t>(index)};
}

void check_share(const char* key, double share) {
  if (!(share >= 0.0 && share <= 1.0)) user_error("corpus.general.{} is {}; it must lie in [0, 1]", key, share);
}

void check_count(const char* key, std::int64_t count, std::int64_t least) {
  if (count < least || count > (std::int64_t{1} << 32))
    user_error("corpus.general.{} is {}; it must lie in {} to 2^32", key, count, least);
}

}  // namespace

void fields(core::FieldVisitor& v, GeneralConfig& c) {
  v("chat", c.chat, "what is asked");
  v("num_documents", c.num_documents, "chat documents in the corpus; 0 = no general data at all");
  v("good_share", c.good_share, "share of the corpus's chat documents with a good answer");
  v("tagged_share", c.tagged_share, "share of the corpus's chat documents that answer in <answer> tags");
  v("heldout_prompts", c.heldout_prompts, "general prompts never trained on, for evaluation");
  v("prompts", c.prompts, "general prompts for reinforcement learning and reward models");
  v("sft_documents", c.sft_documents, "general answers for supervised fine-tuning, good and bad");
  v("sft_good_share", c.sft_good_share, "share of those that are good");
}

void check_general_config(const GeneralConfig& config) {
  check_count("num_documents", config.num_documents, 0);
  if (config.num_documents == 0) return;
  data::check_chat_config(config.chat);
  check_share("good_share", config.good_share);
  check_share("tagged_share", config.tagged_share);
  check_share("sft_good_share", config.sft_good_share);
  check_count("heldout_prompts", config.heldout_prompts, 1);
  check_count("prompts", config.prompts, 1);
  check_count("sft_documents", config.sft_documents, 0);
}

CorpusRecord general_sft_record(const std::string& prompt_text, const std::string& answer, bool good) {
  return {prompt_text, fmt::format("<think></think><answer>{}</answer>", answer), good ? "chat_good" : "chat_bad"};
}

GeneralData make_general_data(const GeneralConfig& config, const std::string& prompt_template, std::uint64_t seed) {
  GeneralData out;
  for (data::ChatItem& item : data::make_chat_split(config.chat, seed, "general_heldout", config.heldout_prompts, {})) {
    out.excluded.insert(data::content_hash(item.problem));
    out.held_out.push_back(std::move(item.problem));
  }
  for (data::ChatItem& item : data::make_chat_split(config.chat, seed, "general", config.prompts, out.excluded))
    out.prompts.push_back(std::move(item.problem));
  for (std::int64_t i = 0; i < config.sft_documents; ++i) {
    const data::ChatItem item = data::draw_chat(config.chat, stream(seed, kSftStep, i), out.excluded);
    core::Rng rng(stream(seed, kSftQualityStep, i));
    const bool good = rng.uniform() < config.sft_good_share;
    out.sft.push_back(general_sft_record(data::fill_template(prompt_template, item.problem.prompt),
                                         good ? item.good : item.bad, good));
  }
  return out;
}

CorpusRecord general_document(const GeneralConfig& config, const std::string& prompt_template, std::uint64_t seed,
                              std::int64_t index, const data::ExcludedHashes& excluded) {
  const data::ChatItem item = data::draw_chat(config.chat, stream(seed, kDocumentStep, index), excluded);
  core::Rng rng(stream(seed, kDocumentFormStep, index));
  const bool good = rng.uniform() < config.good_share;
  const std::string& answer = good ? item.good : item.bad;
  CorpusRecord record;
  record.prompt = data::fill_template(prompt_template, item.problem.prompt);
  record.completion = rng.uniform() < config.tagged_share ? fmt::format("<answer>{}</answer>", answer) : answer;
  record.style = good ? "chat_good" : "chat_bad";
  return record;
}

}  // namespace r1::pipeline
