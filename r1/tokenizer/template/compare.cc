// Equality, order, membership.
#include "r1/tokenizer/template/compare.h"

#include <algorithm>

#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

bool equal_items(Limits& limits, const Values& a, const Values& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!equal(limits, a[i], b[i])) return false;
  return true;
}

bool equal_dicts(Limits& limits, const Dict& a, const Dict& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = find_key(limits, b, key);
    if (other == nullptr || !equal(limits, value, *other)) return false;
  }
  return true;
}

bool equal_numbers(const Value& a, const Value& b) {
  return a.is_integer() && b.is_integer() ? a.as_integer() == b.as_integer() : a.as_double() == b.as_double();
}

}  // namespace

bool equal(Limits& limits, const Value& a, const Value& b) {
  limits.step();
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::Undefined:
    case Kind::None:
      return true;
    case Kind::String:
      limits.step(std::min(a.as_text().size(), b.as_text().size()) / 64);
      return a.as_text() == b.as_text();
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
      if (&a.as_sequence() == &b.as_sequence()) return true;
      return equal_items(limits, a.as_sequence().items, b.as_sequence().items);
    case Kind::Dict:
      return &a.as_dict() == &b.as_dict() || equal_dicts(limits, a.as_dict(), b.as_dict());
    case Kind::Iterator:
      return &a.as_sequence() == &b.as_sequence();
    case Kind::Namespace:
      return &a.as_namespace() == &b.as_namespace();
    case Kind::Function:
      return &a.as_function() == &b.as_function();
    default:
      return false;
  }
}

bool less(Limits& limits, const Value& a, const Value& b) {
  limits.step();
  if (a.is_integer() && b.is_integer()) return a.as_integer() < b.as_integer();
  if (a.is_number() && b.is_number()) return a.as_double() < b.as_double();
  for (const Value* side : {&a, &b})
    if (side->is(Kind::Undefined)) fail("{}", side->why_undefined());
  if (a.is(Kind::String) && b.is(Kind::String)) {
    limits.step(std::min(a.as_text().size(), b.as_text().size()) / 64);
    return a.as_text() < b.as_text();  // the order of UTF-8's bytes is that of the code points
  }
  if (a.kind() != b.kind() || (!a.is(Kind::List) && !a.is(Kind::Tuple)))
    fail("{} and {} have no order", type_name(a), type_name(b));
  const Values& left = a.as_sequence().items;
  const Values& right = b.as_sequence().items;
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i)
    if (!equal(limits, left[i], right[i])) return less(limits, left[i], right[i]);
  return left.size() < right.size();
}

bool hashable(const Value& value) {
  if (value.is(Kind::List) || value.is(Kind::Dict) || value.is(Kind::View)) return false;
  if (!value.is(Kind::Tuple)) return true;
  const Values& items = value.as_sequence().items;
  return std::all_of(items.begin(), items.end(), hashable);
}

const Value* find_key(Limits& limits, const Dict& dict, const Value& key) {
  limits.step(dict.entries.size() / 8);
  if (key.is(Kind::String)) {
    for (const auto& [known, value] : dict.entries)
      if (known.is(Kind::String) && known.as_text() == key.as_text()) return &value;
    return nullptr;
  }
  for (const auto& [known, value] : dict.entries)
    if (equal(limits, known, key)) return &value;
  return nullptr;
}

bool contains(Limits& limits, const Value& container, const Value& item) {
  if (container.is(Kind::String)) {
    if (!item.is(Kind::String)) fail("'in' a str needs a str on its left, not {}", type_name(item));
    limits.step(container.as_text().size() / 64);
    return find(container.as_text(), item.as_text()) != std::string_view::npos;
  }
  if (container.is(Kind::Dict)) {
    if (!hashable(item)) fail("a value of type {} cannot be a key", type_name(item));
    return find_key(limits, container.as_dict(), item) != nullptr;
  }
  const Values items = iterate(limits, container);
  return std::any_of(items.begin(), items.end(), [&](const Value& other) { return equal(limits, other, item); });
}

bool compare(Limits& limits, const std::string& comparison, const Value& left, const Value& right) {
  if (comparison == "==") return equal(limits, left, right);
  if (comparison == "!=") return !equal(limits, left, right);
  if (comparison == "<") return less(limits, left, right);
  if (comparison == ">") return less(limits, right, left);
  if (comparison == "<=") return less(limits, left, right) || equal(limits, left, right);
  if (comparison == ">=") return less(limits, right, left) || equal(limits, left, right);
  if (comparison == "in") return contains(limits, right, left);
  return !contains(limits, right, left);
}

}  // namespace r1::tokenizer::jinja
