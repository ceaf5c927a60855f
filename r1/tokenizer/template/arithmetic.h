// + - * / // % ** ~ and signs, as Python computes: true division gives a float, // and % round down, bool counts as
// int. No printf-style % of texts. Integers that leave 64 bits are an error.
#pragma once

#include <string>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

/// `operation` as written: "+", "-", "*", "/", "//", "%" or "**".
Value arithmetic(Limits& limits, const std::string& operation, const Value& left, const Value& right);
Value negated(const Value& value);
Value positive(const Value& value);
/// a ~ b ~ c: their texts, one behind the other. Not even a Markup escapes others here, unlike +.
Value concatenated(Limits& limits, const Values& parts);

}  // namespace r1::tokenizer::jinja
