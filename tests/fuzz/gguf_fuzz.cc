// Opens a file, dequantises every tensor, and makes of its metadata what `r1 convert` makes: configuration and
// tokenizer files.
#include <ATen/core/Tensor.h>

#include <string>

#include "r1/cli/gguf_tokenizer.h"
#include "r1/model/families/deepseek_v3/gguf.h"
#include "r1/model/families/llama/gguf.h"
#include "r1/weights/gguf.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/read_bytes.h"
#include "tests/fuzz/targets.h"

namespace r1::fuzz {

void gguf(std::string_view bytes) {
  const auto file = input_file("model.gguf", bytes);
  accepted([&] {
    const weights::GgufReader reader(file);
    for (const std::string& name : reader.names()) accepted([&] { read_bytes(reader.load(name)); });
    accepted([&] { cli::tokenizer_files(reader.metadata(), file.string()); });
    accepted([&] {
      const model::LlamaGgufFacts facts = {.vocab_size = 64, .rope_factors = {1.0, 1.0, 4.0, 8.0}};
      model::to_hf_json(model::llama_from_gguf(reader.metadata(), facts, file.string()), "f32");
    });
    accepted([&] { model::to_hf_json(model::deepseek_from_gguf(reader.metadata(), 64, file.string()), "f32"); });
  });
}

}  // namespace r1::fuzz
