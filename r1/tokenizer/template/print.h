// Values as text: Python's str() and repr(), and json.dumps() for the filter tojson.
#pragma once

#include <optional>
#include <string>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

/// What {{ value }} prints. TemplateError for what Python prints by its address (iterators, functions, namespaces).
std::string to_text(Limits& limits, const Value& value);
std::string to_repr(Limits& limits, const Value& value);

/// json.dumps' arguments, with the defaults that transformers gives them.
struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // of one level; nothing: one line
  std::optional<std::string> item_separator, key_separator;  // ", " (with indent ",") and ": "
};
std::string to_json(Limits& limits, const Value& value, const JsonStyle& style);

}  // namespace r1::tokenizer::jinja
