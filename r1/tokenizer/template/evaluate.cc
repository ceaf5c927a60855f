// Interpreter: expressions.
#include "r1/tokenizer/template/access.h"
#include "r1/tokenizer/template/arithmetic.h"
#include "r1/tokenizer/template/compare.h"
#include "r1/tokenizer/template/filters.h"
#include "r1/tokenizer/template/interpreter.h"

namespace r1::tokenizer::jinja {

Value Interpreter::evaluate(const Expression& expression, const ScopePtr& scope) {
  limits_.step();
  limits_.enter();  // left by no exception: those end the rendering
  Value value = compute(expression, scope);
  limits_.leave();
  return value;
}

Value Interpreter::compute(const Expression& expression, const ScopePtr& scope) {
  const auto operand = [&](std::size_t i) { return evaluate(expression.operands[i], scope); };
  switch (expression.kind) {
    case Expression::Kind::Constant:
      return expression.constant;
    case Expression::Kind::Name:
      return find_name(expression, scope);
    case Expression::Kind::List:
      return Value::sequence(Kind::List, evaluate_all(expression, scope));
    case Expression::Kind::Tuple:
      return Value::sequence(Kind::Tuple, evaluate_all(expression, scope));
    case Expression::Kind::Dict:
      return make_dict(expression, scope);
    case Expression::Kind::Attribute: {
      const Value object = operand(0);
      line_ = expression.line;
      return get_attribute(limits_, object, expression.text);
    }
    case Expression::Kind::Item: {
      const Values both = evaluate_all(expression, scope);
      return get_item(limits_, both[0], both[1]);
    }
    case Expression::Kind::Slice: {
      const Values all = evaluate_all(expression, scope);
      return get_slice(limits_, all[0], {all[1], all[2], all[3]});
    }
    case Expression::Kind::Call:
    case Expression::Kind::Filter:
    case Expression::Kind::Test:
      return apply(expression, scope);
    case Expression::Kind::Not:
      return Value::boolean(!truth(operand(0)));
    case Expression::Kind::Negative:
      return negated(operand(0));
    case Expression::Kind::Positive:
      return positive(operand(0));
    case Expression::Kind::And: {
      Value left = operand(0);
      return truth(left) ? operand(1) : left;
    }
    case Expression::Kind::Or: {
      Value left = operand(0);
      return truth(left) ? left : operand(1);
    }
    case Expression::Kind::Compare:
      return compare_chain(expression, scope);
    case Expression::Kind::Arithmetic: {
      const Values both = evaluate_all(expression, scope);
      return arithmetic(limits_, expression.text, both[0], both[1]);
    }
    case Expression::Kind::Concat:
      return concatenated(limits_, evaluate_all(expression, scope));
    case Expression::Kind::Conditional:
      return truth(operand(0)) ? operand(1) : operand(2);
    case Expression::Kind::Captured:
      return captured_;
  }
  return {};
}

/// The operands in their order; afterwards the line is the expression's own again.
Values Interpreter::evaluate_all(const Expression& expression, const ScopePtr& scope) {
  Values values;
  values.reserve(expression.operands.size());
  for (const Expression& operand : expression.operands) values.push_back(evaluate(operand, scope));
  limits_.bytes(values.size() * sizeof(Value));
  line_ = expression.line;
  return values;
}

Value Interpreter::find_name(const Expression& expression, const ScopePtr& scope) const {
  const Value* value = scope->find(expression.text);
  return value != nullptr ? *value : Value::undefined(expression.text + " is undefined");
}

Value Interpreter::compare_chain(const Expression& expression, const ScopePtr& scope) {
  Value left = evaluate(expression.operands[0], scope);
  for (std::size_t i = 0; i < expression.keywords.size(); ++i) {
    Value right = evaluate(expression.operands[i + 1], scope);
    line_ = expression.line;
    if (!compare(limits_, expression.keywords[i], left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::make_dict(const Expression& expression, const ScopePtr& scope) {
  const Values all = evaluate_all(expression, scope);
  Entries entries;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    if (!hashable(all[i])) fail("a value of type {} cannot be a key", type_name(all[i]));
    limits_.step(1 + entries.size() / 8);
    bool known = false;
    for (auto& [key, value] : entries)
      if (equal(limits_, key, all[i])) {
        value = all[i + 1];
        known = true;
      }
    if (!known) entries.emplace_back(all[i], all[i + 1]);
  }
  return Value::dict(std::move(entries));
}

Value Interpreter::apply(const Expression& expression, const ScopePtr& scope) {
  Values all = evaluate_all(expression, scope);
  const Value subject = all.front();
  const std::size_t num_named = expression.keywords.size();
  const std::size_t num_positional = all.size() - 1 - num_named;
  Arguments arguments;
  for (std::size_t i = 0; i < num_positional; ++i) arguments.positional.push_back(std::move(all[1 + i]));
  for (std::size_t i = 0; i < num_named; ++i)
    arguments.named.emplace_back(expression.keywords[i], std::move(all[1 + num_positional + i]));
  if (expression.kind == Expression::Kind::Filter) return apply_filter(limits_, expression.text, subject, arguments);
  if (expression.kind == Expression::Kind::Test)
    return Value::boolean(apply_test(limits_, expression.text, subject, arguments));
  if (subject.is(Kind::Undefined)) fail("{}, but it is called", subject.why_undefined());
  if (!subject.is(Kind::Function)) fail("a value of type {} is called", type_name(subject));
  return subject.as_function().call(arguments);
}

}  // namespace r1::tokenizer::jinja
