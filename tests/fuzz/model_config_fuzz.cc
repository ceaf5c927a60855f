// Reads config.json as every family and for its token ids; what is accepted is written and must be accepted again.
#include <string>

#include "r1/model/families/deepseek_v3/config.h"
#include "r1/model/families/llama/config.h"
#include "r1/weights/token_ids.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/targets.h"

namespace r1::fuzz {

namespace {

/// `read` takes text and file name.
template <class Read>
void read_write_read(const Read& read, std::string_view bytes) {
  std::string written;
  if (accepted([&] { written = model::to_hf_json(read(std::string(bytes), "config.json"), "bf16"); }))
    read(written, "written config.json");
}

}  // namespace

void model_config(std::string_view bytes) {
  const auto folder = input_file("config.json", bytes).parent_path();
  accepted([&] { weights::load_token_ids(folder); });
  read_write_read(model::llama_from_hf_json, bytes);
  read_write_read(model::from_hf_json, bytes);
}

}  // namespace r1::fuzz
