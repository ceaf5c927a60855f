// Counting words by script in one pass; no dictionary, no model.
#include "r1/reward/language.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "r1/core/error.h"
#include "r1/reward/extract.h"
#include "r1/reward/format.h"
#include "r1/reward/unicode.h"

namespace r1::reward {
namespace {

constexpr std::string_view kFence = "```";

/// Behind the fenced block that starts at `at`: its closing fence, or the end of the text.
std::size_t end_of_fence(std::string_view text, std::size_t at) {
  const std::size_t close = text.find(kFence, at + kFence.size());
  return close == std::string_view::npos ? text.size() : close + kFence.size();
}

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Behind the LaTeX command whose backslash stands at `at`.
std::size_t end_of_command(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && is_ascii_letter(text[at])) ++at;
  return at;
}

/// Collects letters into words; a run of one letter is a variable, no word.
class WordCounter {
 public:
  void letter(Script script) {
    if (script != run_script_) end_run();
    if (script == Script::Han) ++counts_.han;
    run_script_ = script;
    ++run_length_;
  }
  void end_run() {
    if (run_length_ > 1 && run_script_ == Script::Latin) ++counts_.latin;
    if (run_length_ > 1 && run_script_ == Script::Other) ++counts_.other;
    run_script_ = Script::None;
    run_length_ = 0;
  }
  const WordCounts& counts() const { return counts_; }

 private:
  WordCounts counts_;
  Script run_script_ = Script::None;
  std::size_t run_length_ = 0;
};

std::string_view up_to_answer(std::string_view text) { return text.substr(0, text.find(kAnswerOpen)); }

}  // namespace

std::string_view chain_of_thought(std::string_view completion) {
  if (const auto inside = last_tag_content(completion, kThinkOpen, kThinkClose)) return *inside;
  const std::size_t close = completion.rfind(kThinkClose);
  if (close != std::string_view::npos) return completion.substr(0, close);
  const std::size_t open = completion.rfind(kThinkOpen);
  if (open != std::string_view::npos) return up_to_answer(completion.substr(open + kThinkOpen.size()));
  return up_to_answer(completion);
}

WordCounts count_words(std::string_view text) {
  WordCounter counter;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at).starts_with(kFence)) {
      counter.end_run();
      at = end_of_fence(text, at);
    } else if (text[at] == '\\') {
      counter.end_run();
      at = end_of_command(text, at);
    } else {
      counter.letter(script_of(next_code_point(text, at)));
    }
  }
  counter.end_run();
  return counter.counts();
}

LanguageConsistency language_consistency(std::string_view completion, std::string_view language) {
  if (language != "en" && language != "zh")
    user_error("the language reward knows no language '{}' (known: en, zh): fix the problem's `language`", language);
  LanguageConsistency result;
  result.words = count_words(chain_of_thought(completion));
  if (result.words.total() == 0) {
    result.why = "no words in the chain of thought";
    return result;
  }
  const std::int64_t right = language == "en" ? result.words.latin : result.words.han;
  result.share = static_cast<double>(right) / static_cast<double>(result.words.total());
  if (right < result.words.total())
    result.why = fmt::format("{} of {} words are not {}", result.words.total() - right, result.words.total(), language);
  return result;
}

double language_mixing_share(std::string_view text) {
  const WordCounts words = count_words(text);
  if (words.total() == 0) return 0.0;
  const std::int64_t most = std::max({words.latin, words.han, words.other});
  return static_cast<double>(words.total() - most) / static_cast<double>(words.total());
}

}  // namespace r1::reward
