// A value of the template language, with Python's kinds. Copies are cheap and share what they hold; nothing but a
// Namespace and the position of an Iterator ever changes. No operation is here: see access.h, compare.h, print.h,
// arithmetic.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "r1/tokenizer/template/limits.h"

namespace r1::tokenizer::jinja {

enum class Kind {
  Undefined,  // a name or attribute that is not there
  None,
  Bool,
  Int,  // 64 bits; Python's have no end: what does not fit is an error
  Float,
  String,
  List,
  Tuple,
  Range,
  View,      // d.items(), d.keys(), d.values()
  Iterator,  // what select, map, ... give: runs once, has no length
  Dict,      // in the order of insertion
  Namespace,
  Function,
};

class Value;
struct Sequence;
struct Dict;
struct Namespace;
struct Function;
using Values = std::vector<Value>;
using Entries = std::vector<std::pair<Value, Value>>;

class Value {
 public:
  Value() = default;  // None
  /// `why` is the error's text when the value is used for more than printing and testing.
  static Value undefined(std::string why);
  static Value boolean(bool value);
  static Value integer(std::int64_t value);
  static Value number(double value);
  /// `markup`: from the filters safe and escape; + then escapes the other side, as Python's Markup does.
  static Value text(std::string text, bool markup = false);
  /// `label`: a View's name, a Range's printed form. TemplateError when nested deeper than Limits::kValueDepth.
  static Value sequence(Kind kind, Values items, std::string label = "");
  static Value dict(Entries entries);
  static Value name_space(Namespace* space);  // owned by the rendering's Context
  static Value function(Function function);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_number() const { return kind_ == Kind::Bool || kind_ == Kind::Int || kind_ == Kind::Float; }
  bool is_integer() const { return kind_ == Kind::Bool || kind_ == Kind::Int; }  // Python's bool is an int
  bool is_markup() const { return markup_; }
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_integer() const;  // Bool or Int
  double as_double() const;         // Bool, Int or Float
  const std::string& as_text() const { return *std::get<std::shared_ptr<const std::string>>(data_); }
  const std::string& why_undefined() const { return as_text(); }
  Sequence& as_sequence() const { return *std::get<std::shared_ptr<Sequence>>(data_); }
  const Dict& as_dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  Namespace& as_namespace() const { return *std::get<Namespace*>(data_); }
  const Function& as_function() const { return *std::get<std::shared_ptr<const Function>>(data_); }
  int depth() const;

 private:
  Kind kind_ = Kind::None;
  bool markup_ = false;
  std::variant<std::monostate, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<Sequence>, std::shared_ptr<const Dict>, Namespace*, std::shared_ptr<const Function>>
      data_;
};

/// List, Tuple, Range, View or Iterator.
struct Sequence {
  Values items;
  std::string label;
  std::size_t next = 0;  // of an Iterator: how many items are used up
  int depth = 1;
};

struct Dict {
  Entries entries;
  int depth = 1;
};

/// namespace() and loop: names that may be set again.
struct Namespace {
  std::vector<std::pair<std::string, Value>> names;
  const Value* find(const std::string& name) const;
  void set(const std::string& name, Value value);
};

struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// A macro, a method bound to its object, or a function of the language.
struct Function {
  std::string name;
  std::function<Value(const Arguments&)> call;
};

/// What Python's `if value` sees.
bool truth(const Value& value);
/// Python's name of the type, for messages.
const char* type_name(const Value& value);
/// The items that `for` goes through: elements, characters, keys. TemplateError for what is not iterable. An Iterator
/// is used up by it.
Values iterate(Limits& limits, const Value& value);
/// TemplateError when it is nested too deep, a number does not fit, or a text is no UTF-8.
Value from_json(const nlohmann::ordered_json& json, int depth = 0);

}  // namespace r1::tokenizer::jinja
