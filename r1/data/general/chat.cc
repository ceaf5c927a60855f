// Draws chat items: a kind, a language, the kind's draft, an opener in front. Openers are never empty and none ends in
// another, so that no question is part of another one's text.
#include "r1/data/general/chat.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "r1/core/error.h"
#include "r1/core/hash.h"
#include "r1/core/log.h"
#include "r1/core/nearest.h"
#include "r1/data/general/draft.h"
#include "r1/data/json_record.h"

namespace r1::data {
namespace {

constexpr std::uint32_t kMaxRedraws = 1000;

struct Kind {
  const char* name;
  const char* verifier;
  DraftFunction draft;
};
constexpr std::array<Kind, 8> kKinds = {{{"knowledge", "text", draft_knowledge},
                                         {"translation", "text", draft_translation},
                                         {"instruction", "text", draft_instruction},
                                         {"self_cognition", "helpful", draft_self_cognition},
                                         {"writing", "helpful", draft_writing},
                                         {"advice", "helpful", draft_advice},
                                         {"borderline", "helpful", draft_borderline},
                                         {"harmful", "safe", draft_harmful}}};

constexpr std::array<Bilingual, 4> kOpeners = {
    {{"Hi. ", "你好。"}, {"Q: ", "问："}, {"Please: ", "请："}, {"So, ", "那么，"}}};

const Kind& find_kind(const std::string& name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return name == kind.name; });
  if (found != kKinds.end()) return *found;
  const std::string near = core::nearest(name, chat_kinds());
  if (!near.empty()) user_error("kinds: there is no kind of chat \"{}\"; did you mean \"{}\"?", name, near);
  user_error("kinds: there is no kind of chat \"{}\"; there are {}", name, fmt::join(chat_kinds(), ", "));
}

std::string rubric(const ChatDraft& draft) {
  return dump_record(nlohmann::ordered_json{{"points", draft.points}, {"avoid", draft.avoid}});
}

ChatItem draw_item(const Kind& kind, double chinese_share, const core::RngKey& key) {
  core::Rng rng(key);
  const std::string language = rng.uniform() < chinese_share ? "zh" : "en";
  const std::size_t opener = rng.below(kOpeners.size());
  ChatDraft draft = kind.draft(language, rng);
  ChatItem item;
  item.problem.domain = "general";
  item.problem.family = kind.name;
  item.problem.prompt = kOpeners[opener].in(language) + draft.prompt;
  item.problem.answer = draft.good;
  item.problem.verifier = kind.verifier;
  item.problem.language = language;
  if (!draft.points.empty()) item.problem.tests = {rubric(draft)};
  item.problem.source = "generator";
  item.problem.canonical = fmt::format("{}:{}:{}{}.{}", kind.name, draft.fact, language, opener, draft.phrasing);
  item.good = std::move(draft.good);
  item.bad = std::move(draft.bad);
  return item;
}

/// The next item of one kind in a split.
struct Cell {
  const Kind* kind;
  std::uint32_t draws = 0;
  bool used_up = false;

  /// Unique as long as that works, then only not excluded.
  ChatItem draw(core::RngKey key, double chinese_share, const ExcludedHashes& excluded, ExcludedHashes& seen) {
    for (int round = used_up ? 1 : 0; round < 2; ++round) {
      for (std::uint32_t redraw = 0; redraw < kMaxRedraws; ++redraw) {
        key.sample = draws++;
        ChatItem item = draw_item(*kind, chinese_share, key);
        const std::string hash = content_hash(item.problem);
        const bool is_new = !used_up && seen.insert(hash).second;
        if (is_new || (used_up && !excluded.contains(hash))) return item;
      }
      if (!used_up) R1_LOG(warn, "chat: all questions of kind {} are drawn; they come again", kind->name);
      used_up = true;
    }
    user_error("all questions of chat kind {} are held out; hold out fewer, or add kinds", kind->name);
  }
};

}  // namespace

const std::vector<std::string>& chat_kinds() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Kind& kind : kKinds) names.emplace_back(kind.name);
    return names;
  }();
  return kNames;
}

void fields(core::FieldVisitor& v, ChatConfig& c) {
  v("kinds", c.kinds, "kinds of general chat");
  v("chinese_share", c.chinese_share, "share of questions asked in Chinese; the rest is English");
}

void check_chat_config(const ChatConfig& config) {
  if (config.kinds.empty()) user_error("kinds is empty; name at least one kind of chat");
  for (const std::string& name : config.kinds) find_kind(name);
  if (!(config.chinese_share >= 0.0 && config.chinese_share <= 1.0))
    user_error("chinese_share is {}; it must lie in [0, 1]", config.chinese_share);
}

ChatItem draw_chat(const ChatConfig& config, core::RngKey key, const ExcludedHashes& excluded) {
  key.sample = 0;
  core::Rng rng(key);
  const Kind& kind = find_kind(config.kinds[rng.below(config.kinds.size())]);
  for (key.sample = 1; key.sample <= kMaxRedraws; ++key.sample) {
    ChatItem item = draw_item(kind, config.chinese_share, key);
    if (!excluded.contains(content_hash(item.problem))) return item;
  }
  user_error("{} draws of chat kind {} in a row were held out; hold out fewer, or add kinds", kMaxRedraws, kind.name);
}

std::vector<ChatItem> make_chat_split(const ChatConfig& config, std::uint64_t seed, const std::string& name,
                                      std::int64_t count, const ExcludedHashes& excluded) {
  check_chat_config(config);
  std::vector<Cell> cells;
  for (const std::string& kind : config.kinds) cells.push_back({&find_kind(kind)});
  ExcludedHashes seen = excluded;
  core::RngKey key{.seed = seed, .purpose = core::Purpose::Problems};
  key.step = static_cast<std::uint32_t>(core::hash64(name));
  std::vector<ChatItem> out;
  for (std::size_t i = 0; static_cast<std::int64_t>(i) < count; ++i) {
    key.prompt = static_cast<std::uint32_t>(i % cells.size());
    out.push_back(cells[i % cells.size()].draw(key, config.chinese_share, excluded, seen));
    out.back().problem.id = fmt::format("{}-{:06}", name, i);
  }
  return out;
}

}  // namespace r1::data
