// The whole corpus is collected in memory and written at once: recipes make tens of megabytes, and a file is there or
// not.
#include "r1/pipeline/stages/corpus_file.h"

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/reader.h"

namespace r1::pipeline {

void CorpusWriter::add(const CorpusRecord& record) {
  const nlohmann::ordered_json json = {
      {"prompt", record.prompt}, {"completion", record.completion}, {"style", record.style}};
  lines_ += json.dump();
  lines_ += '\n';
  ++num_documents_;
}

void CorpusWriter::finish() { core::write_file_atomic(file_, lines_); }

void for_each_corpus_record(const std::filesystem::path& file, const std::function<void(const CorpusRecord&)>& take) {
  data::JsonlReader reader(file, data::ReaderConfig{});
  const auto parse = [&](const std::string& line) {
    CorpusRecord record;
    try {
      const nlohmann::json json = nlohmann::json::parse(line);
      record = {json.at("prompt").get<std::string>(), json.at("completion").get<std::string>(),
                json.at("style").get<std::string>()};
    } catch (const nlohmann::json::exception& e) {
      user_error("is no corpus record ({})", e.what());
    }
    take(record);
  };
  while (reader.next(parse)) {
  }
}

}  // namespace r1::pipeline
