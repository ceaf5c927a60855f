// Statements. Expressions are in evaluate.cc.
#include "r1/tokenizer/template/interpreter.h"

#include "r1/tokenizer/template/print.h"

namespace r1::tokenizer::jinja {
namespace {

/// The names of `loop` for round `i`.
void set_round(Namespace& loop, const Values& items, std::size_t i) {
  const auto number = [](std::size_t value) { return Value::integer(static_cast<std::int64_t>(value)); };
  loop.set("index", number(i + 1));
  loop.set("index0", number(i));
  loop.set("first", Value::boolean(i == 0));
  loop.set("last", Value::boolean(i + 1 == items.size()));
  loop.set("length", number(items.size()));
  loop.set("revindex", number(items.size() - i));
  loop.set("revindex0", number(items.size() - i - 1));
  loop.set("previtem", i > 0 ? items[i - 1] : Value::undefined("the loop's first round has no previtem"));
  loop.set("nextitem", i + 1 < items.size() ? items[i + 1] : Value::undefined("the loop's last round has no nextitem"));
}

/// loop.cycle(a, b, ...): the next of them each round.
Value cycle_of(const Namespace* loop) {
  return Value::function({"loop.cycle", [loop](const Arguments& arguments) {
                            const Values& choices = arguments.positional;
                            if (choices.empty()) fail("loop.cycle needs values");
                            const auto index = static_cast<std::size_t>(loop->find("index0")->as_integer());
                            return choices[index % choices.size()];
                          }});
}

}  // namespace

std::string Interpreter::run(const Body& body, const std::vector<std::pair<std::string, Value>>& names) {
  const auto root = std::make_shared<Scope>();
  for (const auto& [name, value] : names) root->set(name, value);
  execute(body, root);
  return std::move(output_);
}

void Interpreter::write(const Value& value) { output_ += to_text(limits_, value); }

Interpreter::Flow Interpreter::execute(const Body& body, const ScopePtr& scope) {
  for (const Statement& statement : body)
    if (const Flow flow = execute(statement, scope); flow != Flow::Next) return flow;
  return Flow::Next;
}

Interpreter::Flow Interpreter::execute(const Statement& statement, const ScopePtr& scope) {
  limits_.step();
  limits_.enter();  // left by no exception: those end the rendering
  line_ = statement.line;
  const Flow flow = perform(statement, scope);
  limits_.leave();
  return flow;
}

Interpreter::Flow Interpreter::perform(const Statement& statement, const ScopePtr& scope) {
  switch (statement.kind) {
    case Statement::Kind::Text:
      limits_.bytes(statement.text.size());
      output_ += statement.text;
      return Flow::Next;
    case Statement::Kind::Output:
      write(evaluate(statement.expressions[0], scope));
      return Flow::Next;
    case Statement::Kind::If:
      return execute_if(statement, scope);
    case Statement::Kind::For:
      return execute_for(statement, scope);
    case Statement::Kind::Set:
      assign(statement.target, evaluate(statement.expressions[0], scope), scope);
      return Flow::Next;
    case Statement::Kind::SetBlock:
    case Statement::Kind::Filter:
      return execute_captured(statement, scope);
    case Statement::Kind::Macro:
      define_macro(statement, scope);
      return Flow::Next;
    case Statement::Kind::Scope:
      return execute(statement.bodies[0], std::make_shared<Scope>(scope));
    case Statement::Kind::With:
      return execute_with(statement, scope);
    case Statement::Kind::Break:
      return Flow::Break;
    case Statement::Kind::Continue:
      return Flow::Continue;
  }
  return Flow::Next;
}

Interpreter::Flow Interpreter::execute_if(const Statement& statement, const ScopePtr& scope) {
  for (std::size_t i = 0; i < statement.bodies.size(); ++i)
    if (i >= statement.expressions.size() || truth(evaluate(statement.expressions[i], scope)))
      return execute(statement.bodies[i], scope);
  return Flow::Next;
}

Values Interpreter::loop_items(const Statement& statement, const ScopePtr& scope) {
  const Value all = evaluate(statement.expressions[0], scope);
  Values items = iterate(limits_, all);
  if (statement.expressions.size() == 1) return items;
  Values kept;
  for (const Value& item : items) {
    const auto inner = std::make_shared<Scope>(scope);
    assign(statement.target, item, inner);
    if (truth(evaluate(statement.expressions[1], inner))) kept.push_back(item);
  }
  return kept;
}

Interpreter::Flow Interpreter::execute_for(const Statement& statement, const ScopePtr& scope) {
  const Values items = loop_items(statement, scope);
  Namespace* loop = nullptr;
  if (statement.uses_loop) {
    loop = context_.make_namespace();
    loop->set("cycle", cycle_of(loop));
  }
  bool completed = false;  // a round that ended neither by break nor by continue: as in Jinja, else needs none of these
  for (std::size_t i = 0; i < items.size(); ++i) {
    limits_.step();
    const auto inner = std::make_shared<Scope>(scope);
    if (loop != nullptr) {
      set_round(*loop, items, i);
      inner->set("loop", Value::name_space(loop));
    }
    assign(statement.target, items[i], inner);
    const Flow flow = execute(statement.bodies[0], inner);
    completed = completed || flow == Flow::Next;
    if (flow == Flow::Break) break;
  }
  return completed ? Flow::Next : execute(statement.bodies[1], std::make_shared<Scope>(scope));
}

Interpreter::Flow Interpreter::execute_captured(const Statement& statement, const ScopePtr& scope) {
  const auto inner = std::make_shared<Scope>(scope);
  std::string outer = std::exchange(output_, "");
  const Flow flow = execute(statement.bodies[0], inner);
  captured_ = Value::text(std::exchange(output_, std::move(outer)));
  if (flow != Flow::Next) return flow;
  line_ = statement.line;
  const Value text = evaluate(statement.expressions[0], inner);
  if (statement.kind == Statement::Kind::Filter) {
    write(text);
  } else {
    assign(statement.target, text, scope);
  }
  return Flow::Next;
}

Interpreter::Flow Interpreter::execute_with(const Statement& statement, const ScopePtr& scope) {
  const auto inner = std::make_shared<Scope>(scope);
  for (std::size_t i = 0; i < statement.parameters.size(); ++i)
    inner->set(statement.parameters[i], evaluate(statement.expressions[i], scope));
  return execute(statement.bodies[0], inner);
}

void Interpreter::assign(const Expression& target, const Value& value, const ScopePtr& scope) {
  if (target.kind == Expression::Kind::Name) return scope->set(target.text, value);
  if (target.kind == Expression::Kind::Attribute) {
    const std::string& name = target.operands[0].text;
    const Value* space = scope->find(name);
    if (space == nullptr || !space->is(Kind::Namespace))
      fail("{}.{} is set, but {} is no namespace()", name, target.text, name);
    limits_.bytes(sizeof(Value));
    return space->as_namespace().set(target.text, value);
  }
  const Values items = iterate(limits_, value);
  if (items.size() != target.operands.size())
    fail("{} values are unpacked to {} names", items.size(), target.operands.size());
  for (std::size_t i = 0; i < items.size(); ++i) assign(target.operands[i], items[i], scope);
}

void Interpreter::define_macro(const Statement& statement, const ScopePtr& scope) {
  limits_.bytes(sizeof(Scope) + 256);
  macro_scopes_.push_back(scope);
  const auto call = [this, &statement, around = scope.get()](const Arguments& arguments) {
    return call_macro(statement, around, arguments);
  };
  scope->set(statement.text, Value::function({statement.text, call}));
}

Value Interpreter::call_macro(const Statement& macro, Scope* around, const Arguments& arguments) {
  const std::size_t count = macro.parameters.size();
  if (arguments.positional.size() > count)
    fail("the macro {} takes at most {} arguments, not {}", macro.text, count, arguments.positional.size());
  std::vector<const Value*> given(count, nullptr);
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) given[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    std::size_t i = 0;
    while (i < count && macro.parameters[i] != name) ++i;
    if (i == count) fail("the macro {} has no parameter {}", macro.text, name);
    if (given[i] != nullptr) fail("the macro {} is given {} twice", macro.text, name);
    given[i] = &value;
  }
  // No ownership: macro_scopes_ keeps it.
  const auto inner = std::make_shared<Scope>(ScopePtr(ScopePtr(), around));
  const std::size_t without_default = count - macro.expressions.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (given[i] != nullptr) {
      inner->set(macro.parameters[i], *given[i]);
    } else if (i >= without_default) {
      inner->set(macro.parameters[i], evaluate(macro.expressions[i - without_default], inner));
    } else {
      inner->set(macro.parameters[i], Value::undefined(fmt::format("parameter {} was not given", macro.parameters[i])));
    }
  }
  std::string outer = std::exchange(output_, "");
  execute(macro.bodies[0], inner);
  return Value::text(std::exchange(output_, std::move(outer)));
}

}  // namespace r1::tokenizer::jinja
