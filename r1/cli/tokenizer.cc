// r1 tokenizer train | encode | decode: byte-level BPE from text files, and ids of standard input.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/reader.h"
#include "r1/tokenizer/bpe_trainer.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

namespace {

struct TrainTokenizerConfig {
  std::string out = "tokenizer.json";
  tokenizer::BpeConfig bpe;
  data::ReaderConfig reader;
};
void fields(core::FieldVisitor& v, TrainTokenizerConfig& c) {
  v("out", c.out, "file to write (Hugging Face tokenizer.json)");
  fields(v, c.bpe);
  v("reader", c.reader, "how the files are read");
}

std::string standard_input() { return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()}; }

void train_tokenizer(const std::vector<std::string>& files, const TrainTokenizerConfig& config) {
  const std::vector<std::filesystem::path> paths(files.begin(), files.end());
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  data::for_each_document(paths, config.reader, [&](data::Document& document) {
    bytes += document.text.size();
    texts.push_back(std::move(document.text));
  });
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const tokenizer::Tokenizer tokenizer = tokenizer::train_bpe(views, config.bpe);
  core::write_file_atomic(config.out, tokenizer.to_json());
  std::printf("%s: %lld tokens from %zu documents, %zu bytes\n", config.out.c_str(),
              static_cast<long long>(tokenizer.vocab_size()), texts.size(), bytes);
}

void encode(const std::string& file) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(file);
  std::string out;
  for (const std::int32_t id : tokenizer.encode(standard_input())) out += (out.empty() ? "" : " ") + std::to_string(id);
  std::printf("%s\n", out.c_str());
}

void decode(const std::string& file) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(file);
  std::istringstream words(standard_input());
  std::vector<std::int32_t> ids;
  for (std::string word; words >> word;) {
    std::size_t used = 0;
    long id = -1;
    try {
      id = std::stol(word, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used != word.size() || id < 0 || id >= tokenizer.vocab_size())
      user_error("standard input: \"{}\" is no token id below {}", word, tokenizer.vocab_size());
    ids.push_back(static_cast<std::int32_t>(id));
  }
  const std::string text = tokenizer.decode(ids);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

void add_tokenizer_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("tokenizer", "train a tokenizer, encode or decode with one");
  verb->require_subcommand(1);
  CLI::App* train = verb->add_subcommand("train", "train byte-level BPE on .txt and .jsonl files (also .gz, .zst)");
  auto config = std::make_shared<TrainTokenizerConfig>();
  auto files = std::make_shared<std::vector<std::string>>();
  train->add_option("files", *files, "text files")->required();
  add_options(*train, *config);
  train->callback([config, files] { train_tokenizer(*files, *config); });

  auto file = std::make_shared<std::string>();
  CLI::App* encoder = verb->add_subcommand("encode", "token ids of standard input, byte for byte");
  encoder->add_option("tokenizer", *file, "tokenizer.json")->required();
  encoder->callback([file] { encode(*file); });
  CLI::App* decoder = verb->add_subcommand("decode", "bytes of the token ids on standard input");
  decoder->add_option("tokenizer", *file, "tokenizer.json")->required();
  decoder->callback([file] { decode(*file); });
}

}  // namespace r1::cli
