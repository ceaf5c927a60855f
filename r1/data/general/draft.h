// What the kinds of chat.h hand to it: a question without its opener ("Hi."), with a good and a bad answer. Internal to
// r1/data/general.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "r1/core/rng.h"

namespace r1::data {

/// One text in both languages.
struct Bilingual {
  const char* en;
  const char* zh;
  const char* in(const std::string& language) const { return language == "zh" ? zh : en; }
};

struct ChatDraft {
  std::string fact;  // what is asked, free of language: "capital-france"
  std::size_t phrasing = 0;  // which way of asking
  std::string prompt;
  std::string good;
  std::string bad;
  std::vector<std::string> points;  // rubric; none: `good` is the one right answer
  std::vector<std::string> avoid;
};

/// A question of one kind in "en" or "zh"; a pure function of the arguments.
using DraftFunction = ChatDraft (*)(const std::string& language, core::Rng& rng);
ChatDraft draft_knowledge(const std::string& language, core::Rng& rng);  // knowledge.cc
ChatDraft draft_translation(const std::string& language, core::Rng& rng);  // exercises.cc
ChatDraft draft_instruction(const std::string& language, core::Rng& rng);  // exercises.cc
ChatDraft draft_self_cognition(const std::string& language, core::Rng& rng);  // talk.cc
ChatDraft draft_writing(const std::string& language, core::Rng& rng);  // talk.cc
ChatDraft draft_advice(const std::string& language, core::Rng& rng);  // talk.cc
ChatDraft draft_borderline(const std::string& language, core::Rng& rng);  // safety.cc
ChatDraft draft_harmful(const std::string& language, core::Rng& rng);  // safety.cc

// draft.cc
std::span<const Bilingual> animals();  // cat dog ...
std::span<const Bilingual> adjectives();  // six colours first, then big small fast slow
constexpr std::size_t kNumColours = 6;

/// `form` with {0}, {1} ... replaced.
std::string fill(const char* form, const std::vector<std::string>& parts);

/// Ways of asking in both languages.
struct Forms {
  std::span<const char* const> en;
  std::span<const char* const> zh;
};

/// Draws one form of the language, remembers which in draft.phrasing and fills it: the prompt.
void ask(ChatDraft& draft, const Forms& forms, const std::string& language, const std::vector<std::string>& parts,
         core::Rng& rng);

/// A useless answer: curt, evasive, `off_topic`, or `word` again and again.
std::string unhelpful(const std::string& language, const std::string& word, const std::string& off_topic,
                      core::Rng& rng);

template <class List>
auto& draw_one(List&& list, core::Rng& rng) {
  return list[rng.below(list.size())];
}

}  // namespace r1::data
