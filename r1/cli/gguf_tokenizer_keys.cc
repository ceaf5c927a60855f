// Files to keys (gguf_tokenizer.h).
#include <nlohmann/json.hpp>

#include "r1/cli/gguf_split_patterns.h"
#include "r1/cli/gguf_token_type.h"
#include "r1/cli/gguf_tokenizer.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"
#include "r1/tokenizer/byte_level.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using weights::GgufMetadata;

/// An empty object when the file is missing.
Json read_object(const fs::path& file) {
  if (!fs::exists(file)) return Json::object();
  const std::string text = core::read_file(file);
  core::check_json_depth(text, file.string());
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) user_error("{}: holds no JSON object", file.string());
  return json;
}

struct TokenLists {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
};

TokenLists list_tokens(const tokenizer::Model& model, std::size_t count) {
  TokenLists out{std::vector<std::string>(count), std::vector<std::int32_t>(count, kUnusedToken)};
  const auto put = [&](std::size_t id, const std::string& text, std::int32_t type) {
    out.texts[id] = text;
    out.types[id] = type;
  };
  for (std::size_t id = 0; id < model.tokens.size(); ++id)
    if (!model.tokens[id].empty()) put(id, tokenizer::to_printable(model.tokens[id]), kNormalToken);
  for (const auto& [text, id] : model.special_tokens) put(static_cast<std::size_t>(id), text, kControlToken);
  for (const auto& [text, id] : model.added_tokens) put(static_cast<std::size_t>(id), text, kUserToken);
  for (std::size_t id = 0; id < count; ++id)
    if (out.types[id] == kUnusedToken) out.texts[id] = fmt::format("[PAD{}]", id);
  return out;
}

std::vector<std::string> list_merges(const tokenizer::Model& model, const TokenLists& tokens) {
  std::vector<std::string> out;
  for (const auto& [left, right] : model.merges)
    out.push_back(tokens.texts[static_cast<std::size_t>(left)] + " " + tokens.texts[static_cast<std::size_t>(right)]);
  return out;
}

/// The ids that a folder names, by text or by number.
class FolderIds {
 public:
  FolderIds(const fs::path& folder, const tokenizer::Tokenizer& tokenizer)
      : config_(read_object(folder / "tokenizer_config.json")),
        generation_(read_object(folder / "generation_config.json")),
        tokenizer_(tokenizer) {
    if (!generation_.contains("eos_token_id")) generation_ = read_object(folder / "config.json");
  }

  /// Of "bos", "eos", "pad", "unk".
  std::optional<std::int64_t> find(const std::string& name) const {
    const std::string key = name + "_token";
    if (config_.contains(key)) {
      const Json& token = config_[key].is_object() ? config_[key].value("content", Json()) : config_[key];
      if (token.is_string())
        if (const auto id = tokenizer_.special_id(token.get<std::string>())) return *id;
    }
    const std::vector<std::int64_t> ids = numbers(name + "_token_id");
    return ids.empty() ? std::nullopt : std::optional(ids.front());
  }

  std::vector<std::int64_t> ends() const { return numbers("eos_token_id"); }
  const Json& tokenizer_config() const { return config_; }

 private:
  /// A number or a list of them; ids that the tokenizer has.
  std::vector<std::int64_t> numbers(const std::string& key) const {
    if (!generation_.contains(key)) return {};
    const Json& value = generation_[key];
    std::vector<std::int64_t> out;
    for (const Json& id : value.is_array() ? value : Json::array({value}))
      if (id.is_number_unsigned() && id.get<std::uint64_t>() < static_cast<std::uint64_t>(tokenizer_.vocab_size()))
        out.push_back(id.get<std::int64_t>());
    return out;
  }

  Json config_, generation_;
  const tokenizer::Tokenizer& tokenizer_;
};

/// Whether a tokenizer.json's post_processor puts a special token ahead of a text.
bool begins_with_special(const Json& processor) {
  if (!processor.is_object()) return false;
  for (const Json& step : processor.value("processors", Json::array()))
    if (begins_with_special(step)) return true;
  const Json single = processor.value("single", Json::array());
  return single.is_array() && !single.empty() && single[0].contains("SpecialToken");
}

void set_chat_template(const fs::path& folder, const Json& config, GgufMetadata& keys) {
  const std::string key = "tokenizer.chat_template";
  if (fs::exists(folder / "chat_template.jinja")) return keys.set(key, core::read_file(folder / "chat_template.jinja"));
  if (!config.contains("chat_template")) return;
  const Json& found = config["chat_template"];
  if (found.is_string()) return keys.set(key, found.get<std::string>());
  std::vector<std::string> others;
  for (const Json& entry : found.is_array() ? found : Json::array()) {
    const auto name = entry.at("name").get<std::string>(), text = entry.at("template").get<std::string>();
    keys.set(name == "default" ? key : fmt::format("{}.{}", key, name), text);
    if (name != "default") others.push_back(name);
  }
  if (!others.empty()) keys.set("tokenizer.chat_templates", weights::GgufArray(others));
}

void set_ids(const FolderIds& ids, GgufMetadata& keys) {
  const auto set = [&](const std::string& name, std::optional<std::int64_t> id) {
    if (id) keys.set(fmt::format("tokenizer.ggml.{}_token_id", name), static_cast<std::uint32_t>(*id));
  };
  const std::optional<std::int64_t> end = ids.find("eos");
  set("bos", ids.find("bos"));
  set("eos", end);
  for (const std::int64_t other : ids.ends())
    if (other != end && !keys.contains("tokenizer.ggml.eot_token_id")) set("eot", other);
  set("unknown", ids.find("unk"));
  set("padding", ids.find("pad"));
}

}  // namespace

GgufMetadata gguf_tokenizer(const fs::path& folder, std::int64_t vocab_size) {
  const fs::path file = folder / "tokenizer.json";
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(file);
  const tokenizer::Model& model = tokenizer.model();
  const GgufSplit* split = find_gguf_split(model);
  if (split == nullptr)
    user_error("{}: the way it cuts text has no name in GGUF (tokenizer.ggml.pre); known are {}", file.string(),
               known_gguf_splits());
  if (tokenizer.vocab_size() > vocab_size)
    user_error("{}: has ids up to {}, but the model's vocab_size is {}", file.string(), tokenizer.vocab_size() - 1,
               vocab_size);
  const TokenLists tokens = list_tokens(model, static_cast<std::size_t>(vocab_size));
  GgufMetadata keys;
  keys.set("tokenizer.ggml.model", std::string("gpt2"));
  keys.set("tokenizer.ggml.pre", split->pre);
  keys.set("tokenizer.ggml.tokens", weights::GgufArray(tokens.texts));
  keys.set("tokenizer.ggml.token_type", weights::GgufArray(tokens.types));
  keys.set("tokenizer.ggml.merges", weights::GgufArray(list_merges(model, tokens)));
  try {
    const FolderIds ids(folder, tokenizer);
    set_ids(ids, keys);
    keys.set("tokenizer.ggml.add_bos_token", begins_with_special(read_object(file).value("post_processor", Json())));
    set_chat_template(folder, ids.tokenizer_config(), keys);
  } catch (const Json::exception& e) {
    user_error("{}: tokenizer_config.json or generation_config.json can't be read: {}", folder.string(), e.what());
  }
  return keys;
}

}  // namespace r1::cli
