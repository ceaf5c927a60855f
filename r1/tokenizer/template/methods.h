// The methods of Python's str, dict, list and tuple that templates call. Those that change their object are refused, as
// the immutable sandbox of transformers does: a list grows by `items + [item]`.
#pragma once

#include <string>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

/// Whether Python's kind has a method of that name, allowed or not: it then hides a dict's key behind the dot.
bool is_method(Kind kind, const std::string& name);

/// The method as a Function that holds its object; Undefined, with the reason, when there is none of that name.
/// `limits` must outlive it.
Value bound_method(Limits& limits, const Value& object, const std::string& name);

}  // namespace r1::tokenizer::jinja
