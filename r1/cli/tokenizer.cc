// r1 tokenizer train | encode | decode | convert: byte-level BPE from text files; ids of standard input, the whole of
// it or one JSON value a line; tokenizer.json of other files.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
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
#include "r1/tokenizer/tiktoken.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

namespace {

using Json = nlohmann::json;

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

/// Which tokenizer: the file and, for tiktoken's rank files, what they do not say.
struct SourceConfig {
  std::string file;
  std::string pattern;
  std::string special_tokens;
};
void add_source_options(CLI::App& app, SourceConfig& c) {
  app.add_option("tokenizer", c.file, "tokenizer.json, a model folder that holds one, or a tiktoken rank file")
      ->required();
  app.add_option(
      "--pattern", c.pattern,
      "rank file: gpt2 | cl100k | llama3 | o200k | qwen2 | deepseek_v3 | single_digits | a regular expression");
  app.add_option("--special_tokens", c.special_tokens,
                 "rank file: JSON object of texts with their ids, or a tokenizer_config.json");
}

tokenizer::Tokenizer load(const SourceConfig& source) {
  const std::filesystem::path file(source.file);
  const bool ranks = file.extension() == ".tiktoken" || !source.pattern.empty();
  if (!ranks && !source.special_tokens.empty())
    user_error("--special_tokens: only rank files take it (with --pattern)");
  if (!ranks) return tokenizer::Tokenizer::load(file);
  if (source.pattern.empty())
    user_error("{}: a rank file does not say how text is cut: give --pattern, such as --pattern llama3", source.file);
  if (source.special_tokens.empty()) return tokenizer::load_tiktoken(file, source.pattern);
  return tokenizer::load_tiktoken(file, source.pattern, tokenizer::read_special_tokens(source.special_tokens));
}

void convert(const SourceConfig& source, const std::string& out) {
  const tokenizer::Tokenizer tokenizer = load(source);
  core::write_file_atomic(out, tokenizer.to_json());
  std::printf("%s: %lld tokens, %zu merges\n", out.c_str(), static_cast<long long>(tokenizer.vocab_size()),
              tokenizer.model().merges.size());
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

void encode(const tokenizer::Tokenizer& tokenizer) {
  std::string out;
  for (const std::int32_t id : tokenizer.encode(standard_input())) out += (out.empty() ? "" : " ") + std::to_string(id);
  std::printf("%s\n", out.c_str());
}

void decode(const tokenizer::Tokenizer& tokenizer) {
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
    if (used != word.size() || !tokenizer.contains(id))
      user_error("standard input: \"{}\" is no token id of this vocabulary of {}", word, tokenizer.vocab_size());
    ids.push_back(static_cast<std::int32_t>(id));
  }
  const std::string text = tokenizer.decode(ids);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// Answers each line of standard input, a JSON value, with one line, at once; blank lines are passed over.
void answer_lines(const std::function<Json(const Json& value)>& answer) {
  std::int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json value = Json::parse(line, nullptr, false);
    if (value.is_discarded()) user_error("standard input:{}: not valid JSON", number);
    try {
      std::printf("%s\n", answer(value).dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    } catch (const UserError& e) {
      user_error("standard input:{}: {}", number, e.what());
    }
    std::fflush(stdout);
  }
}

/// value[key] when the value is an object, else the value itself.
const Json& field_or_self(const Json& value, const char* key) {
  return value.is_object() && value.contains(key) ? value.at(key) : value;
}

void encode_lines(const tokenizer::Tokenizer& tokenizer) {
  answer_lines([&](const Json& value) {
    const Json& text = field_or_self(value, "text");
    if (!text.is_string()) user_error("a JSON string or {{\"text\": ...}} is needed");
    return Json{{"ids", tokenizer.encode(text.get_ref<const std::string&>())}};
  });
}

void decode_lines(const tokenizer::Tokenizer& tokenizer) {
  answer_lines([&](const Json& value) {
    const Json& list = field_or_self(value, "ids");
    if (!list.is_array()) user_error("a list of token ids or {{\"ids\": [...]}} is needed");
    std::vector<std::int32_t> ids;
    for (const Json& id : list) {
      const bool known =
          id.is_number_unsigned() && id.get<std::uint64_t>() <= INT32_MAX && tokenizer.contains(id.get<std::int64_t>());
      if (!known)
        user_error("{} is no token id of this vocabulary of {}", id.dump().substr(0, 40), tokenizer.vocab_size());
      ids.push_back(id.get<std::int32_t>());
    }
    return Json{{"text", tokenizer.decode(ids)}};
  });
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

  auto source = std::make_shared<SourceConfig>();
  auto jsonl = std::make_shared<bool>(false);
  CLI::App* encoder = verb->add_subcommand("encode", "token ids of standard input, byte for byte");
  add_source_options(*encoder, *source);
  encoder->add_flag("--jsonl", *jsonl, R"(a text a line, as "..." or {"text": ...}; out: {"ids": [...]})");
  encoder->callback([source, jsonl] { (*jsonl ? encode_lines : encode)(load(*source)); });
  CLI::App* decoder = verb->add_subcommand("decode", "bytes of the token ids on standard input");
  add_source_options(*decoder, *source);
  decoder->add_flag("--jsonl", *jsonl, R"(ids a line, as [...] or {"ids": [...]}; out: {"text": ...}, UTF-8)");
  decoder->callback([source, jsonl] { (*jsonl ? decode_lines : decode)(load(*source)); });

  auto out = std::make_shared<std::string>("tokenizer.json");
  CLI::App* converter = verb->add_subcommand("convert", "write a tiktoken rank file as tokenizer.json");
  add_source_options(*converter, *source);
  converter->add_option("--out", *out, "file to write (Hugging Face tokenizer.json)")->capture_default_str();
  converter->callback([source, out] { convert(*source, *out); });
}

}  // namespace r1::cli
