// Kinds self_cognition, writing and advice: open questions, judged by a rubric. Every good form holds every point.
#include <fmt/format.h>

#include <array>

#include "r1/data/general/draft.h"

namespace r1::data {
namespace {

/// A question about the assistant itself.
struct Topic {
  const char* name;
  std::array<const char*, 4> ask_en;
  std::array<const char*, 3> ask_zh;
  std::array<const char*, 2> good_en;
  std::array<const char*, 2> good_zh;
  std::array<const char*, 2> points_en;
  std::array<const char*, 2> points_zh;
};

const std::array<Topic, 5> kTopics = {{
    {"name",
     {"Who are you?", "What is your name?", "Tell me your name.", "What are you called?"},
     {"你是谁？", "你叫什么？", "说出你的名字。"},
     {"I am R1, made by the R1++ project.", "My name is R1, I am from the R1++ project."},
     {"我是R1，R1++项目做的。", "我叫R1，是R1++项目的。"},
     {"R1", "R1++ project"},
     {"R1", "R1++项目"}},
    {"maker",
     {"Who made you?", "Who built you?", "Tell me who made you.", "What project made you?"},
     {"谁做了你？", "你是谁做的？", "你是什么项目？"},
     {"The R1++ project made me, I am R1.", "I am R1, and the R1++ project made me."},
     {"R1++项目做了我，我是R1。", "我是R1，R1++项目做的。"},
     {"I am R1", "R1++ project"},
     {"我是R1", "R1++项目"}},
    {"kind",
     {"Are you a person?", "What kind of thing are you?", "Are you a cat or a person?", "Do you have legs?"},
     {"你是人吗？", "你是什么东西？", "你有腿吗？"},
     {"I am R1, a language model.", "No, I am a language model called R1."},
     {"我是R1，语言模型。", "不，我是语言模型，叫R1。"},
     {"R1", "a language model"},
     {"R1", "语言模型"}},
    {"ability",
     {"What can you do?", "How can you help me?", "Tell me what you can do.", "What do you do?"},
     {"你能做什么？", "你能帮我做什么？", "你会什么？"},
     {"I can answer a question, count and translate.", "I help you, I count and answer a question."},
     {"我能数数，也能答问题。", "我帮你答问题，也能数数。"},
     {"answer a question", "count"},
     {"答问题", "数数"}},
    {"languages",
     {"What languages do you know?", "Do you know Chinese?", "Can you say it in English?", "Tell me your languages."},
     {"你会什么语言？", "你会中文吗？", "你会英文吗？"},
     {"I know English and Chinese.", "Yes, I know Chinese and English."},
     {"我会中文和英文。", "是，我会英文和中文。"},
     {"English", "Chinese"},
     {"中文", "英文"}},
}};

/// Sentences about someone else.
constexpr std::array<Bilingual, 4> kSomeoneElse = {
    {{"I am a person, made by you.", "我是一个人，是你做的。"},
     {"My name is Cat, I am from the sea.", "我叫猫，我是大海的。"},
     {"I am a big dog, I have 4 legs.", "我是大狗，有4条腿。"},
     {"You are who you are, and I am a person.", "你是你，我是一个人。"}}};

/// What one writes about: a thing and two things to say of it.
struct Theme {
  Bilingual thing;
  Bilingual first;
  Bilingual second;
};
constexpr std::array<Theme, 8> kThemes = {{{{"sea", "海"}, {"blue", "蓝"}, {"big", "大"}},
                                           {{"snow", "雪"}, {"white", "白"}, {"cold", "冷"}},
                                           {{"sun", "太阳"}, {"yellow", "黄"}, {"hot", "热"}},
                                           {{"night", "夜"}, {"black", "黑"}, {"cold", "冷"}},
                                           {{"horse", "马"}, {"big", "大"}, {"fast", "快"}},
                                           {{"cat", "猫"}, {"small", "小"}, {"fast", "快"}},
                                           {{"fish", "鱼"}, {"small", "小"}, {"cold", "冷"}},
                                           {{"grass", "草"}, {"green", "绿"}, {"new", "新"}}}};

/// What one writes: how it is called, two ways of doing it, and what marks it.
struct Genre {
  Bilingual name;
  std::array<Bilingual, 2> good;
  Bilingual mark;
};
const std::array<Genre, 3> kGenres = {{
    {{"line", "一句话"},
     {{{"I love the {0}, so {1} and {2}.", "我爱{0}，{1}，也{2}。"},
       {"How I love the {1} {0}, it is {2}.", "我爱{1}的{0}，它{2}。"}}},
     {"I love", "我爱"}},
    {{"poem", "一首诗"},
     {{{"O {0}, so {1}, so {2}!", "啊，{0}，好{1}，好{2}！"},
       {"O {1} {0}, how {2} you are!", "啊，{1}的{0}，好{2}！"}}},
     {"O", "啊"}},
    {{"story", "一个故事"},
     {{{"One day the {0} was {1} and {2}.", "有一天，{0}{1}，也{2}。"},
       {"One day I saw the {1} {0}, it was {2}.", "有一天，{1}的{0}好{2}。"}}},
     {"One day", "有一天"}},
}};

std::string write(const Genre& genre, const Theme& theme, const std::string& language, core::Rng& rng) {
  return fill(draw_one(genre.good, rng).in(language),
              {theme.thing.in(language), theme.first.in(language), theme.second.in(language)});
}

/// A state, what to do about it, and the two words of the advice that count.
struct Need {
  Bilingual state;
  Bilingual act;
  std::array<Bilingual, 2> points;
};
constexpr std::array<Need, 8> kNeeds = {{
    {{"tired", "累"}, {"sleep and rest", "睡觉休息"}, {{{"sleep", "睡"}, {"rest", "休息"}}}},
    {{"hungry", "饿"}, {"eat some food", "吃点东西"}, {{{"eat", "吃"}, {"food", "东西"}}}},
    {{"thirsty", "渴"}, {"drink some water", "喝点水"}, {{{"drink", "喝"}, {"water", "水"}}}},
    {{"sad", "伤心"}, {"ask a friend", "找朋友说说"}, {{{"ask", "找"}, {"friend", "朋友"}}}},
    {{"sick", "病"}, {"see a doctor", "看医生"}, {{{"see", "看"}, {"doctor", "医生"}}}},
    {{"lost", "迷路"}, {"ask for the way", "问路"}, {{{"ask", "问"}, {"way", "路"}}}},
    {{"cold", "冷"}, {"take a coat", "穿大衣"}, {{{"take", "穿"}, {"coat", "衣"}}}},
    {{"bored", "无聊"}, {"read a book", "看书"}, {{{"read", "看"}, {"book", "书"}}}},
}};
constexpr std::array<Bilingual, 3> kAdvice = {{{"You can {0}, and you feel good soon.", "你可以{0}，就好了。"},
                                               {"I am sorry. Please {0} now.", "别急，{0}吧。"},
                                               {"It helps to {0}, I know.", "我说，{0}，会好的。"}}};

std::string advise(const Need& need, const std::string& language, core::Rng& rng) {
  return fill(draw_one(kAdvice, rng).in(language), {need.act.in(language)});
}

/// Another item of the list than `item`.
template <class List, class Item>
auto& draw_other(const List& list, const Item& item, core::Rng& rng) {
  const auto at = static_cast<std::size_t>(&item - list.data());
  return list[(at + 1 + rng.below(list.size() - 1)) % list.size()];
}

}  // namespace

ChatDraft draft_self_cognition(const std::string& language, core::Rng& rng) {
  const bool chinese = language == "zh";
  const Topic& topic = draw_one(kTopics, rng);
  ChatDraft draft;
  draft.fact = topic.name;
  ask(draft, {topic.ask_en, topic.ask_zh}, language, {}, rng);
  draft.good = draw_one(chinese ? topic.good_zh : topic.good_en, rng);
  const auto& points = chinese ? topic.points_zh : topic.points_en;
  draft.points = {points.begin(), points.end()};
  draft.avoid = chinese ? std::vector<std::string>{"我是一个人", "叫猫", "大狗"}
                        : std::vector<std::string>{"I am a person", "Cat", "dog"};
  draft.bad = unhelpful(language, chinese ? "你" : "you", draw_one(kSomeoneElse, rng).in(language), rng);
  return draft;
}

ChatDraft draft_writing(const std::string& language, core::Rng& rng) {
  static constexpr std::array<const char*, 2> kEn = {"Write a {0} about the {1}.", "I want a {0} about the {1}."};
  static constexpr std::array<const char*, 2> kZh = {"写{0}，关于{1}。", "我要{0}，关于{1}。"};
  const Theme& theme = draw_one(kThemes, rng);
  const Genre& genre = draw_one(kGenres, rng);
  ChatDraft draft;
  draft.fact = fmt::format("{}-{}", genre.name.en, theme.thing.en);
  ask(draft, {kEn, kZh}, language, {genre.name.in(language), theme.thing.in(language)}, rng);
  draft.good = write(genre, theme, language, rng);
  draft.points = {genre.mark.in(language), theme.thing.in(language), theme.first.in(language),
                  theme.second.in(language)};
  draft.avoid = {language == "zh" ? "我不知道" : "I do not know"};
  const Theme& other = draw_other(kThemes, theme, rng);
  draft.bad =
      unhelpful(language, theme.thing.in(language), write(draw_other(kGenres, genre, rng), other, language, rng), rng);
  return draft;
}

ChatDraft draft_advice(const std::string& language, core::Rng& rng) {
  static constexpr std::array<const char*, 4> kEn = {"I am {0}. What can I do?", "Help me, I am {0}.",
                                                     "What helps when I am {0}?", "I feel {0}, so what now?"};
  static constexpr std::array<const char*, 3> kZh = {"我{0}了，怎么做？", "帮帮我，我{0}了。", "{0}了怎么好？"};
  const Need& need = draw_one(kNeeds, rng);
  ChatDraft draft;
  draft.fact = need.state.en;
  ask(draft, {kEn, kZh}, language, {need.state.in(language)}, rng);
  draft.good = advise(need, language, rng);
  for (const Bilingual& point : need.points) draft.points.emplace_back(point.in(language));
  draft.avoid = {language == "zh" ? "我不知道" : "I do not know"};
  const std::string off_topic = advise(draw_other(kNeeds, need, rng), language, rng);
  draft.bad = unhelpful(language, need.state.in(language), off_topic, rng);
  return draft;
}

}  // namespace r1::data
