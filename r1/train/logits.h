// What a model says about given token ids, as one safetensors file: for comparing r1 with other programs number by
// number. The trainer's own forward, one sequence at a time; nothing is sampled and nothing is updated. No torch type
// in this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "r1/core/config.h"

namespace r1::train {

struct LogitsConfig {
  std::string ids;            // JSON file: a list of lists of token ids
  std::string out;            // safetensors file to write
  bool grads = false;         // the gradient of the loss too
  std::string adapter = {};   // folder of an adapter of the model; empty: none
  std::string dtype = "f32";  // of weights and activations: f32 | bf16 | f64
};
void fields(core::FieldVisitor& v, LogitsConfig& c);

struct LogitsReport {
  std::int64_t sequences = 0, tokens = 0;
  std::int64_t predicted = 0;  // tokens that follow another one
  double loss = 0.0;           // mean -log p over the predicted tokens of all sequences
};

/// Runs the model of the folder `model` on every list I = 0, 1, ... of config.ids and writes, T being its length,
///   logits.I [T, V] and logprobs.I [T - 1] (of ids 1..T-1), float32 (float64 for a model in f64);
///   loss [] float64: mean -log p over the predicted tokens of all lists;
///   with `grads` also grad.NAME for every trained parameter: d loss / d NAME, in the parameter's dtype, under the
///   names on disk (experts one by one); zeros where the loss does not reach it (MTP modules, experts no token was sent
///   to). A router's selection bias is not trained and has none. With an adapter its parameters alone are trained, and
///   NAME is PEFT's (model/adapter.h). Virtual tokens stand in front of each list and have no logits in the file.
/// UserError for ids that are no JSON list of lists of ids of the vocabulary, empty or too long lists, or when no list
/// has two ids.
LogitsReport write_logits(const std::filesystem::path& model, const LogitsConfig& config);

}  // namespace r1::train
