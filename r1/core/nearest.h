// "Did you mean ...?": the known word nearest to a mistyped one, by edit distance. For configuration keys, verbs, stage
// names. It is no search: a word that is far from every known one has no nearest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace r1::core {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the smallest distance (the first of equals), or "" when none is within a third of the word's
/// length (at least 2 edits).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace r1::core
