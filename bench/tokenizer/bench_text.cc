// Generated words are Zipf-like syllables, numbers, Chinese and a line of code; real text is repeated with letters
// changed. It measures nothing itself.
#include "tokenizer/bench_text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "r1/core/fs.h"
#include "r1/core/rng.h"

namespace r1::bench {
namespace {

constexpr const char* kDataFiles[] = {"tinyshakespeare/input.txt", "wikitext2/valid.txt",       "wikitext2/test.txt",
                                      "gsm8k/train.jsonl",         "zh_math/cmath_dev.jsonl",   "zh_math/mgsm_zh.jsonl",
                                      "mbpp/mbpp.jsonl",           "humaneval/HumanEval.jsonl", "openstax_ccby"};

std::string real_text() {
  const char* root = std::getenv("R1_DATA");
  std::string text;
  if (root == nullptr) return text;
  for (const char* name : kDataFiles) {
    const std::filesystem::path path = std::filesystem::path(root) / name;
    if (std::filesystem::is_regular_file(path)) text += core::read_file(path);
    if (!std::filesystem::is_directory(path)) continue;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".txt") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) text += core::read_file(file);
  }
  return text;
}

std::string generated_word(core::Rng& rng) {
  std::string word;
  const std::uint64_t kind = rng.below(20);
  if (kind == 0) return std::to_string(rng.below(100000));
  if (kind == 1) {
    for (std::uint64_t i = 2 + rng.below(10); i > 0; --i) {  // U+4E00..U+51FF, common Chinese characters
      const std::uint64_t code = 0x4E00 + rng.below(1 + rng.below(0x400));
      word += static_cast<char>(0xE0 | code >> 12);
      word += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      word += static_cast<char>(0x80 | (code & 0x3F));
    }
    return word;
  }
  if (kind == 2) return "if (x[i] != nullptr) {\n\treturn f(x);\n}";
  for (std::uint64_t i = 1 + rng.below(4); i > 0; --i) {
    word += "bcdfghklmnprst"[rng.below(14)];
    word += "aeiou"[rng.below(5)];
    if (rng.below(3) == 0) word += "nrst"[rng.below(4)];
  }
  return word;
}

/// Zipf-like: the lower a word's index, the more often it comes.
std::string generated_text(std::size_t bytes, core::Rng& rng) {
  std::vector<std::string> words;
  for (int i = 0; i < 200000; ++i) words.push_back(generated_word(rng));
  std::string text;
  while (text.size() < bytes) {
    text += words[rng.below(1 + rng.below(1 + rng.below(words.size())))];
    text += rng.below(12) == 0 ? ".\n" : " ";
  }
  return text;
}

/// Appends `source` with one letter in 200 changed.
void append_perturbed(const std::string& source, core::Rng& rng, std::string& text) {
  const std::size_t begin = text.size();
  text += source;
  for (std::size_t at = begin + rng.below(400); at < text.size(); at += 1 + rng.below(400))
    if (text[at] >= 'a' && text[at] <= 'z') text[at] = static_cast<char>('a' + rng.below(26));
}

}  // namespace

std::string mixed_text(std::size_t bytes) {
  core::Rng rng({.seed = 1});
  std::string text = real_text();
  if (text.empty()) {
    text = generated_text(bytes, rng);
  } else {
    const std::string source = text;
    while (text.size() < bytes) append_perturbed(source, rng, text);
  }
  text.resize(bytes);
  return text;
}

std::vector<std::string_view> documents_of(std::string_view text, std::size_t document_bytes) {
  std::vector<std::string_view> documents;
  while (!text.empty()) {
    const std::size_t line_end = text.find('\n', std::min(document_bytes, text.size()));
    const std::size_t size = line_end == std::string_view::npos ? text.size() : line_end + 1;
    documents.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return documents;
}

}  // namespace r1::bench
