// The format reward of R1-Zero (handbook rl.md A1: reasoning inside <think> </think>, then the answer inside <answer>
// </answer>). Strict part: white space, one <think>...</think>, white space, one <answer>...</answer>, white space, and
// no other of the four tags anywhere. open-r1's public regex asks for the same order and also for line breaks inside
// the tags; R1 states none, so white space is free here. The content of the tags is not looked at (an empty <think> is
// well-formed): whether the answer can be read is the accuracy part's matter. Tags are matched exactly, in lower case.
#pragma once

#include <string_view>

namespace r1::reward {

inline constexpr std::string_view kThinkOpen = "<think>";
inline constexpr std::string_view kThinkClose = "</think>";
inline constexpr std::string_view kAnswerOpen = "<answer>";
inline constexpr std::string_view kAnswerClose = "</answer>";

/// What the text holds; the soft ones are for metrics only and earn nothing.
struct FormatCheck {
  bool strict = false;  // the whole template, the format reward's 1 or 0
  bool has_think = false;  // some <think>...</think> with something other than white space inside
  bool has_answer = false;  // some <answer>...</answer>, empty or not
};

/// Checks a completion. `think_opened`: the prompt ended with <think>, so the completion starts inside it. Linear in
/// the text.
FormatCheck check_format(std::string_view completion, bool think_opened = false);

}  // namespace r1::reward
