// The verbs of r1. Each adds its sub-command to the program: options from its configuration's fields, and what to run
// when it was called. One file a verb.
#pragma once

#include <CLI/CLI.hpp>

namespace r1::cli {

void add_run_verb(CLI::App& program);
void add_generate_verb(CLI::App& program);
void add_chat_verb(CLI::App& program);
void add_eval_verb(CLI::App& program);
void add_tokenizer_verb(CLI::App& program);
void add_inspect_verb(CLI::App& program);
void add_report_verb(CLI::App& program);
void add_sft_verb(CLI::App& program);
void add_logits_verb(CLI::App& program);
void add_convert_verb(CLI::App& program);
void add_template_verb(CLI::App& program);
void add_launch_verb(CLI::App& program);

/// Parses and runs; returns the exit code: 0, 1 (a bug: Error), 2 (the user's mistake: one line on standard error).
int run_program(int argc, char** argv);

}  // namespace r1::cli
