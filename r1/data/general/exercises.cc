// Kinds translation and instruction: compositional exercises with exactly one right answer.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "r1/data/general/draft.h"

namespace r1::data {
namespace {

/// Which words a translation exercise is about.
struct Phrase {
  std::size_t adjective;
  std::size_t animal;
  std::string in(const std::string& language) const {
    const char* first = adjectives()[adjective].in(language);
    const char* second = animals()[animal].in(language);
    return language == "zh" ? fmt::format("{}{}", first, second) : fmt::format("{} {}", first, second);
  }
};

/// Another phrase that shares one word.
Phrase slip(Phrase phrase, core::Rng& rng) {
  if (rng.below(2) == 0)
    phrase.adjective = (phrase.adjective + 1 + rng.below(adjectives().size() - 1)) % adjectives().size();
  else
    phrase.animal = (phrase.animal + 1 + rng.below(animals().size() - 1)) % animals().size();
  return phrase;
}

/// A word for exercises: an animal or a colour.
std::string draw_word(const std::string& language, core::Rng& rng) {
  const std::size_t at = rng.below(animals().size() + kNumColours);
  const Bilingual& word = at < animals().size() ? animals()[at] : adjectives()[at - animals().size()];
  return word.in(language);
}

std::string draw_other_word(const std::string& language, const std::string& word, core::Rng& rng) {
  std::string other;
  do {
    other = draw_word(language, rng);
  } while (other == word);
  return other;
}

/// A number in [low, high] that is not `number`.
std::int64_t other_number(std::int64_t number, std::int64_t low, std::int64_t high, core::Rng& rng) {
  const std::int64_t drawn = rng.between(low, high - 1);
  return drawn < number ? drawn : drawn + 1;
}

std::string join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::string repeat(const std::string& word, std::int64_t times) {
  return join(std::vector<std::string>(static_cast<std::size_t>(times), word));
}

ChatDraft draft_repeat(const std::string& language, core::Rng& rng) {
  static constexpr std::array<const char*, 3> kEn = {"Repeat {0} {1} times.", "Say {0} {1} times.",
                                                     "I want {0} {1} times."};
  static constexpr std::array<const char*, 3> kZh = {"重复{0}{1}次。", "说{1}次{0}。", "我要{1}次{0}。"};
  const std::string word = draw_word(language, rng);
  const std::int64_t times = rng.between(2, 5);
  ChatDraft draft;
  draft.fact = fmt::format("repeat-{}-{}", word, times);
  ask(draft, {kEn, kZh}, language, {word, std::to_string(times)}, rng);
  draft.good = repeat(word, times);
  draft.bad = rng.below(2) == 0 ? repeat(word, other_number(times, 1, 6, rng))
                                : repeat(draw_other_word(language, word, rng), times);
  return draft;
}

ChatDraft draft_backwards(const std::string& language, core::Rng& rng) {
  static constexpr std::array<const char*, 2> kEn = {"Say backwards: {0} {1}.", "Turn around: {0} {1}."};
  static constexpr std::array<const char*, 2> kZh = {"倒着说：{0} {1}。", "反着写：{0} {1}。"};
  const std::string first = draw_word(language, rng);
  const std::string second = draw_other_word(language, first, rng);
  ChatDraft draft;
  draft.fact = fmt::format("backwards-{}-{}", first, second);
  ask(draft, {kEn, kZh}, language, {first, second}, rng);
  draft.good = join({second, first});
  draft.bad = rng.below(2) == 0 ? join({first, second}) : join({draw_other_word(language, second, rng), first});
  return draft;
}

/// The words of a list in its one order: numbers, colours or animals.
std::string listed(std::size_t list, std::int64_t count, const std::string& language) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    if (list == 0) words.push_back(std::to_string(i + 1));
    if (list == 1) words.emplace_back(adjectives()[i].in(language));
    if (list == 2) words.emplace_back(animals()[i].in(language));
  }
  return join(words);
}

/// "List 3 colours": the first three, always in the same order, so that one answer is right.
ChatDraft draft_list(const std::string& language, core::Rng& rng) {
  static constexpr std::array<Bilingual, 3> kNames = {
      {{"numbers", "个数"}, {"colours", "种颜色"}, {"animals", "种动物"}}};
  static constexpr std::array<const char*, 3> kEn = {"List {0} {1}.", "Name {0} {1}.", "I want {0} {1}."};
  static constexpr std::array<const char*, 3> kZh = {"列出{0}{1}。", "说出{0}{1}。", "我要{0}{1}。"};
  const std::size_t list = rng.below(kNames.size());
  const std::int64_t count = rng.between(2, 5);
  ChatDraft draft;
  draft.fact = fmt::format("list-{}-{}", kNames[list].en, count);
  ask(draft, {kEn, kZh}, language, {std::to_string(count), kNames[list].in(language)}, rng);
  draft.good = listed(list, count, language);
  draft.bad = rng.below(2) == 0 ? listed(list, other_number(count, 1, 6, rng), language)
                                : listed((list + 1 + rng.below(2)) % kNames.size(), count, language);
  return draft;
}

}  // namespace

ChatDraft draft_translation(const std::string& language, core::Rng& rng) {
  static constexpr std::array<const char*, 3> kEn = {"Translate to {1}: {0}.", "Say {0} in {1}.",
                                                     "What is {0} in {1}?"};
  static constexpr std::array<const char*, 3> kZh = {"翻译成{1}：{0}。", "用{1}说{0}。", "{0}的{1}是什么？"};
  static constexpr Bilingual kEnglish{"English", "英文"};
  static constexpr Bilingual kChinese{"Chinese", "中文"};
  const Phrase phrase{rng.below(adjectives().size()), rng.below(animals().size())};
  const bool to_chinese = rng.below(2) == 0;
  const std::string from = to_chinese ? "en" : "zh";
  const std::string to = to_chinese ? "zh" : "en";
  ChatDraft draft;
  draft.fact = fmt::format("{}-{}", phrase.in("en"), to);
  ask(draft, {kEn, kZh}, language, {phrase.in(from), (to_chinese ? kChinese : kEnglish).in(language)}, rng);
  draft.good = phrase.in(to);
  draft.bad = slip(phrase, rng).in(to);
  return draft;
}

ChatDraft draft_instruction(const std::string& language, core::Rng& rng) {
  const std::uint64_t exercise = rng.below(5);
  if (exercise < 2) return draft_repeat(language, rng);
  return exercise < 4 ? draft_backwards(language, rng) : draft_list(language, rng);
}

}  // namespace r1::data
