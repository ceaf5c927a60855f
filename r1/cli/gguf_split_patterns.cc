// One table (gguf_split_patterns.h). Where patterns are the same, the first name is the one written.
#include "r1/cli/gguf_split_patterns.h"

#include <fmt/format.h>

#include <algorithm>

#include "r1/tokenizer/bpe_trainer.h"

namespace r1::cli {

namespace {

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// Llama 3's and Qwen2's expression differ in how many digits are one piece.
std::string with_digits(const std::string& digits) {
  return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)" + digits +
         R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

const std::vector<GgufSplit>& table() {
  static const std::vector<GgufSplit> splits = [] {
    const std::vector<std::string> gpt2 = {kGpt2}, smol = {R"(\p{N})", kGpt2};
    const std::vector<std::string> llama = {with_digits(R"(\p{N}{1,3})")}, qwen = {with_digits(R"(\p{N})")};
    const std::vector<std::string> coder = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", R"([一-龥ࠀ-一가-퟿]+)",
                                            R"(\p{N})"};
    return std::vector<GgufSplit>{
        {"gpt-2", gpt2},
        {"phi-2", gpt2},
        {"llama-bpe", llama, true, true},
        {"llama3", llama, true, true},
        {"llama-v3", llama, true, true},
        {"qwen2", qwen},
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

const GgufSplit* find_gguf_split(const std::vector<std::string>& patterns, bool ignore_merges) {
  const auto same = [&](const GgufSplit& split) {
    return split.patterns == patterns && split.ignore_merges == ignore_merges;
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
