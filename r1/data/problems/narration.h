// Reasoning in words: steps joined by connectives of a language instead of ";". Connectives carry no content: the steps
// are the same in every language.
//   en     first 11+5+9 then 16+9 so 25        zh     先11+5+9再16+9所以25
//   mixed  first 11+5+9再16+9 so 25            (word by word, as R1-Zero mixes them)
// English words stand between blanks, Chinese ones between nothing, so that each is one piece of the pre-tokenizer and
// becomes one token. Which steps there are is the generators' matter, tags are corpus.h's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "r1/core/rng.h"

namespace r1::data {

struct Narration {
  std::string language = "en";  // of the connectives: en | zh
  bool mixed = false;  // each connective's language is drawn; at least one is not in `language`
  double foreign_share = 0.5;  // of a mixed text's connectives: how often the other language is drawn
  bool concluded = true;  // the last step is the conclusion ("so"); false: the reasoning was cut off
  std::optional<std::size_t> retry = std::nullopt;  // steps[retry] (retry >= 1) corrects the step before it: "wait"
};

/// The steps in words. `rng` is read when `mixed` only. UserError for a language that is neither en nor zh.
std::string narrate(const std::vector<std::string>& steps, const Narration& narration, core::Rng& rng);

/// What announces a second thought: "wait", "等等".
std::vector<std::string> reflection_words();

}  // namespace r1::data
