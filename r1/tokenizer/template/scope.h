// The names that a place of a template sees: its own, then those of the scopes around it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

class Scope {
 public:
  explicit Scope(std::shared_ptr<Scope> parent = nullptr) : parent_(std::move(parent)) {}

  void set(const std::string& name, Value value) { own_.set(name, std::move(value)); }
  /// nullptr when no scope has it.
  const Value* find(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get())
      if (const Value* value = scope->own_.find(name)) return value;
    return nullptr;
  }

 private:
  std::shared_ptr<Scope> parent_;
  Namespace own_;
};

}  // namespace r1::tokenizer::jinja
