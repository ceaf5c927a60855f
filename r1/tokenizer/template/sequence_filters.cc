// Filters of what can be gone through: lists, tuples, dicts, texts, iterators.
#include <algorithm>
#include <cctype>
#include <numeric>
#include <optional>

#include "r1/tokenizer/template/access.h"
#include "r1/tokenizer/template/arithmetic.h"
#include "r1/tokenizer/template/bound.h"
#include "r1/tokenizer/template/compare.h"
#include "r1/tokenizer/template/filters.h"
#include "r1/tokenizer/template/print.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

Value iterator(Values items) { return Value::sequence(Kind::Iterator, std::move(items)); }
Value list(Values items) { return Value::sequence(Kind::List, std::move(items)); }

/// An attribute as filters name it: "a.b.0"; items first, attributes second.
class Path {
 public:
  explicit Path(const Value& attribute) {
    if (attribute.is_integer()) keys_.push_back(attribute);
    if (!attribute.is(Kind::String)) return;
    for (const std::string_view part : split(attribute.as_text(), ".", -1)) {
      const bool digits =
          !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
      const auto index = digits ? parse_integer(part) : std::nullopt;
      keys_.push_back(index ? Value::integer(*index) : Value::text(std::string(part)));
    }
  }
  Value of(Limits& limits, Value item) const {
    for (const Value& key : keys_) item = get_item(limits, item, key);
    return item;
  }

 private:
  Values keys_;
};

Value without_case(Limits& limits, Value value, bool case_sensitive) {
  if (case_sensitive || !value.is(Kind::String)) return value;
  limits.bytes(value.as_text().size());
  return Value::text(lower(value.as_text()));
}

/// sorted(items, key=keys): stable in both directions.
Values sorted(Limits& limits, const Values& items, const Values& keys, bool reverse) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return reverse ? less(limits, keys[b], keys[a]) : less(limits, keys[a], keys[b]);
  });
  Values result;
  for (const std::size_t i : order) result.push_back(items[i]);
  return result;
}

Value length_of(Limits&, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "length", {});
  const auto count = [](std::size_t size) { return Value::integer(static_cast<std::int64_t>(size)); };
  if (subject.is(Kind::Undefined)) return count(0);
  if (subject.is(Kind::String)) return count(length(subject.as_text()));
  if (subject.is(Kind::Dict)) return count(subject.as_dict().entries.size());
  if (subject.is(Kind::List) || subject.is(Kind::Tuple) || subject.is(Kind::Range) || subject.is(Kind::View))
    return count(subject.as_sequence().items.size());
  fail("a value of type {} has no length{}", type_name(subject),
       subject.is(Kind::Iterator) ? "; put |list before" : "");
}

Value first(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "first", {});
  if (subject.is(Kind::Iterator)) {
    Sequence& sequence = subject.as_sequence();
    return sequence.next < sequence.items.size() ? sequence.items[sequence.next++]
                                                 : Value::undefined("the sequence has no first item");
  }
  const Values items = iterate(limits, subject);
  return items.empty() ? Value::undefined("the sequence has no first item") : items.front();
}

Value last(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "last", {});
  if (subject.is(Kind::Iterator)) fail("an iterator has no last item; put |list before");
  const Values items = iterate(limits, subject);
  return items.empty() ? Value::undefined("the sequence has no last item") : items.back();
}

Value to_list(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "list", {});
  return list(iterate(limits, subject));
}

Value items(Limits&, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "items", {});
  if (subject.is(Kind::Undefined)) return iterator({});
  if (!subject.is(Kind::Dict)) fail("items of a value of type {}; only a dict has them", type_name(subject));
  Values pairs;
  for (const auto& [key, value] : subject.as_dict().entries)
    pairs.push_back(Value::sequence(Kind::Tuple, {key, value}));
  return iterator(std::move(pairs));
}

Value join(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "join", {"d", "attribute"});
  const std::string separator = bound.has(0) ? to_text(limits, bound.at(0)) : "";
  const Path path(bound.at(1));
  std::string text;
  bool begun = false;
  for (const Value& item : iterate(limits, subject)) {
    if (begun) text += separator;
    begun = true;
    limits.bytes(separator.size());
    text += to_text(limits, path.of(limits, item));
  }
  return Value::text(std::move(text));
}

Value reverse(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "reverse", {});
  if (subject.is(Kind::String)) return get_slice(limits, subject, {.from = {}, .to = {}, .step = Value::integer(-1)});
  Values all = iterate(limits, subject);
  std::reverse(all.begin(), all.end());
  return subject.is(Kind::Iterator) ? list(std::move(all)) : iterator(std::move(all));
}

Arguments without_first(const Arguments& arguments, std::size_t count) {
  Arguments rest = arguments;
  rest.positional.erase(rest.positional.begin(), rest.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return rest;
}

Value map(Limits& limits, const Value& subject, const Arguments& arguments) {
  Values result;
  if (!truth(subject)) return iterator({});
  if (!arguments.positional.empty()) {
    if (!arguments.positional[0].is(Kind::String)) fail("map needs a filter's name");
    const Arguments rest = without_first(arguments, 1);
    for (const Value& item : iterate(limits, subject))
      result.push_back(apply_filter(limits, arguments.positional[0].as_text(), item, rest));
    return iterator(std::move(result));
  }
  const Bound bound(arguments, "map", {"attribute", "default"}, 1);
  const Path path(bound.at(0));
  for (const Value& item : iterate(limits, subject)) {
    const Value value = path.of(limits, item);
    result.push_back(value.is(Kind::Undefined) && !bound.at(1).is(Kind::None) ? bound.at(1) : value);
  }
  return iterator(std::move(result));
}

/// select, reject, selectattr, rejectattr: keep the items whose test gives `wanted`.
Value chosen(Limits& limits, const Value& subject, const Arguments& arguments, bool by_attribute, bool wanted) {
  if (!truth(subject)) return iterator({});
  const std::size_t name_at = by_attribute ? 1 : 0;
  if (arguments.positional.size() < name_at) fail("selectattr and rejectattr need an attribute's name");
  const Path path(by_attribute ? arguments.positional[0] : Value());
  const bool tested = arguments.positional.size() > name_at;
  if (tested && !arguments.positional[name_at].is(Kind::String)) fail("select and reject need a test's name");
  const Arguments rest = without_first(arguments, std::min(name_at + 1, arguments.positional.size()));
  Values result;
  for (const Value& item : iterate(limits, subject)) {
    const Value value = path.of(limits, item);
    const bool holds = tested ? apply_test(limits, arguments.positional[name_at].as_text(), value, rest) : truth(value);
    if (holds == wanted) result.push_back(item);
  }
  return iterator(std::move(result));
}
template <bool ByAttribute, bool Wanted>
Value choose(Limits& limits, const Value& subject, const Arguments& arguments) {
  return chosen(limits, subject, arguments, ByAttribute, Wanted);
}

Value sort(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "sort", {"reverse", "case_sensitive", "attribute"});
  std::vector<Path> paths;
  if (bound.at(2).is(Kind::String)) {
    for (const std::string_view part : split(bound.text(2), ",", -1))
      paths.emplace_back(Value::text(std::string(part)));
  } else {
    paths.emplace_back(bound.at(2));
  }
  const Values all = iterate(limits, subject);
  Values keys;
  for (const Value& item : all) {
    Values parts;
    for (const Path& path : paths) parts.push_back(without_case(limits, path.of(limits, item), bound.flag(1, false)));
    keys.push_back(list(std::move(parts)));
  }
  return list(sorted(limits, all, keys, bound.flag(0, false)));
}

Value dictsort(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "dictsort", {"case_sensitive", "by", "reverse"});
  const std::string by = bound.has(1) ? bound.text(1) : "key";
  if (by != "key" && by != "value") fail("dictsort sorts by key or value, not by {}", by);
  if (!subject.is(Kind::Dict)) fail("dictsort of a value of type {}", type_name(subject));
  Values pairs;
  Values keys;
  for (const auto& [key, value] : subject.as_dict().entries) {
    pairs.push_back(Value::sequence(Kind::Tuple, {key, value}));
    keys.push_back(without_case(limits, by == "key" ? key : value, bound.flag(0, false)));
  }
  return list(sorted(limits, pairs, keys, bound.flag(2, false)));
}

Value unique(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "unique", {"case_sensitive", "attribute"});
  const Path path(bound.at(1));
  Values result;
  Values seen;
  for (const Value& item : iterate(limits, subject)) {
    const Value key = without_case(limits, path.of(limits, item), bound.flag(0, false));
    if (!hashable(key)) fail("unique of values of type {}", type_name(key));
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& other) { return equal(limits, other, key); })) continue;
    seen.push_back(key);
    result.push_back(item);
  }
  return iterator(std::move(result));
}

Value sum(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "sum", {"attribute", "start"});
  const Path path(bound.at(0));
  Value total = bound.has(1) ? bound.at(1) : Value::integer(0);
  if (total.is(Kind::String)) fail("sum of texts; use join");
  for (const Value& item : iterate(limits, subject)) total = arithmetic(limits, "+", total, path.of(limits, item));
  return total;
}

template <bool Largest>
Value extreme(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, Largest ? "max" : "min", {"case_sensitive", "attribute"});
  const Path path(bound.at(1));
  std::optional<std::pair<Value, Value>> best;  // the item and what it is compared by
  for (const Value& item : iterate(limits, subject)) {
    const Value key = without_case(limits, path.of(limits, item), bound.flag(0, false));
    if (!best || (Largest ? less(limits, best->second, key) : less(limits, key, best->second))) best = {item, key};
  }
  return best ? best->first : Value::undefined("the sequence is empty");
}

constexpr NamedFilter kFilters[] = {
    {"length", length_of},
    {"count", length_of},
    {"first", first},
    {"last", last},
    {"list", to_list},
    {"items", items},
    {"join", join},
    {"reverse", reverse},
    {"map", map},
    {"select", choose<false, true>},
    {"reject", choose<false, false>},
    {"selectattr", choose<true, true>},
    {"rejectattr", choose<true, false>},
    {"sort", sort},
    {"dictsort", dictsort},
    {"unique", unique},
    {"sum", sum},
    {"min", extreme<false>},
    {"max", extreme<true>},
};

}  // namespace

std::span<const NamedFilter> sequence_filters() { return kFilters; }

}  // namespace r1::tokenizer::jinja
