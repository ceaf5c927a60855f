// Human review of examples: review.jsonl and one self-contained page, review.html, in which a person accepts, edits or
// rejects each example and saves the decisions as a file that comes back by a recipe's `review` setting. Every line of
// that file: {"id", "decision": "accept" | "edit" | "reject", "completion"}.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "r1/pipeline/stages/sft_records.h"

namespace r1::pipeline {

/// Writes directory/review.jsonl and directory/review.html.
void write_review(const std::vector<SftRecord>& records, const std::string& title,
                  const std::filesystem::path& directory);

struct ReviewCounts {
  std::int64_t accepted = 0, edited = 0, rejected = 0;
};

/// Applies decisions: rejected records go, edited ones get their new completion; a record without a decision is
/// accepted. UserError "file:line: ..." on a decision that can't be read or names no record.
ReviewCounts apply_review(const std::filesystem::path& file, std::vector<SftRecord>& records);

}  // namespace r1::pipeline
