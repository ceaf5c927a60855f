// Keys to files (gguf_tokenizer.h); the way back is gguf_tokenizer_keys.cc. End ids: what the file names, and the
// special tokens that end a turn or a document in every model that has them, as llama.cpp takes them too.
#include "r1/cli/gguf_tokenizer.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "r1/cli/gguf_split_patterns.h"
#include "r1/cli/gguf_token_type.h"
#include "r1/core/error.h"
#include "r1/tokenizer/byte_level.h"
#include "r1/tokenizer/merge_table.h"
#include "r1/tokenizer/pre_tokenizer.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

namespace {

using Json = nlohmann::ordered_json;
using weights::gguf_printable;
using weights::GgufMetadata;

constexpr std::array kEndTexts = {"<|eot_id|>",      "<|eom_id|>",    "<|im_end|>",
                                  "<|end_of_text|>", "<|endoftext|>", "<｜end▁of▁sentence｜>"};

/// One file's keys.
class Keys {
 public:
  Keys(const GgufMetadata& metadata, std::string file) : metadata_(metadata), file_(std::move(file)) {}

  bool has(const std::string& key) const { return metadata_.contains(key); }
  /// UTF-8, or the files could not be written.
  std::string text(const std::string& key) const { return checked(metadata_.text(key), key); }
  std::string text(const std::string& key, const std::string& otherwise) const {
    return has(key) ? text(key) : otherwise;
  }
  std::string checked(const std::string& text, const std::string& key) const {
    if (tokenizer::valid_utf8_prefix(text) != text.size())
      user_error("{}: {}: '{}' is not UTF-8; the file is damaged", file_, key, gguf_printable(text));
    return text;
  }
  const std::vector<std::string>& texts(const std::string& key) const { return metadata_.texts(key); }
  std::vector<std::int64_t> integers(const std::string& key) const { return metadata_.integers(key); }
  bool boolean(const std::string& key, bool otherwise) const { return has(key) ? metadata_.boolean(key) : otherwise; }
  /// An id below `size`; nothing when the key is missing.
  std::optional<std::int64_t> id(const std::string& key, std::size_t size) const {
    if (!has(key)) return {};
    const std::int64_t id = metadata_.integer(key);
    if (id < 0 || static_cast<std::size_t>(id) >= size) user_error("{}: {} is {} of {} tokens", file_, key, id, size);
    return id;
  }
  const GgufMetadata& metadata() const { return metadata_; }
  const std::string& file() const { return file_; }

 private:
  const GgufMetadata& metadata_;
  std::string file_;
};

const GgufSplit& split_of(const Keys& keys) {
  const std::string model = keys.text("tokenizer.ggml.model");
  if (model != "gpt2")
    user_error("{}: tokenizer.ggml.model '{}' is not supported; gpt2 (byte-level BPE) is", keys.file(), model);
  const std::string pre = keys.text("tokenizer.ggml.pre", "missing");
  const GgufSplit* split = find_gguf_split(pre);
  if (split == nullptr)
    user_error("{}: tokenizer.ggml.pre '{}' is not known, so text can't be cut as the model was taught; known are {}",
               keys.file(), pre, known_gguf_splits());
  return *split;
}

std::vector<std::int64_t> token_types(const Keys& keys, std::size_t count) {
  if (!keys.has("tokenizer.ggml.token_type")) return std::vector<std::int64_t>(count, kNormalToken);
  std::vector<std::int64_t> types = keys.integers("tokenizer.ggml.token_type");
  if (types.size() != count)
    user_error("{}: {} types of {} tokens; the file is damaged", keys.file(), types.size(), count);
  return types;
}

void add_token(tokenizer::Model& model, const Keys& keys, std::size_t id, std::int64_t type) {
  const std::string& text = keys.texts("tokenizer.ggml.tokens")[id];
  const std::string where = fmt::format("tokenizer.ggml.tokens [{}]", id);
  switch (type) {
    case kNormalToken: {
      const auto bytes = tokenizer::from_printable(text);
      if (!bytes)
        user_error("{}: {} '{}' is not in byte-level form; the file is damaged", keys.file(), where,
                   gguf_printable(text));
      model.tokens.resize(id + 1);
      model.tokens[id] = *bytes;
      return;
    }
    case kUnknownToken:
    case kControlToken:
      model.special_tokens.emplace_back(keys.checked(text, where), static_cast<std::int32_t>(id));
      return;
    case kUserToken:
      model.added_tokens.emplace_back(keys.checked(text, where), static_cast<std::int32_t>(id));
      return;
    case kUnusedToken:
      return;
    default:
      user_error("{}: {} has type {}, which byte-level BPE doesn't have", keys.file(), where, type);
  }
}

void add_merges(tokenizer::Model& model, const Keys& keys, const std::vector<std::int64_t>& types) {
  const std::vector<std::string>& tokens = keys.texts("tokenizer.ggml.tokens");
  std::unordered_map<std::string_view, std::int32_t> ids;
  for (std::size_t id = 0; id < tokens.size(); ++id)
    if (types[id] == kNormalToken) ids.emplace(tokens[id], static_cast<std::int32_t>(id));
  for (const std::string& merge : keys.texts("tokenizer.ggml.merges")) {
    const std::size_t space = merge.find(' ');
    const auto left = ids.find(std::string_view(merge).substr(0, space));
    const auto right = ids.find(space == std::string::npos ? "" : std::string_view(merge).substr(space + 1));
    if (left == ids.end() || right == ids.end())
      user_error("{}: tokenizer.ggml.merges: '{}' is no pair of tokens; the file is damaged", keys.file(),
                 gguf_printable(merge));
    model.merges.emplace_back(left->second, right->second);
  }
}

tokenizer::Model read_model(const Keys& keys, const GgufSplit& split) {
  const std::size_t count = keys.texts("tokenizer.ggml.tokens").size();
  const std::vector<std::int64_t> types = token_types(keys, count);
  tokenizer::Model model;
  model.split_patterns = split.patterns;
  model.ignore_merges = split.ignore_merges;
  model.nfc = split.nfc;
  for (std::size_t id = 0; id < count; ++id) add_token(model, keys, id, types[id]);
  for (const auto* list : {&model.special_tokens, &model.added_tokens})
    for (const auto& [text, id] : *list)
      if (static_cast<std::size_t>(id) < model.tokens.size()) model.tokens[static_cast<std::size_t>(id)] = text;
  add_merges(model, keys, types);
  if (const std::string why = tokenizer::why_inconsistent(model); !why.empty())
    user_error("{}: tokenizer: {}", keys.file(), why);
  return model;
}

std::vector<std::int64_t> end_ids(const Keys& keys, const tokenizer::Model& model, std::size_t count) {
  std::vector<std::int64_t> ids;
  const auto add = [&](std::optional<std::int64_t> id) {
    if (id && std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
  };
  for (const char* name : {"eos", "eot", "eom"}) add(keys.id(fmt::format("tokenizer.ggml.{}_token_id", name), count));
  for (const char* text : kEndTexts)
    for (const auto& [special, id] : model.special_tokens)
      if (special == text) add(id);
  return ids;
}

/// One text, or named ones when the file has several.
Json chat_template(const Keys& keys) {
  Json list = Json::array();
  if (!keys.has("tokenizer.chat_template")) return {};
  std::string main = keys.text("tokenizer.chat_template");
  if (!keys.has("tokenizer.chat_templates")) return main;
  list.push_back({{"name", "default"}, {"template", main}});
  for (const std::string& name : keys.texts("tokenizer.chat_templates"))
    list.push_back({{"name", keys.checked(name, "tokenizer.chat_templates")},
                    {"template", keys.text("tokenizer.chat_template." + name)}});
  return list;
}

Json special_text(const Keys& keys, const std::string& name) {
  const std::vector<std::string>& tokens = keys.texts("tokenizer.ggml.tokens");
  const auto id = keys.id(fmt::format("tokenizer.ggml.{}_token_id", name), tokens.size());
  return id ? Json(keys.checked(tokens[static_cast<std::size_t>(*id)], "tokenizer.ggml.tokens")) : Json();
}

Json tokenizer_config(const Keys& keys, bool begin) {
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  config["add_bos_token"] = begin;
  const std::string context = keys.text("general.architecture", "") + ".context_length";
  if (keys.has(context)) config["model_max_length"] = keys.metadata().integer(context);
  constexpr std::pair<const char*, const char*> kSpecial[] = {
      {"bos_token", "bos"}, {"eos_token", "eos"}, {"unk_token", "unknown"}, {"pad_token", "padding"}};
  for (const auto& [name, key] : kSpecial)
    if (Json text = special_text(keys, key); !text.is_null()) config[name] = std::move(text);
  if (Json text = chat_template(keys); !text.is_null()) config["chat_template"] = std::move(text);
  return config;
}

Json generation_config(const TokenizerFiles& files) {
  Json config = Json::object();
  if (files.bos) config["bos_token_id"] = *files.bos;
  if (files.eos.size() == 1) config["eos_token_id"] = files.eos.front();
  if (files.eos.size() > 1) config["eos_token_id"] = files.eos;
  if (files.pad) config["pad_token_id"] = *files.pad;
  return config;
}

}  // namespace

TokenizerFiles tokenizer_files(const GgufMetadata& metadata, const std::string& file) {
  const Keys keys(metadata, file);
  const GgufSplit& split = split_of(keys);
  const tokenizer::Tokenizer tokenizer(read_model(keys, split));
  const std::size_t count = keys.texts("tokenizer.ggml.tokens").size();
  TokenizerFiles out;
  out.bos = keys.id("tokenizer.ggml.bos_token_id", count);
  out.pad = keys.id("tokenizer.ggml.padding_token_id", count);
  out.eos = end_ids(keys, tokenizer.model(), count);
  if (out.eos.empty())
    user_error("{}: no end token: neither tokenizer.ggml.eos_token_id nor a special token that is known to be one",
               file);
  const bool begin = out.bos && keys.boolean("tokenizer.ggml.add_bos_token", split.begin_by_default);
  const std::string begin_text = begin ? keys.texts("tokenizer.ggml.tokens")[*out.bos] : "";
  if (begin && !tokenizer.special_id(begin_text))
    user_error("{}: tokenizer.ggml.bos_token_id: '{}' is no control token; the file is damaged", file,
               gguf_printable(begin_text));
  out.tokenizer_json = tokenizer.to_json(begin_text);
  out.tokenizer_config_json = tokenizer_config(keys, begin).dump(2) + "\n";
  out.generation_config_json = generation_config(out).dump(2) + "\n";
  return out;
}

}  // namespace r1::cli
