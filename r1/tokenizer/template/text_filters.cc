// Filters of texts, numbers and single values, and the door to all filters.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "r1/core/nearest.h"
#include "r1/tokenizer/template/bound.h"
#include "r1/tokenizer/template/filters.h"
#include "r1/tokenizer/template/print.h"
#include "r1/tokenizer/template/replace.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

Value trim(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "trim", {"chars"});
  const Value text = soft_text(limits, subject);
  std::optional<std::string_view> chars;
  if (!bound.at(0).is(Kind::None)) chars = bound.text(0);
  limits.scan(text.as_text().size(), chars ? 1 + chars->size() : 1);
  return Value::text(std::string(strip(text.as_text(), chars)), text.is_markup());
}

template <std::string (*Change)(std::string_view)>
Value changed(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "the filter", {});
  const Value text = soft_text(limits, subject);
  return Value::text(Change(text.as_text()), text.is_markup());
}

Value title(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "title", {});
  return Value::text(title_filter(soft_text(limits, subject).as_text()));
}

Value replace(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "replace", {"old", "new", "count"}, 2);
  const std::string old_text = to_text(limits, bound.at(0));
  const std::string new_text = to_text(limits, bound.at(1));
  return Value::text(replaced(limits, to_text(limits, subject), {old_text, new_text, bound.integer(2, -1)}));
}

Value string(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "string", {});
  return soft_text(limits, subject);
}

Value safe(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "safe", {});
  return Value::text(to_text(limits, subject), true);
}

Value escape(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "escape", {});
  if (subject.is_markup()) return subject;
  std::string text = escaped_html(to_text(limits, subject));
  limits.bytes(text.size());
  return Value::text(std::move(text), true);
}

Value indent(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "indent", {"width", "first", "blank"});
  if (!subject.is(Kind::String)) fail("indent of a value of type {}", type_name(subject));
  std::string margin;
  if (bound.at(0).is(Kind::String)) {
    margin = bound.text(0);
  } else {
    const auto width = static_cast<std::size_t>(std::max<std::int64_t>(bound.integer(0, 4), 0));
    limits.bytes(width);
    margin.assign(width, ' ');
  }
  const std::string all = subject.as_text() + "\n";  // so that a last empty line is kept
  const std::vector<std::string_view> lines = split_lines(all);
  limits.bytes_product(lines.size() + 1, margin.size() + 1);
  std::string text = bound.flag(1, false) ? margin : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\n";
    if (i > 0 && (bound.flag(2, false) || !lines[i].empty())) text += margin;
    text += lines[i];
  }
  return Value::text(std::move(text), subject.is_markup());
}

Value tojson(Limits& limits, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.flag(0, false);
  style.sort_keys = bound.flag(3, false);
  if (bound.at(1).is(Kind::String)) {
    style.indent = bound.text(1);
  } else if (!bound.at(1).is(Kind::None)) {
    const auto width = static_cast<std::size_t>(std::max<std::int64_t>(bound.integer(1, 0), 0));
    limits.bytes(width);
    style.indent = std::string(width, ' ');
  }
  if (!bound.at(2).is(Kind::None)) {
    const Values separators = iterate(limits, bound.at(2));
    if (separators.size() != 2 || !separators[0].is(Kind::String) || !separators[1].is(Kind::String))
      fail("tojson needs two texts as separators");
    style.item_separator = separators[0].as_text();
    style.key_separator = separators[1].as_text();
  }
  return Value::text(to_json(limits, subject, style));
}

Value otherwise(Limits&, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "default", {"default_value", "boolean"});
  const bool absent = subject.is(Kind::Undefined) || (bound.flag(1, false) && !truth(subject));
  if (!absent) return subject;
  return bound.has(0) ? bound.at(0) : Value::text("");
}

Value truncated(double number) {
  if (!(std::fabs(number) < 9.2e18)) fail("the number {} does not fit 64 bits", float_text(number));
  return Value::integer(static_cast<std::int64_t>(number));
}

Value to_integer(Limits&, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "int", {"default", "base"});
  if (bound.integer(1, 10) != 10) fail("int with another base than 10 is not supported");
  Value fallback = bound.has(0) ? bound.at(0) : Value::integer(0);
  if (subject.is(Kind::Undefined)) fail("{}", subject.why_undefined());
  if (subject.is_integer()) return Value::integer(subject.as_integer());
  if (subject.is(Kind::Float)) return std::isnan(subject.as_double()) ? fallback : truncated(subject.as_double());
  if (!subject.is(Kind::String)) return fallback;
  if (const auto whole = parse_integer(subject.as_text())) return Value::integer(*whole);
  const auto real = parse_float(subject.as_text());
  return real && std::isfinite(*real) ? truncated(*real) : fallback;
}

Value to_float(Limits&, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "float", {"default"});
  Value fallback = bound.has(0) ? bound.at(0) : Value::number(0);
  if (subject.is(Kind::Undefined)) fail("{}", subject.why_undefined());
  if (subject.is_number()) return Value::number(subject.as_double());
  if (!subject.is(Kind::String)) return fallback;
  const auto real = parse_float(subject.as_text());
  return real ? Value::number(*real) : fallback;
}

Value absolute(Limits&, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "abs", {});
  if (subject.is(Kind::Float)) return Value::number(std::fabs(subject.as_double()));
  if (!subject.is_integer()) fail("abs of a value of type {}", type_name(subject));
  if (subject.as_integer() == INT64_MIN) fail("abs does not fit 64 bits");
  return Value::integer(std::abs(subject.as_integer()));
}

/// Python's round(number, digits): by the exact decimal value, halves to even.
double rounded(double number, int digits) {
  if (digits < 0) {
    const double scale = std::pow(10.0, -digits);
    return std::nearbyint(number / scale) * scale;
  }
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return std::strtod(text.data(), nullptr);
}

Value round_to(Limits&, const Value& subject, const Arguments& arguments) {
  const Bound bound(arguments, "round", {"precision", "method"});
  const auto digits = static_cast<int>(std::clamp<std::int64_t>(bound.integer(0, 0), -20, 30));
  const std::string method = bound.has(1) ? bound.text(1) : "common";
  if (!subject.is_number()) fail("round of a value of type {}", type_name(subject));
  if (method == "common") {
    if (subject.is_integer() && digits >= 0) return Value::integer(subject.as_integer());
    if (subject.is_integer()) return truncated(rounded(subject.as_double(), digits));
    return std::isfinite(subject.as_double()) ? Value::number(rounded(subject.as_double(), digits)) : subject;
  }
  if (method != "ceil" && method != "floor") fail("round's method must be common, ceil or floor, not {}", method);
  const double scale = std::pow(10.0, digits);
  const double scaled = subject.as_double() * scale;
  return Value::number((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

constexpr NamedFilter kFilters[] = {
    {"trim", trim},
    {"upper", changed<upper>},
    {"lower", changed<lower>},
    {"capitalize", changed<capitalized>},
    {"title", title},
    {"replace", replace},
    {"string", string},
    {"safe", safe},
    {"escape", escape},
    {"e", escape},
    {"indent", indent},
    {"tojson", tojson},
    {"default", otherwise},
    {"d", otherwise},
    {"int", to_integer},
    {"float", to_float},
    {"abs", absolute},
    {"round", round_to},
};

FilterFunction find_filter(const std::string& name) {
  for (const auto filters : {text_filters(), sequence_filters()})
    for (const NamedFilter& filter : filters)
      if (name == filter.name) return filter.apply;
  return nullptr;
}

}  // namespace

std::span<const NamedFilter> text_filters() { return kFilters; }

bool is_filter(const std::string& name) { return find_filter(name) != nullptr; }

Value soft_text(Limits& limits, const Value& value) {
  return value.is(Kind::String) ? value : Value::text(to_text(limits, value));
}

Value apply_filter(Limits& limits, const std::string& name, const Value& subject, const Arguments& arguments) {
  if (const FilterFunction filter = find_filter(name)) {
    if (subject.is(Kind::String)) limits.scan(subject.as_text().size());
    Value result = filter(limits, subject, arguments);
    if (result.is(Kind::String)) limits.bytes(result.as_text().size());
    return result;
  }
  std::vector<std::string> known;
  for (const auto filters : {text_filters(), sequence_filters()})
    for (const NamedFilter& filter : filters) known.emplace_back(filter.name);
  const std::string near = core::nearest(name, known);
  fail("the filter {} is not supported{}", name, near.empty() ? "" : "; the nearest known one is " + near);
}

}  // namespace r1::tokenizer::jinja
