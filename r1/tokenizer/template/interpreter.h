// Walks a template's tree and writes its text. One object a rendering. Scopes are Jinja's: a loop's body, a macro, a
// filter or set block has names of its own, an if has not; what a loop's body sets is gone in the next round, so that
// templates carry state in a namespace.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "r1/tokenizer/template/ast.h"
#include "r1/tokenizer/template/context.h"
#include "r1/tokenizer/template/scope.h"

namespace r1::tokenizer::jinja {

class Interpreter {
 public:
  /// `context` must outlive the values that come from here.
  explicit Interpreter(Context& context) : context_(context), limits_(context.limits) {}

  /// The text of `body` with these names set. TemplateError without a line: see line().
  std::string run(const Body& body, const std::vector<std::pair<std::string, Value>>& names);
  /// The line of what was evaluated last.
  int line() const { return line_; }

 private:
  enum class Flow { Next, Break, Continue };
  using ScopePtr = std::shared_ptr<Scope>;

  Flow execute(const Body& body, const ScopePtr& scope);
  Flow execute(const Statement& statement, const ScopePtr& scope);
  Flow perform(const Statement& statement, const ScopePtr& scope);
  Flow execute_if(const Statement& statement, const ScopePtr& scope);
  Flow execute_for(const Statement& statement, const ScopePtr& scope);
  Flow execute_captured(const Statement& statement, const ScopePtr& scope);  // filter and set blocks
  Flow execute_with(const Statement& statement, const ScopePtr& scope);
  Values loop_items(const Statement& statement, const ScopePtr& scope);
  void assign(const Expression& target, const Value& value, const ScopePtr& scope);
  void define_macro(const Statement& statement, const ScopePtr& scope);
  Value call_macro(const Statement& macro, Scope* around, const Arguments& arguments);
  void write(const Value& value);

  Value evaluate(const Expression& expression, const ScopePtr& scope);
  Value compute(const Expression& expression, const ScopePtr& scope);
  Value find_name(const Expression& expression, const ScopePtr& scope) const;
  Value compare_chain(const Expression& expression, const ScopePtr& scope);
  Value apply(const Expression& expression, const ScopePtr& scope);  // Call, Filter, Test
  Value make_dict(const Expression& expression, const ScopePtr& scope);
  Values evaluate_all(const Expression& expression, const ScopePtr& scope);

  Context& context_;
  Limits& limits_;
  int line_ = 1;
  std::string output_;
  Value captured_;
  std::vector<ScopePtr> macro_scopes_;  // keeps alive what macros see; they hold it by plain pointer, being in it
};

}  // namespace r1::tokenizer::jinja
