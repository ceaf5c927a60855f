// Contamination: does held-out content occur in what a model was trained on? Three exact tests: content hash (training
// problems), normalised prompt (training texts), and for countdown the sorted numbers with their target wherever a text
// lists them ("79 17 60=36", "[79, 17, 60] ... equals 36", also as the state of a search). Fuzzy overlap (n-grams) is
// not here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "r1/data/problem.h"

namespace r1::data {

struct ContaminationReport {
  std::int64_t held_out = 0;  // held-out problems
  std::int64_t problems_checked = 0;  // training problems seen
  std::int64_t texts_checked = 0;  // training texts seen
  std::int64_t matching_problems = 0;  // training problems with held-out content
  std::int64_t matching_texts = 0;  // training texts with held-out content
  std::vector<std::string> contaminated;  // ids of held-out problems met in training, in held-out order
};

class ContaminationCheck {
 public:
  /// UserError on a held-out problem without a prompt (it would be in every text).
  explicit ContaminationCheck(std::span<const Problem> held_out);
  ~ContaminationCheck();
  ContaminationCheck(ContaminationCheck&&) noexcept;
  ContaminationCheck& operator=(ContaminationCheck&&) noexcept;

  /// Whether this training problem has the content hash of a held-out one; counted in report().
  bool add_problem(const Problem& problem);
  /// Whether this training text contains a held-out prompt, case, white space and digit boundaries taken into account
  /// ("7+4=" is not in "17+4="), or a held-out countdown problem; counted in report(). Linear in the text.
  bool add_text(std::string_view text);
  ContaminationReport report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace r1::data
