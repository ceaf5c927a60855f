// Attributes, items and slices.
#include "r1/tokenizer/template/access.h"

#include <algorithm>
#include <optional>

#include "r1/tokenizer/template/compare.h"
#include "r1/tokenizer/template/methods.h"
#include "r1/tokenizer/template/print.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

bool is_indexed(const Value& value) { return value.is(Kind::List) || value.is(Kind::Tuple) || value.is(Kind::Range); }

Value missing(const Value& object, const std::string& name) {
  return Value::undefined(fmt::format("a value of type {} has no {}", type_name(object), name));
}

/// A method or a namespace's name.
Value own_attribute(Limits& limits, const Value& object, const std::string& name) {
  if (object.is(Kind::Namespace)) {
    const Value* value = object.as_namespace().find(name);
    return value != nullptr ? *value : Value::undefined(fmt::format("the namespace has no {}", name));
  }
  return bound_method(limits, object, name);
}

/// The item at a position counted from either end; nothing when it lies outside.
std::optional<std::size_t> position(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < -count || index >= count) return {};
  return static_cast<std::size_t>(index < 0 ? index + count : index);
}

/// What x[key] finds without asking for attributes.
Value subscribed(Limits& limits, const Value& object, const Value& key) {
  if (object.is(Kind::Dict)) {
    const Value* value = hashable(key) ? find_key(limits, object.as_dict(), key) : nullptr;
    return value != nullptr ? *value : missing(object, "key " + to_repr(limits, key));
  }
  if (object.is(Kind::String) && key.is_integer()) {
    const std::string& text = object.as_text();
    limits.scan(text.size());
    if (const auto at = position(key.as_integer(), length(text)))
      return Value::text(std::string(between(text, *at, *at + 1)), object.is_markup());
  } else if (is_indexed(object) && key.is_integer()) {
    const Values& items = object.as_sequence().items;
    if (const auto at = position(key.as_integer(), items.size())) return items[*at];
  }
  return missing(object, "item " + to_repr(limits, key));
}

struct Span {
  std::int64_t from, to, step;
};

/// Python's slice.indices(size). The three are integers or None.
Span indices(const Slice& slice, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  const std::int64_t step = slice.step.is(Kind::None) ? 1 : slice.step.as_integer();
  if (step == 0) fail("a slice's step is zero");
  const std::int64_t low = step > 0 ? 0 : -1;
  const std::int64_t high = step > 0 ? count : count - 1;
  const auto bound = [&](const Value& value, std::int64_t otherwise) {
    if (value.is(Kind::None)) return otherwise;
    const std::int64_t index = value.as_integer();
    return std::clamp(index < 0 ? std::max(index, -count - 1) + count : index, low, high);
  };
  return {bound(slice.from, step > 0 ? low : high), bound(slice.to, step > 0 ? high : low), step};
}

template <class Take>
void for_each_index(const Span& span, const Take& take) {
  const std::int64_t distance = span.step > 0 ? span.to - span.from : span.from - span.to;
  if (distance <= 0) return;
  // As unsigned: the magnitude of the smallest integer is no int64.
  const std::uint64_t stride =
      span.step > 0 ? static_cast<std::uint64_t>(span.step) : std::uint64_t{0} - static_cast<std::uint64_t>(span.step);
  for (std::uint64_t offset = 0; offset < static_cast<std::uint64_t>(distance);) {
    const auto moved = static_cast<std::int64_t>(offset);
    take(static_cast<std::size_t>(span.step > 0 ? span.from + moved : span.from - moved));
    if (stride >= static_cast<std::uint64_t>(distance)) break;
    offset += stride;
  }
}

std::string text_slice(Limits& limits, const std::string& text, const Slice& slice) {
  limits.scan(text.size());
  const Span span = indices(slice, length(text));
  if (span.step == 1) {
    limits.bytes(text.size());
    return std::string(
        between(text, static_cast<std::size_t>(span.from), static_cast<std::size_t>(std::max(span.from, span.to))));
  }
  limits.bytes(text.size() * sizeof(std::string_view));
  const std::vector<std::string_view> all = characters(text);
  std::string result;
  for_each_index(span, [&](std::size_t i) { result += all[i]; });
  return result;
}

}  // namespace

Value get_attribute(Limits& limits, const Value& object, const std::string& name) {
  if (object.is(Kind::Undefined)) fail("{}, and so no .{}", object.why_undefined(), name);
  if (object.is(Kind::Dict) && !is_method(Kind::Dict, name))
    if (const Value* value = find_key(limits, object.as_dict(), Value::text(name))) return *value;
  return own_attribute(limits, object, name);
}

Value get_item(Limits& limits, const Value& object, const Value& key) {
  if (object.is(Kind::Undefined)) fail("{}, and so no [{}]", object.why_undefined(), to_repr(limits, key));
  Value item = subscribed(limits, object, key);
  if (!item.is(Kind::Undefined) || !key.is(Kind::String)) return item;
  return own_attribute(limits, object, key.as_text());
}

Value get_slice(Limits& limits, const Value& object, const Slice& slice) {
  if (object.is(Kind::Undefined)) fail("{}, and so no slice", object.why_undefined());
  for (const Value* index : {&slice.from, &slice.to, &slice.step})
    if (!index->is_integer() && !index->is(Kind::None)) return missing(object, "slice of that kind");
  if (object.is(Kind::String)) {
    return Value::text(text_slice(limits, object.as_text(), slice), object.is_markup());
  }
  if (!is_indexed(object)) return missing(object, "slices");
  const Values& all = object.as_sequence().items;
  limits.step(all.size());
  Values items;
  for_each_index(indices(slice, all.size()), [&](std::size_t i) { items.push_back(all[i]); });
  limits.bytes(items.size() * sizeof(Value));
  if (object.is(Kind::Range)) return Value::sequence(Kind::List, std::move(items));  // prints unlike Python's range
  return Value::sequence(object.kind(), std::move(items));
}

}  // namespace r1::tokenizer::jinja
