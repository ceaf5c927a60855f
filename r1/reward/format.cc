// The template check of format.h by plain searching: no regular expression, so no input can make it slow.
#include "r1/reward/format.h"

#include <cstddef>

#include "r1/reward/extract.h"

namespace r1::reward {
namespace {

std::size_t count_of(std::string_view text, std::string_view tag) {
  std::size_t count = 0;
  for (std::size_t at = text.find(tag); at != std::string_view::npos; at = text.find(tag, at + tag.size())) ++count;
  return count;
}

// Removes white space, then `tag`, from the front of `rest`; false when something else stands there.
bool take_tag(std::string_view& rest, std::string_view tag) {
  rest = trim(rest);
  if (!rest.starts_with(tag)) return false;
  rest.remove_prefix(tag.size());
  return true;
}

bool is_strict(std::string_view rest, bool think_opened) {
  const std::size_t expected_opens = think_opened ? 0 : 1;
  if (count_of(rest, kThinkOpen) != expected_opens || count_of(rest, kThinkClose) != 1) return false;
  if (count_of(rest, kAnswerOpen) != 1 || count_of(rest, kAnswerClose) != 1) return false;
  if (!think_opened && !take_tag(rest, kThinkOpen)) return false;
  // Everything up to </think> is reasoning unless an answer tag lies inside it: then <answer> is missing behind it.
  rest.remove_prefix(rest.find(kThinkClose));
  rest.remove_prefix(kThinkClose.size());
  if (!take_tag(rest, kAnswerOpen)) return false;
  const std::size_t close = rest.find(kAnswerClose);
  return close != std::string_view::npos && trim(rest.substr(close + kAnswerClose.size())).empty();
}

}  // namespace

FormatCheck check_format(std::string_view completion, bool think_opened) {
  FormatCheck check;
  check.strict = is_strict(completion, think_opened);
  check.has_answer = last_tag_content(completion, kAnswerOpen, kAnswerClose).has_value();
  const std::size_t close = completion.find(kThinkClose);
  if (close != std::string_view::npos) {
    const std::string_view before = completion.substr(0, close);
    const std::size_t open = before.rfind(kThinkOpen);
    if (open != std::string_view::npos) check.has_think = !trim(before.substr(open + kThinkOpen.size())).empty();
    if (open == std::string_view::npos && think_opened) check.has_think = !trim(before).empty();
  }
  return check;
}

}  // namespace r1::reward
