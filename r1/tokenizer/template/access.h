// What a value has: x.name, x[key], x[from:to:step]. The order of Jinja: x.name is a method first and a key second,
// x["name"] the other way round. What is not there is Undefined, not an error; an attribute of Undefined is one.
#pragma once

#include <string>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

Value get_attribute(Limits& limits, const Value& object, const std::string& name);
Value get_item(Limits& limits, const Value& object, const Value& key);

/// Each of the three is an integer or None.
struct Slice {
  Value from, to, step;
};
Value get_slice(Limits& limits, const Value& object, const Slice& slice);

}  // namespace r1::tokenizer::jinja
