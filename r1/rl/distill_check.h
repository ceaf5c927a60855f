// What soft distillation refuses before it starts: settings, sequences and vocabularies that make no sense together.
// Every failure is a UserError that opens with the stage's name.
#pragma once

#include <cstdint>

#include "r1/rl/distill.h"

namespace r1::rl {

void check_settings(const DistillConfig& config, const DistillInputs& inputs);

/// Sequences within `longest`, prompt and completion not empty, ids in [0, vocab), and, where the
/// student samples, prompts that engine.max_tokens leaves room after.
void check_sequences(const DistillConfig& config, const DistillInputs& inputs, std::int64_t vocab,
                     std::int64_t longest);

/// The tokenizer.json files of teacher and student are equal byte for byte or give every id the same text (merges and
/// split patterns may differ: ids travel, text is not tokenised again). The width of the logits is the caller's to
/// compare.
void check_same_vocabulary(const DistillInputs& inputs);

}  // namespace r1::rl
