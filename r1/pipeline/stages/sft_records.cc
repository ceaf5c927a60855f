// Records on disk and as tokens (sft_records.h).
#include "r1/pipeline/stages/sft_records.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/problems/corpus.h"
#include "r1/data/token_shard.h"
#include "r1/pipeline/stages/corpus_file.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/weights/token_ids.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json, const char* key, bool required) {
  const auto found = json.find(key);
  if (found == json.end() && !required) return "";
  if (found == json.end() || !found->is_string()) user_error("\"{}\" must be a text", key);
  return found->get<std::string>();
}

SftRecord record_from_json(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) user_error("is no JSON object");
  return {text_of(json, "id", true),       text_of(json, "prompt", true),   text_of(json, "completion", true),
          text_of(json, "source", false),  text_of(json, "problem", false), text_of(json, "domain", false),
          text_of(json, "language", false)};
}

}  // namespace

SftRecord record_of(const std::string& source, const data::Problem& problem, const eval::EvalItem& item,
                    const std::string& prompt_template) {
  return {.id = fmt::format("{}/{}/{}", source, problem.id, item.sample),
          .prompt = data::fill_template(prompt_template, problem.prompt),
          .completion = item.text,
          .source = source,
          .problem = problem.id,
          .domain = problem.domain,
          .language = problem.language};
}

std::vector<SftRecord> general_records(const std::filesystem::path& file) {
  std::vector<SftRecord> records;
  for_each_corpus_record(file, [&](const CorpusRecord& record) {
    records.push_back({.id = fmt::format("general/{}", records.size()),
                       .prompt = record.prompt,
                       .completion = record.completion,
                       .source = "general",
                       .problem = "",
                       .domain = "general",
                       .language = ""});
  });
  return records;
}

std::string to_json_line(const SftRecord& r) {
  return Json{{"id", r.id},           {"prompt", r.prompt}, {"completion", r.completion}, {"source", r.source},
              {"problem", r.problem}, {"domain", r.domain}, {"language", r.language}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_records(const std::filesystem::path& file, const std::vector<SftRecord>& records) {
  std::string lines;
  for (const SftRecord& record : records) lines += to_json_line(record) + "\n";
  core::write_file_atomic(file, lines);
}

std::vector<SftRecord> read_records(const std::filesystem::path& file) {
  std::vector<SftRecord> records;
  std::istringstream lines(core::read_file(file));
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    try {
      records.push_back(record_from_json(line));
    } catch (const UserError& e) {
      user_error("{}:{}: {}", file.string(), number, e.what());
    }
  }
  return records;
}

void write_sft_shard(const std::vector<SftRecord>& records, const std::filesystem::path& model,
                     const std::filesystem::path& file) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(model / "tokenizer.json");
  data::TokenShardWriter shard(tokenizer.vocab_size(), weights::load_eos_ids(model).front());
  for (const SftRecord& record : records) {
    const EncodedDocument document = encode_document(tokenizer, record.prompt, record.completion);
    shard.add(document.ids, document.targets(false));
  }
  shard.write(file);
}

}  // namespace r1::pipeline
