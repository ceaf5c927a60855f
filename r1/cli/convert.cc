// r1 convert IN OUT: a checkpoint into another form (convert_model.h).
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "r1/cli/convert_model.h"
#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/weights/list_tensors.h"

namespace r1::cli {

namespace {

void convert(const std::string& from, const std::string& to, const ConvertConfig& config) {
  convert_model(from, to, config);
  std::int64_t parameters = 0;
  const std::vector<weights::TensorSummary> tensors = weights::list_tensors(to);
  for (const weights::TensorSummary& tensor : tensors) parameters += tensor.num_elements();
  fmt::print("{}: {} tensors, {} parameters\n", to, tensors.size(), parameters);
}

}  // namespace

void add_convert_verb(CLI::App& program) {
  CLI::App* verb =
      program.add_subcommand("convert", "GGUF file <-> model folder, a folder in another type, an adapter merged");
  auto config = std::make_shared<ConvertConfig>();
  auto from = std::make_shared<std::string>(), to = std::make_shared<std::string>();
  verb->add_option("in", *from, "a .gguf file, a model folder (Hugging Face layout) or an adapter folder")->required();
  verb->add_option("out", *to, "a folder, or a file whose name ends with .gguf")->required();
  add_options(*verb, *config);
  verb->callback([config, from, to] { convert(*from, *to, *config); });
}

}  // namespace r1::cli
