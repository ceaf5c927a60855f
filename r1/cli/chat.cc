// r1 chat MODEL: a conversation in the terminal, answers streamed as they are sampled. One message a line of standard
// input, so a script can hold it too; answers go to standard output, figures to standard error.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "r1/cli/model_folder.h"
#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/rollout/engine.h"
#include "r1/serve/chat_session.h"
#include "r1/tokenizer/chat_template.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct ChatConfig {
  ChatConfig() {
    sampling.temperature = 0.7;
    sampling.top_p = 0.95;
    sampling.max_new_tokens = 1024;
  }
  std::string system;
  std::string chat_template;
  std::string adapter;
  std::int64_t max_context = 4096;
  std::int64_t seed = 1;
  rollout::SamplingConfig sampling;
  std::string numerics = "fast";
  std::string dtype = "f32";
  std::string device = "cpu";
};
void fields(core::FieldVisitor& v, ChatConfig& c) {
  v("system", c.system, "the system's message");
  v("chat_template", c.chat_template, "Jinja template in place of the folder's: a file, or the text itself");
  v("adapter", c.adapter, kAdapterHelp);
  v("max_context", c.max_context, "tokens of the whole conversation at most");
  v("seed", c.seed, "of the sampling: same seed, same conversation");
  fields(v, c.sampling);
  v("numerics", c.numerics, "exact | fast");
  v("dtype", c.dtype, "f32 | bf16");
  v("device", c.device, "cpu | cuda | auto");
}

constexpr const char* kHelp =
    "/reset          begin anew (the system's message stays)\n"
    "/system TEXT    set the system's message and begin anew; without TEXT: none\n"
    "/undo           take back the last message and its answer\n"
    "/help           this list\n"
    "/exit           end (also Ctrl-D); Ctrl-C ends an answer, or the program when there is none\n";

/// Ctrl-C: ends the answer that is being written; at the prompt, the program.
volatile std::sig_atomic_t interrupted = 0;
extern "C" void interrupt(int) { interrupted = 1; }

/// No SA_RESTART: the signal also ends a wait for input.
void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = interrupt;
  sigaction(SIGINT, &action, nullptr);
}

tokenizer::ChatTemplate load_template(const fs::path& model, const std::string& given) {
  if (!given.empty() && fs::is_regular_file(given)) return {core::read_file(given), given};
  if (!given.empty()) return {given, "--chat_template"};
  std::optional<tokenizer::ChatTemplate> loaded = tokenizer::ChatTemplate::load(model);
  if (!loaded)
    user_error("{}: the model has no chat template; give one, e.g. --chat_template '{{{{ messages[-1].content }}}}'",
               model.string());
  return *loaded;
}

void print_figures(const serve::ChatReply& reply) {
  const char* end = reply.finish_reason == rollout::FinishReason::Stop    ? ""
                    : reply.finish_reason == rollout::FinishReason::Abort ? ", stopped by you"
                                                                          : ", cut off: no room left";
  const std::int64_t later = reply.completion_tokens - 1;  // the first one is the prompt's time
  fmt::print(stderr, "[prompt {} tokens, {} of them kept, {:.2f} s; answer {} tokens", reply.prompt_tokens,
             reply.reused_tokens, reply.prompt_seconds, reply.completion_tokens);
  if (later > 0 && reply.completion_seconds > 0)
    fmt::print(stderr, ", {:.1f} tokens/s", static_cast<double>(later) / reply.completion_seconds);
  fmt::print(stderr, "{}]\n", end);
}

void answer(serve::ChatSession& session, const std::string& text) {
  interrupted = 0;
  try {
    const serve::ChatReply reply = session.say(text, [](std::string_view piece) {
      std::fwrite(piece.data(), 1, piece.size(), stdout);
      std::fflush(stdout);
      return interrupted == 0;
    });
    std::fputs("\n", stdout);
    std::fflush(stdout);
    print_figures(reply);
  } catch (const UserError& e) {
    fmt::print(stderr, "r1: {} (/reset begins anew, /undo takes the last message back)\n", e.what());
  }
  interrupted = 0;
}

/// A line that begins with '/'; false ends the conversation.
bool command(serve::ChatSession& session, const std::string& line) {
  const std::string word = line.substr(0, line.find(' '));
  const std::string rest = line.size() > word.size() ? line.substr(word.size() + 1) : "";
  if (word == "/exit" || word == "/quit") return false;
  if (word == "/reset") {
    session.reset();
  } else if (word == "/system") {
    session.set_system(rest);
  } else if (word == "/undo") {
    if (!session.undo()) fmt::print(stderr, "there is no message to take back\n");
  } else if (word == "/help") {
    fmt::print(stderr, "{}", kHelp);
  } else {
    fmt::print(stderr, "{} is no command; these are:\n{}", word, kHelp);
  }
  return true;
}

void chat(const std::string& path, const ChatConfig& config) {
  const ModelSource source = model_source(path, config.adapter);
  const fs::path& model = source.folder;
  const tokenizer::ChatTemplate chat_template = load_template(model, config.chat_template);
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(model / "tokenizer.json");
  rollout::EngineConfig engine_config;
  engine_config.max_batch = 1;
  engine_config.max_tokens = config.max_context;
  engine_config.numerics = config.numerics;
  engine_config.device = config.device;
  engine_config.reuse_prefix = true;
  rollout::Engine engine = rollout::Engine::open(model, engine_config, config.dtype, source.adapter);
  serve::ChatSession session({engine, tokenizer, chat_template}, config.sampling,
                             static_cast<std::uint64_t>(config.seed));
  session.set_system(config.system);
  const bool terminal = isatty(STDIN_FILENO) == 1;
  if (terminal) fmt::print(stderr, "{}, context {} tokens; /help lists commands\n", path, engine.max_tokens());
  catch_interrupts();
  for (std::string line;;) {
    if (terminal) fmt::print(stderr, "> ");
    if (!std::getline(std::cin, line)) break;
    if (line.starts_with('/')) {
      if (!command(session, line)) break;
    } else if (!line.empty()) {
      answer(session, line);
    }
  }
}

}  // namespace

void add_chat_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("chat", "talk with a model in the terminal");
  auto config = std::make_shared<ChatConfig>();
  auto model = std::make_shared<std::string>();
  verb->add_option("model", *model, "model folder (Hugging Face layout), .gguf file or adapter folder")->required();
  add_options(*verb, *config);
  verb->callback([config, model] { chat(*model, *config); });
}

}  // namespace r1::cli
