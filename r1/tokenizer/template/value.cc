// Values made, asked what they are, gone through, taken from JSON.
#include "r1/tokenizer/template/value.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

int checked_depth(int depth) {
  if (depth > Limits::kValueDepth) fail("a value is nested more than {} deep", Limits::kValueDepth);
  return depth;
}

}  // namespace

Value Value::undefined(std::string why) {
  Value value = text(std::move(why));
  value.kind_ = Kind::Undefined;
  return value;
}

Value Value::boolean(bool boolean) {
  Value value;
  value.kind_ = Kind::Bool;
  value.data_ = boolean;
  return value;
}

Value Value::integer(std::int64_t integer) {
  Value value;
  value.kind_ = Kind::Int;
  value.data_ = integer;
  return value;
}

Value Value::number(double number) {
  Value value;
  value.kind_ = Kind::Float;
  value.data_ = number;
  return value;
}

Value Value::text(std::string text, bool markup) {
  Value value;
  value.kind_ = Kind::String;
  value.markup_ = markup;
  value.data_ = std::make_shared<const std::string>(std::move(text));
  return value;
}

Value Value::sequence(Kind kind, Values items, std::string label) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  Value value;
  value.kind_ = kind;
  value.data_ = std::make_shared<Sequence>(Sequence{std::move(items), std::move(label), 0, checked_depth(depth + 1)});
  return value;
}

Value Value::dict(Entries entries) {
  int depth = 0;
  for (const auto& [key, item] : entries) depth = std::max({depth, key.depth(), item.depth()});
  Value value;
  value.kind_ = Kind::Dict;
  value.data_ = std::make_shared<const Dict>(Dict{std::move(entries), checked_depth(depth + 1)});
  return value;
}

Value Value::name_space(Namespace* space) {
  Value value;
  value.kind_ = Kind::Namespace;
  value.data_ = space;
  return value;
}

Value Value::function(Function function) {
  Value value;
  value.kind_ = Kind::Function;
  value.data_ = std::make_shared<const Function>(std::move(function));
  return value;
}

std::int64_t Value::as_integer() const {
  return kind_ == Kind::Bool ? std::int64_t{as_bool()} : std::get<std::int64_t>(data_);
}

double Value::as_double() const {
  return kind_ == Kind::Float ? std::get<double>(data_) : static_cast<double>(as_integer());
}

int Value::depth() const {
  if (const auto* sequence = std::get_if<std::shared_ptr<Sequence>>(&data_)) return (*sequence)->depth;
  if (const auto* dict = std::get_if<std::shared_ptr<const Dict>>(&data_)) return (*dict)->depth;
  return 0;
}

const Value* Namespace::find(const std::string& name) const {
  for (const auto& [known, value] : names)
    if (known == name) return &value;
  return nullptr;
}

void Namespace::set(const std::string& name, Value value) {
  for (auto& [known, old] : names)
    if (known == name) {
      old = std::move(value);
      return;
    }
  names.emplace_back(name, std::move(value));
}

bool truth(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
    case Kind::None:
      return false;
    case Kind::Bool:
    case Kind::Int:
    case Kind::Float:
      return value.as_double() != 0;
    case Kind::String:
      return !value.as_text().empty();
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
      return !value.as_sequence().items.empty();
    case Kind::Dict:
      return !value.as_dict().entries.empty();
    case Kind::Iterator:
    case Kind::Namespace:
    case Kind::Function:
      return true;
  }
  return true;
}

const char* type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::Undefined:
      return "undefined value";
    case Kind::None:
      return "None";
    case Kind::Bool:
      return "bool";
    case Kind::Int:
      return "int";
    case Kind::Float:
      return "float";
    case Kind::String:
      return "str";
    case Kind::List:
      return "list";
    case Kind::Tuple:
      return "tuple";
    case Kind::Range:
      return "range";
    case Kind::View:
      return "view of a dict";
    case Kind::Iterator:
      return "iterator";
    case Kind::Dict:
      return "dict";
    case Kind::Namespace:
      return "namespace";
    case Kind::Function:
      return "function";
  }
  return "value";
}

Values iterate(Limits& limits, const Value& value) {
  Values items;
  switch (value.kind()) {
    case Kind::Undefined:
      break;
    case Kind::String:
      limits.bytes(length(value.as_text()) * (2 * sizeof(Value) + sizeof(std::string)));
      for (const std::string_view character : characters(value.as_text()))
        items.push_back(Value::text(std::string(character)));
      break;
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
      items = value.as_sequence().items;
      break;
    case Kind::Iterator: {
      Sequence& sequence = value.as_sequence();
      items.assign(sequence.items.begin() + static_cast<std::ptrdiff_t>(sequence.next), sequence.items.end());
      sequence.next = sequence.items.size();
      break;
    }
    case Kind::Dict:
      for (const auto& [key, item] : value.as_dict().entries) items.push_back(key);
      break;
    default:
      fail("a value of type {} is not iterable", type_name(value));
  }
  limits.step(items.size());
  return items;
}

Value from_json(const nlohmann::ordered_json& json, int depth) {
  checked_depth(depth);
  using Type = nlohmann::ordered_json::value_t;
  switch (json.type()) {
    case Type::boolean:
      return Value::boolean(json.get<bool>());
    case Type::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fail("the number {} is too large", json.get<std::uint64_t>());
      [[fallthrough]];
    case Type::number_integer:
      return Value::integer(json.get<std::int64_t>());
    case Type::number_float:
      return Value::number(json.get<double>());
    case Type::string:
      if (!is_utf8(json.get_ref<const std::string&>())) fail("a text is not UTF-8");
      return Value::text(json.get<std::string>());
    case Type::array: {
      Values items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(from_json(item, depth + 1));
      return Value::sequence(Kind::List, std::move(items));
    }
    case Type::object: {
      Entries entries;
      for (const auto& [key, item] : json.items()) {
        if (!is_utf8(key)) fail("a key is not UTF-8");
        entries.emplace_back(Value::text(key), from_json(item, depth + 1));
      }
      return Value::dict(std::move(entries));
    }
    default:
      return {};
  }
}

}  // namespace r1::tokenizer::jinja
