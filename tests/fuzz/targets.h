// The readers that libFuzzer feeds: files that a stranger may send. One input is the bytes of one file; it is read as
// the program reads it, or refused by a UserError. Anything else is a finding: another exception (a failed check
// included), a crash, a leak, undefined behaviour, more than 5 s or more than 512 MB at once (tools/fuzz).
#pragma once

#include <string_view>

#include "r1/core/error.h"

namespace r1::fuzz {

/// A .safetensors file; or, where the bytes open with '{', its header alone.
void safetensors(std::string_view bytes);
/// A .gguf file: header, metadata, tensors, configuration and tokenizer.
void gguf(std::string_view bytes);
/// tokenizer.json: read, a text encoded and decoded, written again.
void tokenizer_json(std::string_view bytes);
/// A chat template's source, rendered; or, where the bytes open with '{', a tokenizer_config.json.
void chat_template(std::string_view bytes);
/// config.json of a model folder, of every family; written again.
void model_config(std::string_view bytes);

struct Target {
  const char* name;  // of its function, and of its folder in corpus/
  void (*run)(std::string_view bytes);
};

inline constexpr Target kTargets[] = {{"safetensors", safetensors},
                                      {"gguf", gguf},
                                      {"tokenizer_json", tokenizer_json},
                                      {"chat_template", chat_template},
                                      {"model_config", model_config}};

/// Calls f; whether it went through without refusing.
template <class F>
bool accepted(F&& f) {
  try {
    f();
    return true;
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace r1::fuzz
