// The filters (value | name(arguments)) and tests (value is name(arguments)) that chat templates use. Which exist:
// text_filters.cc, sequence_filters.cc, tests.cc. Any other name is refused when it is reached, by that name.
#pragma once

#include <span>
#include <string>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

Value apply_filter(Limits& limits, const std::string& name, const Value& subject, const Arguments& arguments);
bool apply_test(Limits& limits, const std::string& name, const Value& subject, const Arguments& arguments);

bool is_filter(const std::string& name);
bool is_test(const std::string& name);

using FilterFunction = Value (*)(Limits&, const Value&, const Arguments&);
struct NamedFilter {
  const char* name;
  FilterFunction apply;
};
std::span<const NamedFilter> text_filters();      // of texts, numbers and single values
std::span<const NamedFilter> sequence_filters();  // of what can be gone through

/// A str as it is (a Markup stays one), any other value as its text.
Value soft_text(Limits& limits, const Value& value);

}  // namespace r1::tokenizer::jinja
