// The expressions as the families' own tokenizer files have them. GPT-2's is also what Hugging Face's ByteLevel cuts
// by.
#include "r1/tokenizer/split_patterns.h"

#include <algorithm>
#include <cctype>

#include "r1/core/error.h"

namespace r1::tokenizer {
namespace {

#define R1_CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define R1_SPACES R"(\s*[\r\n]+|\s+(?!\S)|\s+)"

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* kCl100k =
    R1_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" R1_SPACES;
constexpr const char* kQwen2 =
    R1_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" R1_SPACES;
constexpr const char* kO200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)" R1_CONTRACTIONS
    R"(?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)" R1_CONTRACTIONS
    R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" R1_SPACES;

#undef R1_CONTRACTIONS
#undef R1_SPACES

bool is_plain_word(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '_' || c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

}  // namespace

std::vector<std::string> deepseek_v3_patterns() {
  return {R"(\p{N}{1,3})", R"([一-龥぀-ゟ゠-ヿ]+)",
          R"x([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)x"
          R"x(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)x"};
}

std::vector<std::string> split_patterns(const std::string& name_or_pattern) {
  const std::string& name = name_or_pattern;
  if (name == "gpt2") return {kGpt2};
  if (name == "cl100k" || name == "llama3") return {kCl100k};
  if (name == "o200k") return {kO200k};
  if (name == "qwen2") return {kQwen2};
  if (name == "deepseek_v3" || name == "single_digits") {
    std::vector<std::string> patterns = deepseek_v3_patterns();
    if (name == "single_digits") patterns[0] = R"(\p{N})";
    return patterns;
  }
  if (is_plain_word(name))
    user_error(
        "pattern '{}': gpt2, cl100k, llama3, o200k, qwen2, deepseek_v3 and single_digits are known; or give a regular "
        "expression",
        name);
  return {name};
}

}  // namespace r1::tokenizer
