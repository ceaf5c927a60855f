// str.replace.
#include "r1/tokenizer/template/replace.h"

#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

/// An empty old text stands before every character and behind the last.
std::string interleaved(Limits& limits, std::string_view text, const Replacement& replacement) {
  limits.bytes(text.size() * sizeof(std::string_view));
  std::string result;
  std::int64_t left = replacement.count;
  const auto put = [&] {
    if (left == 0) return;
    --left;
    limits.bytes(replacement.new_text.size());
    result += replacement.new_text;
  };
  for (const std::string_view character : characters(text)) {
    put();
    result += character;
  }
  put();
  return result;
}

}  // namespace

std::string replaced(Limits& limits, std::string_view text, const Replacement& replacement) {
  limits.bytes(text.size());
  if (replacement.old_text.empty()) return interleaved(limits, text, replacement);
  std::string result;
  std::size_t begin = 0;
  for (std::int64_t left = replacement.count; left != 0; --left) {
    const std::size_t at = find(text, replacement.old_text, begin);
    if (at == std::string_view::npos) break;
    limits.bytes(replacement.new_text.size());
    result += text.substr(begin, at - begin);
    result += replacement.new_text;
    begin = at + replacement.old_text.size();
  }
  result += text.substr(begin);
  return result;
}

}  // namespace r1::tokenizer::jinja
