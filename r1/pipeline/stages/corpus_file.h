// corpus.jsonl: one training document a line, {"prompt","completion","style"}. Written by stage corpus, read by stage
// tokenizer; kept apart from data's Document because prompt and completion are tokenised apart, as reinforcement
// learning will do it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace r1::pipeline {

struct CorpusRecord {
  std::string prompt;      // empty for raw text
  std::string completion;  // what follows it
  std::string style;       // data::style_name, or "text"
  std::string text() const { return prompt + completion; }
};

/// Collects records and writes them atomically by finish().
class CorpusWriter {
 public:
  explicit CorpusWriter(std::filesystem::path file) : file_(std::move(file)) {}
  void add(const CorpusRecord& record);
  void finish();
  std::int64_t num_documents() const { return num_documents_; }

 private:
  std::filesystem::path file_;
  std::string lines_;
  std::int64_t num_documents_ = 0;
};

/// Every record in order. UserError "file:line: ..." on a broken one.
void for_each_corpus_record(const std::filesystem::path& file, const std::function<void(const CorpusRecord&)>& take);

}  // namespace r1::pipeline
