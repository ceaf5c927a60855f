// One table (gguf_split_patterns.h). Where patterns are the same, the first name is the one written.
#include "r1/cli/gguf_split_patterns.h"

#include <fmt/format.h>

#include <algorithm>

#include "r1/tokenizer/split_patterns.h"

namespace r1::cli {

namespace {

const std::vector<GgufSplit>& table() {
  static const std::vector<GgufSplit> splits = [] {
    using tokenizer::split_patterns;
    const std::vector<std::string> gpt2 = split_patterns("gpt2"), qwen = split_patterns("qwen2");
    const std::vector<std::string> llama = split_patterns("llama3"), smol = {R"(\p{N})", gpt2.front()};
    const std::vector<std::string> coder = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", R"([一-龥ࠀ-一가-퟿]+)",
                                            R"(\p{N})"};
    return std::vector<GgufSplit>{
        {"gpt-2", gpt2},
        {"phi-2", gpt2},
        {.pre = "llama-bpe", .patterns = llama, .ignore_merges = true, .begin_by_default = true},
        {.pre = "llama3", .patterns = llama, .ignore_merges = true, .begin_by_default = true},
        {.pre = "llama-v3", .patterns = llama, .ignore_merges = true, .begin_by_default = true},
        {.pre = "qwen2", .patterns = qwen, .nfc = true},
        {"deepseek-r1-qwen", qwen},
        {"deepseek-v3", tokenizer::deepseek_v3_patterns()},
        {"deepseek-coder", coder},
        {"smollm", smol},
        {"starcoder", smol},
    };
  }();
  return splits;
}

}  // namespace

const GgufSplit* find_gguf_split(const std::string& pre) {
  const auto found = std::ranges::find(table(), pre, &GgufSplit::pre);
  return found == table().end() ? nullptr : &*found;
}

const GgufSplit* find_gguf_split(const tokenizer::Model& model) {
  const auto same = [&](const GgufSplit& split) {
    return split.patterns == model.split_patterns && split.ignore_merges == model.ignore_merges &&
           split.nfc == model.nfc;
  };
  const auto found = std::ranges::find_if(table(), same);
  return found == table().end() ? nullptr : &*found;
}

std::string known_gguf_splits() {
  std::string out;
  for (const GgufSplit& split : table()) out += (out.empty() ? "" : ", ") + split.pre;
  return out;
}

}  // namespace r1::cli
