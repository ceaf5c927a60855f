// The tests of Jinja (value is name). None of this tests r1.
#include <algorithm>

#include "r1/core/nearest.h"
#include "r1/tokenizer/template/arithmetic.h"
#include "r1/tokenizer/template/bound.h"
#include "r1/tokenizer/template/compare.h"
#include "r1/tokenizer/template/filters.h"
#include "r1/tokenizer/template/print.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

using Test = bool (*)(Limits&, const Value&, const Arguments&);
struct NamedTest {
  const char* name;
  Test holds;
};

template <Kind Wanted>
bool is_kind(Limits&, const Value& subject, const Arguments&) {
  return subject.is(Wanted);
}
template <bool Wanted>
bool is_bool(Limits&, const Value& subject, const Arguments&) {
  return subject.is(Kind::Bool) && subject.as_bool() == Wanted;
}
bool defined(Limits&, const Value& subject, const Arguments&) { return !subject.is(Kind::Undefined); }
bool number(Limits&, const Value& subject, const Arguments&) { return subject.is_number(); }
bool iterable(Limits&, const Value& subject, const Arguments&) {
  return !subject.is_number() && !subject.is(Kind::None) && !subject.is(Kind::Namespace) && !subject.is(Kind::Function);
}
bool sequence(Limits&, const Value& subject, const Arguments&) {
  return subject.is(Kind::String) || subject.is(Kind::List) || subject.is(Kind::Tuple) || subject.is(Kind::Range) ||
         subject.is(Kind::Dict) || subject.is(Kind::Undefined);
}
bool escaped(Limits&, const Value& subject, const Arguments&) { return subject.is_markup(); }

/// str.islower and isupper: cased characters, all of that case.
bool lower_case(Limits& limits, const Value& subject, const Arguments&) {
  const std::string text = to_text(limits, subject);
  return lower(text) == text && upper(text) != text;
}
bool upper_case(Limits& limits, const Value& subject, const Arguments&) {
  const std::string text = to_text(limits, subject);
  return upper(text) == text && lower(text) != text;
}

std::int64_t remainder(Limits& limits, const Value& subject, const Value& divisor) {
  const Value rest = arithmetic(limits, "%", subject, divisor);
  return rest.is(Kind::Float) ? (rest.as_double() == 0 ? 0 : (rest.as_double() == 1 ? 1 : 2)) : rest.as_integer();
}
bool odd(Limits& limits, const Value& subject, const Arguments&) {
  return remainder(limits, subject, Value::integer(2)) == 1;
}
bool even(Limits& limits, const Value& subject, const Arguments&) {
  return remainder(limits, subject, Value::integer(2)) == 0;
}
bool divisibleby(Limits& limits, const Value& subject, const Arguments& arguments) {
  return remainder(limits, subject, Bound(arguments, "divisibleby", {"num"}, 1).at(0)) == 0;
}

const Value& other(const Arguments& arguments) { return Bound(arguments, "the test", {"other"}, 1).at(0); }
bool equal_to(Limits& limits, const Value& a, const Arguments& b) { return compare(limits, "==", a, other(b)); }
bool unequal_to(Limits& limits, const Value& a, const Arguments& b) { return compare(limits, "!=", a, other(b)); }
bool less_than(Limits& limits, const Value& a, const Arguments& b) { return compare(limits, "<", a, other(b)); }
bool at_most(Limits& limits, const Value& a, const Arguments& b) { return compare(limits, "<=", a, other(b)); }
bool greater_than(Limits& limits, const Value& a, const Arguments& b) { return compare(limits, ">", a, other(b)); }
bool at_least(Limits& limits, const Value& a, const Arguments& b) { return compare(limits, ">=", a, other(b)); }
bool in(Limits& limits, const Value& a, const Arguments& b) { return compare(limits, "in", a, other(b)); }

/// Python's `is`, for the values that exist once: true, false, none, and a value itself.
bool same_as(Limits& limits, const Value& a, const Arguments& arguments) {
  const Value& b = other(arguments);
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::String)) return &a.as_text() == &b.as_text();
  if (a.is(Kind::Dict)) return &a.as_dict() == &b.as_dict();
  if (a.is(Kind::List) || a.is(Kind::Tuple)) return &a.as_sequence() == &b.as_sequence();
  return equal(limits, a, b);
}

bool names_filter(Limits& limits, const Value& subject, const Arguments&) {
  return is_filter(to_text(limits, subject));
}
bool names_test(Limits& limits, const Value& subject, const Arguments&) { return is_test(to_text(limits, subject)); }

constexpr NamedTest kTests[] = {
    {"defined", defined},
    {"undefined", is_kind<Kind::Undefined>},
    {"none", is_kind<Kind::None>},
    {"string", is_kind<Kind::String>},
    {"number", number},
    {"integer", is_kind<Kind::Int>},
    {"float", is_kind<Kind::Float>},
    {"boolean", is_kind<Kind::Bool>},
    {"true", is_bool<true>},
    {"false", is_bool<false>},
    {"mapping", is_kind<Kind::Dict>},
    {"iterable", iterable},
    {"sequence", sequence},
    {"callable", is_kind<Kind::Function>},
    {"escaped", escaped},
    {"lower", lower_case},
    {"upper", upper_case},
    {"odd", odd},
    {"even", even},
    {"divisibleby", divisibleby},
    {"==", equal_to},
    {"eq", equal_to},
    {"equalto", equal_to},
    {"!=", unequal_to},
    {"ne", unequal_to},
    {"<", less_than},
    {"lt", less_than},
    {"lessthan", less_than},
    {"<=", at_most},
    {"le", at_most},
    {">", greater_than},
    {"gt", greater_than},
    {"greaterthan", greater_than},
    {">=", at_least},
    {"ge", at_least},
    {"in", in},
    {"sameas", same_as},
    {"filter", names_filter},
    {"test", names_test},
};

Test find_test(const std::string& name) {
  const auto* found =
      std::find_if(std::begin(kTests), std::end(kTests), [&](const NamedTest& test) { return name == test.name; });
  return found == std::end(kTests) ? nullptr : found->holds;
}

}  // namespace

bool is_test(const std::string& name) { return find_test(name) != nullptr; }

bool apply_test(Limits& limits, const std::string& name, const Value& subject, const Arguments& arguments) {
  if (const Test test = find_test(name)) return test(limits, subject, arguments);
  std::vector<std::string> known;
  for (const NamedTest& test : kTests) known.emplace_back(test.name);
  const std::string near = core::nearest(name, known);
  fail("the test {} is not supported{}", name, near.empty() ? "" : "; the nearest known one is " + near);
}

}  // namespace r1::tokenizer::jinja
