// Words and sentences that several kinds share.
#include "r1/data/general/draft.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace r1::data {
namespace {

constexpr std::array<Bilingual, 9> kAnimals = {{{"cat", "猫"},
                                                {"dog", "狗"},
                                                {"bird", "鸟"},
                                                {"fish", "鱼"},
                                                {"cow", "牛"},
                                                {"horse", "马"},
                                                {"duck", "鸭"},
                                                {"bee", "蜂"},
                                                {"pig", "猪"}}};
constexpr std::array<Bilingual, 10> kAdjectives = {{{"red", "红"},
                                                    {"blue", "蓝"},
                                                    {"green", "绿"},
                                                    {"white", "白"},
                                                    {"black", "黑"},
                                                    {"yellow", "黄"},
                                                    {"big", "大"},
                                                    {"small", "小"},
                                                    {"fast", "快"},
                                                    {"slow", "慢"}}};

constexpr std::array<Bilingual, 3> kCurt = {{{"ok.", "好。"}, {"Yes.", "是。"}, {"No.", "不。"}}};
constexpr std::array<Bilingual, 3> kEvasive = {{{"I do not know, you tell me what to do.", "我不知道，你说呢？"},
                                                {"That is a big question, and it is new.", "这个问题好大，也好新。"},
                                                {"So you say, and it is what it is.", "你说是，那就是吧，好。"}}};

}  // namespace

std::span<const Bilingual> animals() { return kAnimals; }
std::span<const Bilingual> adjectives() { return kAdjectives; }

std::string fill(const char* form, const std::vector<std::string>& parts) {
  fmt::dynamic_format_arg_store<fmt::format_context> arguments;
  for (const std::string& part : parts) arguments.push_back(part);
  return fmt::vformat(form, arguments);
}

void ask(ChatDraft& draft, const Forms& forms, const std::string& language, const std::vector<std::string>& parts,
         core::Rng& rng) {
  const std::span<const char* const> own = language == "zh" ? forms.zh : forms.en;
  draft.phrasing = rng.below(own.size());
  draft.prompt = fill(own[draft.phrasing], parts);
}

std::string unhelpful(const std::string& language, const std::string& word, const std::string& off_topic,
                      core::Rng& rng) {
  const std::uint64_t way = rng.below(10);
  if (way == 0) return draw_one(kCurt, rng).in(language);
  if (way < 4) return draw_one(kEvasive, rng).in(language);
  if (way < 7) return off_topic;
  const auto bytes = static_cast<std::size_t>(rng.between(20, 42));  // as long as other answers, whatever the word
  const std::size_t count = bytes / (word.size() + (language == "zh" ? 0 : 1)) + 1;
  const std::vector<std::string> words(std::min<std::size_t>(count, 8), word);
  return language == "zh" ? fmt::format("{}。", fmt::join(words, "")) : fmt::format("{}.", fmt::join(words, " "));
}

}  // namespace r1::data
