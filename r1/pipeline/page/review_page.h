// The page on which a person reviews examples: one self-contained file with its own script and style. What the
// decisions mean is stages/review.h's matter.
#pragma once

#include <string>
#include <vector>

#include "r1/pipeline/stages/sft_records.h"

namespace r1::pipeline {

/// The whole document. Examples are embedded as JSON in which no "<" is left, so no text can end the element.
std::string review_html(const std::vector<SftRecord>& records, const std::string& title);

/// The page's script and style sheet (review_script.cc, review_style.cc).
const char* review_script();
const char* review_style();

}  // namespace r1::pipeline
