// r1 logits PATH: logits, log-probabilities, loss and gradients of given token ids, to compare with another program.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "r1/cli/model_folder.h"
#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/train/logits.h"

namespace r1::cli {

void add_logits_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("logits", "logits, loss and gradients of given token ids, as safetensors");
  auto config = std::make_shared<train::LogitsConfig>();
  auto model = std::make_shared<std::string>();
  verb->add_option("model", *model, "model folder (Hugging Face layout), .gguf file or adapter folder")->required();
  add_options(*verb, *config);
  verb->callback([config, model] {
    const ModelSource source = model_source(*model, config->adapter);
    config->adapter = source.adapter.string();
    const train::LogitsReport report = train::write_logits(source.folder, *config);
    fmt::print("{}: {} sequences, {} tokens, loss {:.9g} over {} predicted tokens\n", config->out, report.sequences,
               report.tokens, report.loss, report.predicted);
  });
}

}  // namespace r1::cli
