// Supervised examples with their lineage: sft.jsonl and cold_start.jsonl, one record a line (docs/formats.md), and the
// token shard made of them. Which examples are kept is sample_filter.h's and the stages' matter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/data/problem.h"
#include "r1/eval/evaluation.h"

namespace r1::pipeline {

struct SftRecord {
  std::string id;          // "SOURCE/PROBLEM/SAMPLE"
  std::string prompt;      // as the model sees it, template filled in
  std::string completion;  // without end-of-sequence token
  std::string source;      // who said it: "zero", "dev2", "general"
  std::string problem;     // id of the problem; empty for general data without one
  std::string domain, language;
};

/// The record of one sample.
SftRecord record_of(const std::string& source, const data::Problem& problem, const eval::EvalItem& item,
                    const std::string& prompt_template);

/// general_sft.jsonl of stage corpus as records of source "general".
std::vector<SftRecord> general_records(const std::filesystem::path& file);

std::string to_json_line(const SftRecord& record);
void write_records(const std::filesystem::path& file, const std::vector<SftRecord>& records);
/// UserError "file:line: ..." on a broken record.
std::vector<SftRecord> read_records(const std::filesystem::path& file);

/// corpus.tokens' format with the loss on completions only; prompt and completion are encoded apart, as in RL, by the
/// tokenizer of the folder `model`, and end with its first end-of-sequence id.
void write_sft_shard(const std::vector<SftRecord>& records, const std::filesystem::path& model,
                     const std::filesystem::path& file);

}  // namespace r1::pipeline
