// Operators and conditions from tokens, loose to tight. What they stand between is in operand_parser.cc.
#include "r1/tokenizer/template/expression_parser.h"

#include <algorithm>
#include <array>

namespace r1::tokenizer::jinja {

using Node = Expression::Kind;

void add_operand(Expression& expression, Expression operand) {
  expression.depth = std::max(expression.depth, operand.depth + 1);
  if (expression.depth > Limits::kSyntaxDepth)
    throw SyntaxError(expression.line, fmt::format("an expression is nested more than {} deep", Limits::kSyntaxDepth));
  expression.operands.push_back(std::move(operand));
}

std::vector<Expression> operands_of(Expression&& a) {
  std::vector<Expression> operands;
  operands.push_back(std::move(a));
  return operands;
}

std::vector<Expression> operands_of(Expression&& a, Expression&& b) {
  std::vector<Expression> operands = operands_of(std::move(a));
  operands.push_back(std::move(b));
  return operands;
}

Expression make_constant(int line, Value value) {
  Expression constant = make_expression(Node::Constant, line, {});
  constant.constant = std::move(value);
  return constant;
}

Expression make_expression(Node kind, int line, std::vector<Expression> operands, std::string text) {
  Expression expression;
  expression.kind = kind;
  expression.line = line;
  expression.text = std::move(text);
  expression.operands.reserve(operands.size());
  for (Expression& operand : operands) add_operand(expression, std::move(operand));
  return expression;
}

Expression ExpressionParser::parse(bool with_condition) {
  if (++depth_ > Limits::kSyntaxDepth)
    throw SyntaxError(tokens_.line(), fmt::format("an expression is nested more than {} deep", Limits::kSyntaxDepth));
  Expression value = parse_or();
  while (with_condition && tokens_.skip_name("if")) {
    const int line = tokens_.line();
    std::vector<Expression> operands = operands_of(parse_or(), std::move(value));
    const bool has_else = tokens_.skip_name("else");
    operands.push_back(has_else ? parse() : make_constant(line, Value::undefined("an if without else gave no value")));
    value = make_expression(Node::Conditional, line, std::move(operands));
  }
  --depth_;
  return value;
}

Expression ExpressionParser::parse_or() {
  Expression left = parse_and();
  for (int line = tokens_.line(); tokens_.skip_name("or"); line = tokens_.line())
    left = make_expression(Node::Or, line, operands_of(std::move(left), parse_and()));
  return left;
}

Expression ExpressionParser::parse_and() {
  Expression left = parse_not();
  for (int line = tokens_.line(); tokens_.skip_name("and"); line = tokens_.line())
    left = make_expression(Node::And, line, operands_of(std::move(left), parse_not()));
  return left;
}

Expression ExpressionParser::parse_not() {
  const int line = tokens_.line();
  int count = 0;
  while (tokens_.skip_name("not")) ++count;
  Expression value = parse_compare();
  for (; count > 0; --count) value = make_expression(Node::Not, line, operands_of(std::move(value)));
  return value;
}

Expression ExpressionParser::parse_compare() {
  static constexpr std::array<const char*, 6> kComparisons = {"==", "!=", "<", "<=", ">", ">="};
  Expression chain = make_expression(Node::Compare, tokens_.line(), operands_of(parse_sum()));
  while (true) {
    const auto* symbol = std::find_if(kComparisons.begin(), kComparisons.end(),
                                      [&](const char* candidate) { return tokens_.skip_operator(candidate); });
    std::string comparison = symbol == kComparisons.end() ? "" : *symbol;
    if (comparison.empty() && tokens_.skip_name("in")) comparison = "in";
    if (comparison.empty() && tokens_.peek().is_name("not") && tokens_.peek(1).is_name("in")) {
      tokens_.take();
      tokens_.take();
      comparison = "not in";
    }
    if (comparison.empty()) break;
    chain.keywords.push_back(std::move(comparison));
    add_operand(chain, parse_sum());
  }
  if (!chain.keywords.empty()) return chain;
  Expression alone = std::move(chain.operands[0]);
  return alone;
}

Expression ExpressionParser::parse_chain(Level next, std::initializer_list<const char*> operators) {
  Expression left = (this->*next)();
  while (true) {
    const int line = tokens_.line();
    const auto* symbol = std::find_if(operators.begin(), operators.end(),
                                      [&](const char* candidate) { return tokens_.skip_operator(candidate); });
    if (symbol == operators.end()) return left;
    left = make_expression(Node::Arithmetic, line, operands_of(std::move(left), (this->*next)()), *symbol);
  }
}

Expression ExpressionParser::parse_sum() { return parse_chain(&ExpressionParser::parse_concat, {"+", "-"}); }

Expression ExpressionParser::parse_concat() {
  Expression parts = make_expression(Node::Concat, tokens_.line(), operands_of(parse_product()));
  while (tokens_.skip_operator("~")) add_operand(parts, parse_product());
  if (parts.operands.size() > 1) return parts;
  Expression alone = std::move(parts.operands[0]);
  return alone;
}

Expression ExpressionParser::parse_product() {
  return parse_chain(&ExpressionParser::parse_power, {"*", "/", "//", "%"});
}

Expression ExpressionParser::parse_power() { return parse_chain(&ExpressionParser::parse_filtered_unary, {"**"}); }

Expression ExpressionParser::parse_unary(bool with_filters) {
  const int line = tokens_.line();
  std::vector<Node> signs;  // the outermost first
  while (tokens_.peek().is_operator("-") || tokens_.peek().is_operator("+"))
    signs.push_back(tokens_.take().text == "-" ? Node::Negative : Node::Positive);
  Expression value = parse_postfix(parse_primary());
  for (; !signs.empty(); signs.pop_back()) value = make_expression(signs.back(), line, operands_of(std::move(value)));
  value = parse_postfix(std::move(value));
  if (!with_filters) return value;
  while (true) {
    if (tokens_.peek().is_operator("|")) {
      value = parse_filters(std::move(value));
    } else if (tokens_.peek().is_name("is")) {
      value = parse_test(std::move(value));
    } else if (tokens_.peek().is_operator("(")) {
      value = parse_call(std::move(value));
    } else {
      return value;
    }
  }
}

}  // namespace r1::tokenizer::jinja
