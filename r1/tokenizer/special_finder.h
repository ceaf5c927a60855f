// Finds special and added tokens written in text: the leftmost first, of those the longest.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {

class SpecialFinder {
 public:
  explicit SpecialFinder(const Model& model) {
    for (const auto* list : {&model.special_tokens, &model.added_tokens})
      for (const auto& [text, id] : *list)
        by_first_byte_[static_cast<std::uint8_t>(text.front())].push_back({text, id});
    for (auto& candidates : by_first_byte_)
      std::sort(candidates.begin(), candidates.end(),
                [](const auto& a, const auto& b) { return a.text.size() > b.text.size(); });
  }

  /// From left to right: on_text(text between special tokens, never empty) and on_special(id).
  template <class OnText, class OnSpecial>
  void cut(std::string_view text, OnText&& on_text, OnSpecial&& on_special) const {
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
      const Special* special = starting_at(text, at);
      if (special == nullptr) {
        ++at;
        continue;
      }
      if (at > done) on_text(text.substr(done, at - done));
      on_special(special->id);
      at = done = at + special->text.size();
    }
    if (done < text.size()) on_text(text.substr(done));
  }

 private:
  struct Special {
    std::string text;
    std::int32_t id;
  };
  const Special* starting_at(std::string_view text, std::size_t at) const {
    for (const Special& special : by_first_byte_[static_cast<std::uint8_t>(text[at])])
      if (text.substr(at, special.text.size()) == special.text) return &special;
    return nullptr;
  }
  std::array<std::vector<Special>, 256> by_first_byte_;
};

}  // namespace r1::tokenizer
