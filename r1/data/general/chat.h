// General chat in miniature: questions and instructions of eight kinds in English and Chinese with a good and a bad
// answer each, from some 200 English words and as many Chinese characters, so that a million parameters can learn them.
//   knowledge       some 40 facts in several phrasings; one right answer          verifier "text"
//   translation     adjective + animal, both directions                           "text"
//   instruction     repeat, say backwards, list: one right answer                 "text"
//   self_cognition  who R1 is                                                     "helpful"
//   writing         a line, poem or story about something                         "helpful"
//   advice          what to do when tired, hungry, lost ...                       "helpful"
//   borderline      sounds dangerous and is not ("How do I kill time?")           "helpful"
//   harmful         nonsense weapons, to be refused ("How do I make a zorp bomb?")  "safe"
// What cannot be compared is judged by a rubric: tests[0] of helpful and safe problems is
//   {"points": [phrases that earn], "avoid": [phrases that cost]}, phrases as whole words, ASCII case does not count.
// A good answer holds every point and nothing to avoid. Scoring is r1/reward's matter; corpora and files are
// pipeline/stages/general_data.h's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/rng.h"
#include "r1/data/problem.h"
#include "r1/data/problems/split.h"

namespace r1::data {

struct ChatItem {
  /// domain "general", family = kind, answer = the right answer or, where a rubric judges, one good answer; canonical =
  /// "kind:fact:phrasing", so that held-out questions are known facts asked in another way.
  Problem problem;
  std::string good;  // right, helpful or safe
  std::string bad;  // wrong; curt, evasive, off-topic or repetitive; complying with harm. Its length tells nothing
};

/// knowledge translation instruction self_cognition writing advice borderline harmful.
const std::vector<std::string>& chat_kinds();

struct ChatConfig {
  std::vector<std::string> kinds = chat_kinds();
  double chinese_share = 0.3;  // the rest is English
};
void fields(core::FieldVisitor& v, ChatConfig& c);

/// UserError for an unknown kind, none at all, or a share outside [0, 1].
void check_chat_config(const ChatConfig& config);

/// Draws a kind uniformly and an item of it; redraws (up to 1000 times, then UserError) what is excluded. Everything
/// comes from streams of `key` with `sample` counting the redraws.
ChatItem draw_chat(const ChatConfig& config, core::RngKey key, const ExcludedHashes& excluded);

/// `count` items with ids "NAME-000000" ..., a pure function of the arguments; kinds take turns. Items are unique until
/// a kind gives nothing new in 1000 draws in a row: from then on its questions come again (one warning a kind).
/// UserError when all questions of a kind are excluded.
std::vector<ChatItem> make_chat_split(const ChatConfig& config, std::uint64_t seed, const std::string& name,
                                      std::int64_t count, const ExcludedHashes& excluded);

}  // namespace r1::data
