// r1 template render PATH: conversations through the chat template of a model folder, to standard output.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "r1/cli/json_file.h"
#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/tokenizer/chat_template.h"

namespace r1::cli {

namespace {

struct RenderConfig {
  std::string messages;
  bool add_generation_prompt = false;
  std::string tools;
  std::string variables;
};
void fields(core::FieldVisitor& v, RenderConfig& c) {
  v("messages", c.messages, "a JSON list of messages, or a .jsonl file with one a line");
  v("add_generation_prompt", c.add_generation_prompt, "end with what opens the assistant's turn");
  v("tools", c.tools, "JSON file: a list of descriptions of functions");
  v("variables", c.variables, "JSON object: further variables of the template");
}

OrderedJson variables_of(const std::string& text) {
  if (text.empty()) return nullptr;
  OrderedJson variables = OrderedJson::parse(text, nullptr, false);
  if (!variables.is_object()) user_error("--variables: a JSON object is needed, not {}", text);
  return variables;
}

void render(const std::string& folder, const RenderConfig& config) {
  if (config.messages.empty()) user_error("template render: give --messages FILE");
  const auto chat_template = tokenizer::ChatTemplate::load(folder);
  if (!chat_template)
    user_error("{}: no chat template: neither chat_template.jinja nor a chat_template in tokenizer_config.json",
               folder);
  tokenizer::ChatTemplate::Options options;
  options.add_generation_prompt = config.add_generation_prompt;
  if (!config.tools.empty()) options.tools = read_json_file(config.tools);
  if (!config.tools.empty() && !options.tools.is_array()) user_error("{}: a JSON list is needed", config.tools);
  options.variables = variables_of(config.variables);
  if (is_jsonl(config.messages)) {
    for_each_json_line(config.messages, [&](const OrderedJson& line) {
      std::printf("%s\n", OrderedJson(chat_template->render(messages_of(line), options)).dump().c_str());
    });
    return;
  }
  const OrderedJson conversation = read_json_file(config.messages);
  std::string text;
  try {
    text = chat_template->render(messages_of(conversation), options);
  } catch (const UserError& e) {
    user_error("{}: {}", config.messages, e.what());
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

void add_template_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("template", "chat templates of model folders");
  verb->require_subcommand(1);
  CLI::App* renderer = verb->add_subcommand("render", "the text of a conversation, as the model reads it");
  auto config = std::make_shared<RenderConfig>();
  auto folder = std::make_shared<std::string>();
  renderer->add_option("model", *folder, "model folder (Hugging Face layout)")->required();
  add_options(*renderer, *config);
  renderer->callback([config, folder] { render(*folder, *config); });
}

}  // namespace r1::cli
