// ==, <, in and the lookup in a dict, as Python compares: numbers across their kinds, texts by code points, sequences
// item by item.
#pragma once

#include <string>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

bool equal(Limits& limits, const Value& a, const Value& b);
/// TemplateError for kinds without an order between them.
bool less(Limits& limits, const Value& a, const Value& b);
/// `item in container`. TemplateError where Python raises TypeError.
bool contains(Limits& limits, const Value& container, const Value& item);
/// nullptr when the key is not there.
const Value* find_key(Limits& limits, const Dict& dict, const Value& key);
/// Whether Python can hash it (a dict's key must be).
bool hashable(const Value& value);

/// A comparison as written: "==", "!=", "<", "<=", ">", ">=", "in", "not in".
bool compare(Limits& limits, const std::string& comparison, const Value& left, const Value& right);

}  // namespace r1::tokenizer::jinja
