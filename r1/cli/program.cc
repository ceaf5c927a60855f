// Verbs, exit codes, Ctrl-C. The one place where errors are caught.
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/core/nearest.h"
#include "r1/parallel/world.h"
#include "r1/pipeline/manifest.h"

namespace r1::cli {

namespace {

/// Nothing to save: whatever a stage finished is on disk already, so stopping is as safe as being killed.
extern "C" void stop(int) {
  const char text[] = "\nr1: stopped; the same command goes on from the last checkpoint\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
  _exit(130);
}

/// One line, whatever names a stranger's file has: their control bytes could move the cursor.
int fail(std::string line, int code) {
  for (char& c : line)
    if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7f) c = c == '\n' ? ' ' : '?';
  std::fprintf(stderr, "r1: %s\n", line.c_str());
  return code;
}

/// Verbs that know what to do as one of several processes (r1 launch, torchrun). Others would all do the same work and
/// write over each other.
void check_processes(const std::vector<std::string>& words) {
  if (words.empty() || words.front().starts_with("-") || words.front() == "sft" || words.front() == "launch") return;
  if (std::find(words.begin(), words.end(), "--join") != words.end()) return;  // r1 run started it
  parallel::refuse_many_processes("r1 " + words.front());
}

/// "--promt: did you mean --prompt?" for an unknown option or verb.
std::string advice(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* app = &program;
  for (const std::string& word : words) {
    std::vector<std::string> known;
    if (word.starts_with("--")) {
      const std::string name = word.substr(0, word.find('='));
      for (const CLI::Option* option : app->get_options())
        for (const std::string& candidate : option->get_lnames()) known.push_back("--" + candidate);
      const std::string near = core::nearest(name, known);
      if (app->get_option_no_throw(name) == nullptr && !near.empty()) return "; did you mean " + near + "?";
      continue;
    }
    const CLI::App* next = nullptr;
    for (const CLI::App* verb : app->get_subcommands({})) {
      known.push_back(verb->get_name());
      if (verb->get_name() == word) next = verb;
    }
    if (known.empty()) continue;
    if (next == nullptr) {
      const std::string near = core::nearest(word, known);
      return near.empty() ? "" : "; did you mean " + near + "?";
    }
    app = next;
  }
  return "";
}

}  // namespace

int run_program(int argc, char** argv) {
  std::signal(SIGINT, stop);
  std::signal(SIGTERM, stop);
  std::signal(SIGXFSZ, SIG_IGN);  // a file too large is an error of the write, with a name, not a death
  CLI::App program("r1: from raw text to a reasoning model, DeepSeek-V3 and DeepSeek-R1 as one program", "r1");
  program.set_version_flag("--version", pipeline::kCodeVersion);
  program.require_subcommand(1);
  program.fallthrough(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    check_processes(words);
    for (const auto add :
         {add_run_verb, add_chat_verb, add_generate_verb, add_eval_verb, add_sft_verb, add_convert_verb,
          add_inspect_verb, add_logits_verb, add_tokenizer_verb, add_template_verb, add_report_verb, add_launch_verb})
      add(program);
    program.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& e) {
    return program.exit(e);  // --help, --version
  } catch (const CLI::RuntimeError& e) {
    return e.get_exit_code();  // of the processes that r1 launch ran
  } catch (const CLI::ParseError& e) {
    return fail(e.what() + advice(program, words) + " (r1 --help)", 2);
  } catch (const UserError& e) {
    return fail(e.what(), 2);
  } catch (const std::exception& e) {
    return fail(e.what(), 1);
  }
}

}  // namespace r1::cli
