// Kind knowledge: facts of five groups, each asked in several phrasings of both languages. Wrong answers are other
// answers of the same group.
#include <fmt/format.h>

#include <array>

#include "r1/data/general/draft.h"

namespace r1::data {
namespace {

struct Fact {
  Bilingual subject;
  Bilingual answer;
};

struct Group {
  const char* name;
  std::array<const char*, 3> en;
  std::array<const char*, 3> zh;
  std::span<const Fact> facts;
};

constexpr std::array<Fact, 4> kCapitals = {{{{"France", "法国"}, {"Paris", "巴黎"}},
                                            {{"Japan", "日本"}, {"Tokyo", "东京"}},
                                            {{"China", "中国"}, {"Beijing", "北京"}},
                                            {{"Italy", "意大利"}, {"Rome", "罗马"}}}};
constexpr std::array<Fact, 10> kColours = {{{{"sky", "天"}, {"blue", "蓝"}},
                                            {{"sea", "海"}, {"blue", "蓝"}},
                                            {{"grass", "草"}, {"green", "绿"}},
                                            {{"leaf", "叶"}, {"green", "绿"}},
                                            {{"snow", "雪"}, {"white", "白"}},
                                            {{"milk", "奶"}, {"white", "白"}},
                                            {{"sun", "太阳"}, {"yellow", "黄"}},
                                            {{"gold", "金"}, {"yellow", "黄"}},
                                            {{"night", "夜"}, {"black", "黑"}},
                                            {{"fire", "火"}, {"red", "红"}}}};
constexpr std::array<Fact, 9> kLegs = {{{{"cat", "猫"}, {"4", "4"}},
                                        {{"dog", "狗"}, {"4", "4"}},
                                        {{"cow", "牛"}, {"4", "4"}},
                                        {{"horse", "马"}, {"4", "4"}},
                                        {{"pig", "猪"}, {"4", "4"}},
                                        {{"bird", "鸟"}, {"2", "2"}},
                                        {{"duck", "鸭"}, {"2", "2"}},
                                        {{"fish", "鱼"}, {"0", "0"}},
                                        {{"bee", "蜂"}, {"6", "6"}}}};
constexpr std::array<Fact, 4> kSounds = {{{{"cat", "猫"}, {"meow", "meow"}},
                                          {{"dog", "狗"}, {"woof", "woof"}},
                                          {{"cow", "牛"}, {"moo", "moo"}},
                                          {{"duck", "鸭"}, {"quack", "quack"}}}};
constexpr std::array<Fact, 12> kOpposites = {{{{"big", "大"}, {"small", "小"}},
                                              {{"small", "小"}, {"big", "大"}},
                                              {{"fast", "快"}, {"slow", "慢"}},
                                              {{"slow", "慢"}, {"fast", "快"}},
                                              {{"hot", "热"}, {"cold", "冷"}},
                                              {{"cold", "冷"}, {"hot", "热"}},
                                              {{"up", "上"}, {"down", "下"}},
                                              {{"down", "下"}, {"up", "上"}},
                                              {{"old", "旧"}, {"new", "新"}},
                                              {{"new", "新"}, {"old", "旧"}},
                                              {{"yes", "是"}, {"no", "不"}},
                                              {{"no", "不"}, {"yes", "是"}}}};

const std::array<Group, 5> kGroups = {{
    {"capital",
     {"What is the capital of {0}?", "Name the capital of {0}.", "{0} has what capital?"},
     {"{0}的首都是什么？", "说出{0}的首都。", "{0}首都叫什么？"},
     kCapitals},
    {"colour",
     {"What colour is the {0}?", "Name the colour of the {0}.", "The {0} has what colour?"},
     {"{0}是什么颜色？", "说出{0}的颜色。", "{0}的颜色叫什么？"},
     kColours},
    {"legs",
     {"How many legs has a {0}?", "Count the legs of a {0}.", "A {0} has how many legs?"},
     {"{0}有几条腿？", "数{0}的腿。", "{0}的腿有几条？"},
     kLegs},
    {"sound",
     {"What does a {0} say?", "Name the sound of a {0}.", "A {0} has what sound?"},
     {"{0}怎么叫？", "说出{0}的叫声。", "{0}的叫声是什么？"},
     kSounds},
    {"opposite",
     {"What is the opposite of {0}?", "Name the opposite of {0}.", "{0} has what opposite?"},
     {"{0}的反义词是什么？", "说出{0}的反义词。", "{0}的反义词叫什么？"},
     kOpposites},
}};

constexpr std::size_t kNumFacts =
    kCapitals.size() + kColours.size() + kLegs.size() + kSounds.size() + kOpposites.size();

}  // namespace

ChatDraft draft_knowledge(const std::string& language, core::Rng& rng) {
  std::size_t at = rng.below(kNumFacts);
  const Group* group = kGroups.data();
  for (; at >= group->facts.size(); ++group) at -= group->facts.size();
  const Fact& fact = group->facts[at];
  ChatDraft draft;
  draft.fact = fmt::format("{}-{}", group->name, fact.subject.en);
  ask(draft, {group->en, group->zh}, language, {fact.subject.in(language)}, rng);
  draft.good = fact.answer.in(language);
  do {
    draft.bad = draw_one(group->facts, rng).answer.in(language);
  } while (draft.bad == draft.good);
  return draft;
}

}  // namespace r1::data
