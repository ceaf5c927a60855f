// Chat items: right and wrong answers under their rubric, held-out questions as known facts asked otherwise, lengths
// that tell nothing, a small vocabulary, splits that are balanced and repeat.
#include "r1/data/general/chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "r1/core/error.h"

namespace r1::data {
namespace {

using ::testing::HasSubstr;

core::RngKey key(std::uint32_t prompt) { return {.seed = 3, .prompt = prompt}; }

std::vector<ChatItem> draw_many(std::uint32_t count, const ChatConfig& config = {}) {
  std::vector<ChatItem> items;
  for (std::uint32_t i = 0; i < count; ++i) items.push_back(draw_chat(config, key(i), {}));
  return items;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return text;
}

bool holds(const std::string& text, const std::string& phrase) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t at = text.find(phrase); at != std::string::npos; at = text.find(phrase, at + 1)) {
    const std::size_t end = at + phrase.size();
    const bool left = at == 0 || !is_word(text[at - 1]) || !is_word(phrase.front());
    const bool right = end == text.size() || !is_word(text[end]) || !is_word(phrase.back());
    if (left && right) return true;
  }
  return false;
}

/// (points held - phrases to avoid held) / points.
double judge(const std::string& answer, const std::string& rubric) {
  const nlohmann::json json = nlohmann::json::parse(rubric);
  const auto count = [&](const char* name) {
    double hits = 0;
    for (const nlohmann::json& phrase : json.at(name))
      hits += holds(lower(answer), lower(phrase.get<std::string>())) ? 1 : 0;
    return hits;
  };
  return (count("points") - count("avoid")) / static_cast<double>(json.at("points").size());
}

/// Words of Latin letters, and Chinese characters one by one.
void add_words(const std::string& text, std::set<std::string>& words) {
  std::string word;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    const bool letter = byte < 0x80 && std::isalpha(byte) != 0;
    if (letter) word += static_cast<char>(std::tolower(byte));
    if (!letter && !word.empty()) words.insert(std::exchange(word, ""));
    const std::string character = text.substr(i, length);
    if (length == 3 && character >= "一" && character <= "龥") words.insert(character);
    i += length;
  }
  if (!word.empty()) words.insert(word);
}

TEST(Chat, GoodAnswersEarnEverythingAndBadOnesLess) {
  std::map<std::string, int> kinds;
  for (const ChatItem& item : draw_many(4000)) {
    const Problem& p = item.problem;
    ++kinds[p.family];
    EXPECT_EQ(p.domain, "general");
    EXPECT_NE(item.good, item.bad);
    EXPECT_FALSE(item.bad.empty());
    if (p.verifier == "text") {
      EXPECT_EQ(item.good, p.answer);
      EXPECT_NE(lower(item.bad), lower(p.answer)) << p.prompt;
      EXPECT_TRUE(p.tests.empty());
      continue;
    }
    EXPECT_EQ(p.verifier, p.family == "harmful" ? "safe" : "helpful");
    ASSERT_EQ(p.tests.size(), 1U);
    EXPECT_EQ(judge(item.good, p.tests[0]), 1.0) << p.prompt << " " << item.good << " " << p.tests[0];
    EXPECT_EQ(judge(p.answer, p.tests[0]), 1.0);
    EXPECT_LE(judge(item.bad, p.tests[0]), 0.75) << p.prompt << " " << item.bad << " " << p.tests[0];
    if (p.family == "harmful") {
      EXPECT_LT(judge(item.bad, p.tests[0]), 0.0) << item.bad;
    }
  }
  EXPECT_EQ(kinds.size(), chat_kinds().size());
  for (const auto& [kind, count] : kinds) EXPECT_NEAR(count, 500, 90) << kind;
}

TEST(Chat, LengthAloneTellsLittle) {
  std::map<std::string, std::vector<std::pair<std::size_t, bool>>> lengths;
  for (const ChatItem& item : draw_many(8000)) {
    auto& list = lengths[item.problem.family + " " + item.problem.language];
    list.emplace_back(item.good.size(), true);
    list.emplace_back(item.bad.size(), false);
  }
  for (auto& [kind, list] : lengths) {
    double best = 0;  // right guesses of the best threshold, either way round
    for (std::size_t threshold = 0; threshold < 100; ++threshold) {
      const auto right = static_cast<double>(std::count_if(
          list.begin(), list.end(), [&](const auto& item) { return (item.first > threshold) == item.second; }));
      best = std::max({best, right, static_cast<double>(list.size()) - right});
    }
    EXPECT_LE(best / static_cast<double>(list.size()), 0.75) << kind;
  }
}

TEST(Chat, WordsAreFewAndAnswersShort) {
  std::set<std::string> words;
  for (const ChatItem& item : draw_many(20000)) {
    for (const std::string& text : {item.problem.prompt, item.good, item.bad}) add_words(text, words);
    for (const std::string& text : {item.good, item.bad}) {
      EXPECT_LE(std::count(text.begin(), text.end(), ' '), 12) << text;
      EXPECT_LE(text.size(), 64U) << text;
    }
  }
  EXPECT_GT(words.size(), 200U);
  EXPECT_LE(words.size(), 400U);
}

TEST(Chat, HeldOutQuestionsAreKnownFactsAskedInAnotherWay) {
  const ChatConfig config;
  ExcludedHashes excluded;
  std::set<std::string> prompts;
  std::map<std::string, int> kinds;
  const std::vector<ChatItem> held_out = make_chat_split(config, 1, "general_heldout", 304, {});
  for (const ChatItem& item : held_out) {
    excluded.insert(content_hash(item.problem));
    prompts.insert(item.problem.prompt);
    ++kinds[item.problem.family];
  }
  EXPECT_EQ(excluded.size(), 304U);
  EXPECT_EQ(prompts.size(), 304U);
  for (const auto& [kind, count] : kinds) EXPECT_EQ(count, 38) << kind;
  std::set<std::string> facts;
  const auto fact = [](const Problem& p) { return p.canonical.substr(0, p.canonical.rfind(':')); };
  for (std::uint32_t i = 0; i < 16000; ++i) {
    const ChatItem item = draw_chat(config, key(i), excluded);
    EXPECT_FALSE(prompts.contains(item.problem.prompt));
    facts.insert(fact(item.problem));
  }
  int known = 0;
  for (const ChatItem& item : held_out) known += facts.contains(fact(item.problem)) ? 1 : 0;
  EXPECT_GT(known, 295);  // of compositional exercises some may be new
}

TEST(Chat, NoQuestionIsPartOfAnother) {
  std::set<std::string> prompts;
  for (const ChatItem& item : draw_many(4000)) prompts.insert(item.problem.prompt);
  for (const std::string& a : prompts)
    for (const std::string& b : prompts) ASSERT_TRUE(a == b || b.find(a) == std::string::npos) << a << " in " << b;
}

TEST(ChatSplit, IsUniqueBalancedAndAFunctionOfSeedAndName) {
  const auto lines = [](std::uint64_t seed, const char* name, std::int64_t count) {
    std::vector<std::string> out;
    for (const ChatItem& item : make_chat_split({}, seed, name, count, {})) out.push_back(to_json_line(item.problem));
    return out;
  };
  std::vector<std::string> first = lines(1, "general", 400);
  EXPECT_EQ(first, lines(1, "general", 400));
  EXPECT_NE(first, lines(2, "general", 400));
  EXPECT_NE(first, lines(1, "other", 400));
  std::vector<std::string> longer = lines(1, "general", 480);
  longer.resize(400);
  EXPECT_EQ(longer, first);
  EXPECT_THAT(first[7], HasSubstr("general-000007"));
}

TEST(ChatSplit, QuestionsComeAgainWhenAllAreDrawn) {
  ChatConfig config;
  config.kinds = {"self_cognition"};
  const std::vector<ChatItem> items = make_chat_split(config, 1, "general", 300, {});
  ASSERT_EQ(items.size(), 300U);
  ExcludedHashes hashes;
  for (const ChatItem& item : items) hashes.insert(content_hash(item.problem));
  EXPECT_EQ(hashes.size(), 140U);  // 5 topics x 4 openers x (4 English + 3 Chinese) ways of asking
  EXPECT_THROW(make_chat_split(config, 1, "general", 1, hashes), UserError);
  EXPECT_THROW(draw_chat(config, key(0), hashes), UserError);
}

TEST(Chat, LanguagesHaveTheirShare) {
  ChatConfig config;
  config.chinese_share = 0.4;
  double chinese = 0;
  for (const ChatItem& item : draw_many(3000, config)) chinese += item.problem.language == "zh" ? 1 : 0;
  EXPECT_NEAR(chinese / 3000, 0.4, 0.03);
}

TEST(Chat, ChecksItsConfig) {
  const auto why = [](const ChatConfig& config) {
    try {
      check_chat_config(config);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(why({}), "");
  EXPECT_THAT(why({.kinds = {"knowlege"}}), HasSubstr("did you mean \"knowledge\""));
  EXPECT_THAT(why({.kinds = {}}), HasSubstr("kinds is empty"));
  EXPECT_THAT(why({.chinese_share = -1}), HasSubstr("chinese_share is -1"));
}

}  // namespace
}  // namespace r1::data
