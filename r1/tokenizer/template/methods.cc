// Tables of methods: one small function each, bound to its object when it is looked up.
#include "r1/tokenizer/template/methods.h"

#include <algorithm>
#include <span>

#include "r1/tokenizer/template/bound.h"
#include "r1/tokenizer/template/compare.h"
#include "r1/tokenizer/template/print.h"
#include "r1/tokenizer/template/replace.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

using Method = Value (*)(Limits&, const Value&, const Arguments&);
struct NamedMethod {
  const char* name;
  Method call;
};

Value same_kind(const Value& self, std::string text) { return Value::text(std::move(text), self.is_markup()); }

Value stripped(Limits& limits, const Value& self, const Arguments& arguments, const char* name, Ends ends) {
  const Bound bound(arguments, name, {"chars"});
  std::optional<std::string_view> chars;
  if (!bound.at(0).is(Kind::None)) chars = bound.text(0);
  limits.scan(self.as_text().size(), chars ? 1 + chars->size() : 1);
  return same_kind(self, std::string(strip(self.as_text(), chars, ends)));
}
Value strip_both(Limits& limits, const Value& self, const Arguments& arguments) {
  return stripped(limits, self, arguments, "strip", {});
}
Value lstrip(Limits& limits, const Value& self, const Arguments& arguments) {
  return stripped(limits, self, arguments, "lstrip", {.right = false});
}
Value rstrip(Limits& limits, const Value& self, const Arguments& arguments) {
  return stripped(limits, self, arguments, "rstrip", {.left = false});
}

Value text_list(Limits& limits, const Value& self, const std::vector<std::string_view>& parts) {
  limits.step(parts.size());
  limits.bytes(parts.size() * sizeof(Value) + self.as_text().size());
  Values items;
  for (const std::string_view part : parts) items.push_back(same_kind(self, std::string(part)));
  return Value::sequence(Kind::List, std::move(items));
}

using Split = std::vector<std::string_view> (*)(std::string_view, std::string_view, std::int64_t);
Value split_by(Limits& limits, const Value& self, const Arguments& arguments, Split by) {
  const Bound bound(arguments, "split", {"sep", "maxsplit"});
  const std::int64_t max_split = bound.integer(1, -1);
  if (bound.at(0).is(Kind::None)) {
    if (by == &jinja::rsplit && max_split >= 0) fail("rsplit of white space with maxsplit is not supported");
    return text_list(limits, self, split_space(self.as_text(), max_split));
  }
  const std::string& separator = bound.text(0);
  if (separator.empty()) fail("split by an empty str");
  if (by == &jinja::rsplit) limits.scan(self.as_text().size(), separator.size());  // not linear, unlike split
  return text_list(limits, self, by(self.as_text(), separator, max_split));
}
Value split_left(Limits& limits, const Value& self, const Arguments& arguments) {
  return split_by(limits, self, arguments, &jinja::split);
}
Value split_right(Limits& limits, const Value& self, const Arguments& arguments) {
  return split_by(limits, self, arguments, &jinja::rsplit);
}
Value splitlines(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "splitlines", {});
  return text_list(limits, self, split_lines(self.as_text()));
}

/// startswith and endswith: of one text, or of any of a tuple.
template <class Matches>
Value any_match(const Arguments& arguments, const char* name, const Matches& matches) {
  const Bound bound(arguments, name, {"affix"}, 1);
  if (!bound.at(0).is(Kind::Tuple)) return Value::boolean(matches(bound.text(0)));
  const Values& all = bound.at(0).as_sequence().items;
  return Value::boolean(std::any_of(all.begin(), all.end(), [&](const Value& one) {
    if (!one.is(Kind::String)) fail("{} of a tuple with a value of type {}", name, type_name(one));
    return matches(one.as_text());
  }));
}
Value startswith(Limits&, const Value& self, const Arguments& arguments) {
  return any_match(arguments, "startswith", [&](const std::string& s) { return self.as_text().starts_with(s); });
}
Value endswith(Limits&, const Value& self, const Arguments& arguments) {
  return any_match(arguments, "endswith", [&](const std::string& s) { return self.as_text().ends_with(s); });
}
Value removeprefix(Limits&, const Value& self, const Arguments& arguments) {
  const std::string prefix = Bound(arguments, "removeprefix", {"prefix"}, 1).text(0);
  return same_kind(self, self.as_text().substr(self.as_text().starts_with(prefix) ? prefix.size() : 0));
}
Value removesuffix(Limits&, const Value& self, const Arguments& arguments) {
  const std::string suffix = Bound(arguments, "removesuffix", {"suffix"}, 1).text(0);
  const std::string& text = self.as_text();
  return same_kind(self, text.substr(0, text.size() - (text.ends_with(suffix) ? suffix.size() : 0)));
}

Value replace(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "replace", {"old", "new", "count"}, 2);
  if (self.is_markup()) fail("replace of a text marked safe is not supported");
  return Value::text(replaced(limits, self.as_text(), {bound.text(0), bound.text(1), bound.integer(2, -1)}));
}
Value find_in(Limits&, const Value& self, const Arguments& arguments) {
  const std::string needle = Bound(arguments, "find", {"sub"}, 1).text(0);
  const std::size_t at = find(self.as_text(), needle);
  if (at == std::string::npos) return Value::integer(-1);
  return Value::integer(static_cast<std::int64_t>(length(std::string_view(self.as_text()).substr(0, at))));
}
Value count_in(Limits&, const Value& self, const Arguments& arguments) {
  const std::string needle = Bound(arguments, "count", {"sub"}, 1).text(0);
  if (needle.empty()) return Value::integer(static_cast<std::int64_t>(length(self.as_text())) + 1);
  return Value::integer(static_cast<std::int64_t>(jinja::split(self.as_text(), needle, -1).size()) - 1);
}
Value upper_case(Limits&, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "upper", {});
  return same_kind(self, upper(self.as_text()));
}
Value lower_case(Limits&, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "lower", {});
  return same_kind(self, lower(self.as_text()));
}
Value title_case(Limits&, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "title", {});
  return same_kind(self, title_method(self.as_text()));
}
Value capitalize(Limits&, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "capitalize", {});
  return same_kind(self, capitalized(self.as_text()));
}
Value join(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "join", {"iterable"}, 1);
  if (self.is_markup()) fail("join of a text marked safe is not supported");
  std::string text;
  bool first = true;
  for (const Value& item : iterate(limits, bound.at(0))) {
    if (!item.is(Kind::String)) fail("join of a value of type {}; only str can be joined", type_name(item));
    limits.bytes(item.as_text().size() + self.as_text().size());
    if (!first) text += self.as_text();
    first = false;
    text += item.as_text();
  }
  return Value::text(std::move(text));
}

Value get(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "get", {"key", "default"}, 1);
  if (!hashable(bound.at(0))) fail("a value of type {} cannot be a key", type_name(bound.at(0)));
  const Value* value = find_key(limits, self.as_dict(), bound.at(0));
  return value != nullptr ? *value : bound.at(1);
}
Value items(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "items", {});
  limits.bytes(self.as_dict().entries.size() * 4 * sizeof(Value));
  Values pairs;
  for (const auto& [key, value] : self.as_dict().entries) pairs.push_back(Value::sequence(Kind::Tuple, {key, value}));
  return Value::sequence(Kind::View, std::move(pairs), "dict_items");
}
Value keys(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "keys", {});
  return Value::sequence(Kind::View, iterate(limits, self), "dict_keys");
}
Value values(Limits&, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "values", {});
  Values all;
  for (const auto& [key, value] : self.as_dict().entries) all.push_back(value);
  return Value::sequence(Kind::View, std::move(all), "dict_values");
}
Value copy(Limits&, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "copy", {});
  return self;  // nothing can change it
}

Value index_of(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "index", {"value"}, 1);
  const Values& all = self.as_sequence().items;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (equal(limits, all[i], bound.at(0))) return Value::integer(static_cast<std::int64_t>(i));
  fail("index: {} is not in the {}", to_repr(limits, bound.at(0)), type_name(self));
}
Value count_items(Limits& limits, const Value& self, const Arguments& arguments) {
  const Bound bound(arguments, "count", {"value"}, 1);
  std::int64_t count = 0;
  for (const Value& item : self.as_sequence().items) count += equal(limits, item, bound.at(0)) ? 1 : 0;
  return Value::integer(count);
}

constexpr NamedMethod kTextMethods[] = {
    {"strip", strip_both},      {"lstrip", lstrip},         {"rstrip", rstrip},
    {"split", split_left},      {"rsplit", split_right},    {"splitlines", splitlines},
    {"startswith", startswith}, {"endswith", endswith},     {"removeprefix", removeprefix},
    {"replace", replace},       {"find", find_in},          {"removesuffix", removesuffix},
    {"upper", upper_case},      {"lower", lower_case},      {"title", title_case},
    {"count", count_in},        {"capitalize", capitalize}, {"join", join},
};
constexpr NamedMethod kDictMethods[] = {
    {"get", get}, {"items", items}, {"keys", keys}, {"values", values}, {"copy", copy}};
constexpr NamedMethod kListMethods[] = {{"index", index_of}, {"count", count_items}, {"copy", copy}};
constexpr NamedMethod kTupleMethods[] = {{"index", index_of}, {"count", count_items}};

constexpr const char* kChangesList[] = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
constexpr const char* kChangesDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
/// Python's other methods of str: their use must not look like an undefined name.
constexpr const char* kUnsupported[] = {"casefold", "center",       "encode",    "expandtabs",  "format",  "format_map",
                                        "index",    "isalnum",      "isalpha",   "isascii",     "isdigit", "isdecimal",
                                        "islower",  "isidentifier", "isnumeric", "isprintable", "isspace", "istitle",
                                        "isupper",  "ljust",        "maketrans", "partition",   "rfind",   "rindex",
                                        "rjust",    "rpartition",   "swapcase",  "translate",   "zfill"};

bool is_one_of(std::span<const char* const> names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const char* known) { return name == known; });
}

bool changes(Kind kind, const std::string& name) {
  if (kind == Kind::List) return is_one_of(kChangesList, name);
  return kind == Kind::Dict && is_one_of(kChangesDict, name);
}

std::span<const NamedMethod> methods_of(Kind kind) {
  if (kind == Kind::String) return kTextMethods;
  if (kind == Kind::Dict) return kDictMethods;
  if (kind == Kind::List) return kListMethods;
  if (kind == Kind::Tuple) return kTupleMethods;
  return {};
}

}  // namespace

bool is_method(Kind kind, const std::string& name) {
  const std::span<const NamedMethod> methods = methods_of(kind);
  const bool known = std::any_of(methods.begin(), methods.end(), [&](const NamedMethod& m) { return name == m.name; });
  return known || changes(kind, name) || (kind == Kind::String && is_one_of(kUnsupported, name));
}

Value bound_method(Limits& limits, const Value& object, const std::string& name) {
  for (const NamedMethod& method : methods_of(object.kind())) {
    if (name != method.name) continue;
    const auto call = [&limits, object, function = method.call](const Arguments& arguments) {
      if (object.is(Kind::String)) limits.scan(object.as_text().size());
      Value result = function(limits, object, arguments);
      if (result.is(Kind::String)) limits.bytes(result.as_text().size());
      return result;
    };
    return Value::function({name, call});
  }
  if (changes(object.kind(), name))
    return Value::undefined(
        fmt::format("{}.{} changes its object, which the sandbox of chat templates refuses", type_name(object), name));
  if (object.is(Kind::String) && is_one_of(kUnsupported, name))
    return Value::undefined(fmt::format("the method {} of str is not supported", name));
  return Value::undefined(fmt::format("a value of type {} has no {}", type_name(object), name));
}

}  // namespace r1::tokenizer::jinja
