// Loads chat templates and renders them: files, the template's variables, errors with their place.
#include "r1/tokenizer/chat_template.h"

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"
#include "r1/tokenizer/template/context.h"
#include "r1/tokenizer/template/interpreter.h"
#include "r1/tokenizer/template/parser.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer {
namespace {

using nlohmann::ordered_json;
using Names = std::vector<std::pair<std::string, jinja::Value>>;

ordered_json read_json(const std::filesystem::path& file) {
  const std::string text = core::read_file(file);
  core::check_json_depth(text, file.string());
  try {
    ordered_json root = ordered_json::parse(text);
    if (!root.is_object()) user_error("{}: it holds no JSON object", file.string());
    return root;
  } catch (const ordered_json::exception& e) {
    user_error("{}: not JSON that can be read: {}", file.string(), e.what());
  }
}

/// Every "..._token" that is a text or {"content": text}; the others (null, flags) are left out.
ChatTemplate::SpecialTokens special_tokens_of(const ordered_json& config) {
  ChatTemplate::SpecialTokens tokens;
  for (const auto& [key, value] : config.items()) {
    if (!key.ends_with("_token")) continue;
    if (value.is_string()) tokens[key] = value.get<std::string>();
    if (value.is_object() && value.contains("content") && value.at("content").is_string())
      tokens[key] = value.at("content").get<std::string>();
  }
  return tokens;
}

/// The template called `name` of a list [{"name": ..., "template": ...}, ...]; nothing when it is not there.
std::optional<std::string> named_template(const ordered_json& list, const std::string& name, const std::string& file) {
  for (const ordered_json& entry : list) {
    const bool readable = entry.is_object() && entry.contains("name") && entry.at("name").is_string() &&
                          entry.contains("template") && entry.at("template").is_string();
    if (!readable) user_error("{}: chat_template is a list, but an entry lacks a name or a template", file);
    if (entry.at("name") == name) return entry.at("template").get<std::string>();
  }
  return {};
}

jinja::Value json_value(const ordered_json& json, const char* what) {
  try {
    return jinja::from_json(json);
  } catch (const jinja::TemplateError& e) {
    user_error("{}: {}", what, e.what());
  }
}

}  // namespace

struct ChatTemplate::Source {
  Source(const std::string& text, std::string from) : where(std::move(from)) {
    if (!jinja::is_utf8(text)) user_error("{}: the chat template is not UTF-8", where);
    try {
      body = jinja::parse_template(text);
    } catch (const jinja::SyntaxError& e) {
      user_error("{}:{}: the chat template cannot be read: {}", where, e.line, e.what());
    }
  }
  std::string where;
  jinja::Body body;
};

ChatTemplate::ChatTemplate(const std::string& source, std::string where, SpecialTokens special_tokens)
    : source_(std::make_shared<const Source>(source, std::move(where))), special_tokens_(std::move(special_tokens)) {}

std::optional<ChatTemplate> ChatTemplate::load(const std::filesystem::path& folder) {
  const std::filesystem::path jinja_file = folder / "chat_template.jinja";
  const std::filesystem::path config_file = folder / "tokenizer_config.json";
  const std::filesystem::path map_file = folder / "special_tokens_map.json";
  ordered_json config = ordered_json::object();
  if (std::filesystem::exists(config_file)) config = read_json(config_file);
  SpecialTokens tokens = special_tokens_of(config);
  if (std::filesystem::exists(map_file)) tokens.merge(special_tokens_of(read_json(map_file)));

  if (std::filesystem::exists(jinja_file)) {
    ChatTemplate chat_template(core::read_file(jinja_file), jinja_file.string(), std::move(tokens));
    const std::filesystem::path tool_file = folder / "additional_chat_templates" / "tool_use.jinja";
    if (std::filesystem::exists(tool_file))
      chat_template.tool_use_ = std::make_shared<const Source>(core::read_file(tool_file), tool_file.string());
    return chat_template;
  }
  if (!config.contains("chat_template") || config.at("chat_template").is_null()) return {};
  const ordered_json& found = config.at("chat_template");
  const std::string where = config_file.string() + ": chat_template";
  if (found.is_string()) return ChatTemplate(found.get<std::string>(), where, std::move(tokens));
  if (!found.is_array()) user_error("{}: it is neither a text nor a list of named texts", where);
  const auto source = named_template(found, "default", config_file.string());
  if (!source) user_error("{}: none of the list is called default", where);
  ChatTemplate chat_template(*source, where + " default", std::move(tokens));
  if (const auto with_tools = named_template(found, "tool_use", config_file.string()))
    chat_template.tool_use_ = std::make_shared<const Source>(*with_tools, where + " tool_use");
  return chat_template;
}

std::string ChatTemplate::render(const ordered_json& messages, const Options& options) const {
  const Source& source = tool_use_ != nullptr && !options.tools.is_null() ? *tool_use_ : *source_;
  jinja::Context context{.limits = jinja::Limits(options.max_steps), .now = options.now, .namespaces = {}};
  Names names = jinja::language_functions(context);
  names.emplace_back("messages", json_value(messages, "messages"));
  names.emplace_back("tools", json_value(options.tools, "tools"));
  names.emplace_back("documents", jinja::Value());
  names.emplace_back("add_generation_prompt", jinja::Value::boolean(options.add_generation_prompt));
  for (const auto& [name, text] : special_tokens_) names.emplace_back(name, json_value(text, name.c_str()));
  if (!options.variables.is_null() && !options.variables.is_object())
    user_error("variables of a chat template: an object is needed, not {}", options.variables.type_name());
  for (const auto& [name, value] : options.variables.items()) names.emplace_back(name, json_value(value, name.c_str()));

  jinja::Interpreter interpreter(context);
  try {
    return interpreter.run(source.body, names);
  } catch (const jinja::RaisedError& e) {
    user_error("{}:{}: the chat template refuses this conversation: {}", source.where, interpreter.line(), e.what());
  } catch (const jinja::TemplateError& e) {
    user_error("{}:{}: the chat template cannot be rendered: {}", source.where, interpreter.line(), e.what());
  }
}

}  // namespace r1::tokenizer
