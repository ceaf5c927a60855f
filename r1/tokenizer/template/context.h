// What one rendering owns, and the functions of the language: range, dict, namespace, raise_exception, strftime_now.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

struct Context {
  Limits limits;
  std::optional<std::tm> now;  // for strftime_now; nothing: the local time
  std::vector<std::unique_ptr<Namespace>> namespaces;  // owned here, because they may hold each other

  Namespace* make_namespace();
};

/// Names and functions; `context` must outlive them.
std::vector<std::pair<std::string, Value>> language_functions(Context& context);

}  // namespace r1::tokenizer::jinja
