// Expressions from tokens.
#include "r1/tokenizer/template/expression_parser.h"

#include <algorithm>
#include <array>

namespace r1::tokenizer::jinja {

using Node = Expression::Kind;

namespace {

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

}  // namespace

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
    std::string comparison;
    for (const char* symbol : kComparisons)
      if (tokens_.skip_operator(symbol)) comparison = symbol;
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

Expression ExpressionParser::parse_primary() {
  const int line = tokens_.line();
  const Token& token = tokens_.peek();
  if (token.is(Token::Kind::Name)) return parse_name();
  if (token.is(Token::Kind::Number)) return make_constant(line, tokens_.take().number);
  if (token.is(Token::Kind::String)) {
    std::string text = tokens_.take().text;
    while (tokens_.peek().is(Token::Kind::String)) text += tokens_.take().text;
    return make_constant(line, Value::text(std::move(text)));
  }
  if (tokens_.skip_operator("(")) {
    Expression inner = parse_tuple(true, true);
    tokens_.expect_operator(")");
    return inner;
  }
  if (tokens_.skip_operator("[")) return parse_list();
  if (tokens_.skip_operator("{")) return parse_dict();
  tokens_.refuse("a value");
}

Expression ExpressionParser::parse_name() {
  const int line = tokens_.line();
  const std::string name = tokens_.take().text;
  if (name == "true" || name == "True") return make_constant(line, Value::boolean(true));
  if (name == "false" || name == "False") return make_constant(line, Value::boolean(false));
  if (name == "none" || name == "None") return make_constant(line, {});
  if (in_macro_ && (name == "varargs" || name == "kwargs" || name == "caller"))
    throw SyntaxError(line, fmt::format("{} in a macro is not supported", name));
  loop_mentions_ += name == "loop" ? 1 : 0;
  return make_expression(Node::Name, line, {}, name);
}

bool ExpressionParser::at_tuple_end() const {
  const Token& token = tokens_.peek();
  return token.is(Token::Kind::OutputEnd) || token.is(Token::Kind::BlockEnd) || token.is_operator(")");
}

Expression ExpressionParser::parse_tuple(bool with_condition, bool in_parentheses) {
  const int line = tokens_.line();
  std::vector<Expression> items;
  bool is_tuple = false;
  while (!at_tuple_end() && !(is_tuple && tokens_.peek().is_name("recursive"))) {
    items.push_back(parse(with_condition));
    if (!tokens_.skip_operator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && items.size() == 1) return std::move(items[0]);
  if (!is_tuple && !in_parentheses) tokens_.refuse("a value");
  return make_expression(Node::Tuple, line, std::move(items));
}

Expression ExpressionParser::parse_list() {
  Expression list = make_expression(Node::List, tokens_.line(), {});
  while (!tokens_.skip_operator("]")) {
    if (!list.operands.empty()) {
      tokens_.expect_operator(",");
      if (tokens_.skip_operator("]")) break;
    }
    add_operand(list, parse());
  }
  return list;
}

Expression ExpressionParser::parse_dict() {
  Expression dict = make_expression(Node::Dict, tokens_.line(), {});
  while (!tokens_.skip_operator("}")) {
    if (!dict.operands.empty()) {
      tokens_.expect_operator(",");
      if (tokens_.skip_operator("}")) break;
    }
    add_operand(dict, parse());
    tokens_.expect_operator(":");
    add_operand(dict, parse());
  }
  return dict;
}

Expression ExpressionParser::parse_postfix(Expression subject) {
  while (true) {
    const int line = tokens_.line();
    if (tokens_.skip_operator(".")) {
      if (tokens_.peek().is(Token::Kind::Number)) {
        Expression index = make_constant(line, tokens_.take().number);
        subject = make_expression(Node::Item, line, operands_of(std::move(subject), std::move(index)));
      } else {
        std::string name = tokens_.expect_any_name();
        subject = make_expression(Node::Attribute, line, operands_of(std::move(subject)), std::move(name));
      }
    } else if (tokens_.skip_operator("[")) {
      subject = parse_subscript(std::move(subject));
    } else if (tokens_.peek().is_operator("(")) {
      subject = parse_call(std::move(subject));
    } else {
      return subject;
    }
  }
}

/// One of the three parts of a slice; a constant None when it is left out.
Expression ExpressionParser::parse_slice_part() {
  const Token& token = tokens_.peek();
  const bool absent = token.is_operator(":") || token.is_operator("]") || token.is_operator(",");
  return absent ? make_constant(token.line, {}) : parse();
}

Expression ExpressionParser::parse_subscript(Expression subject) {
  const int line = tokens_.line();
  if (tokens_.peek().is_operator("]")) tokens_.refuse("a value");
  std::vector<Expression> operands = operands_of(std::move(subject), parse_slice_part());
  if (!tokens_.skip_operator(":")) {
    if (tokens_.peek().is_operator(",")) throw SyntaxError(line, "an item by several indices is not supported");
    tokens_.expect_operator("]");
    return make_expression(Node::Item, line, std::move(operands));
  }
  operands.push_back(parse_slice_part());
  operands.push_back(tokens_.skip_operator(":") ? parse_slice_part() : make_constant(line, {}));
  tokens_.expect_operator("]");
  return make_expression(Node::Slice, line, std::move(operands));
}

void ExpressionParser::parse_arguments(Expression& call) {
  tokens_.expect_operator("(");
  bool begun = false;
  while (!tokens_.skip_operator(")")) {
    if (begun) {
      tokens_.expect_operator(",");
      if (tokens_.skip_operator(")")) break;
    }
    begun = true;
    if (tokens_.peek().is_operator("*") || tokens_.peek().is_operator("**"))
      throw SyntaxError(tokens_.line(), "* and ** before an argument are not supported");
    if (tokens_.peek().is(Token::Kind::Name) && tokens_.peek(1).is_operator("=")) {
      call.keywords.push_back(tokens_.take().text);
      tokens_.take();
    } else if (!call.keywords.empty()) {
      throw SyntaxError(tokens_.line(), "an argument without a name stands behind one with a name");
    }
    add_operand(call, parse());
  }
}

Expression ExpressionParser::parse_call(Expression callee) {
  Expression call = make_expression(Node::Call, tokens_.line(), operands_of(std::move(callee)));
  parse_arguments(call);
  return call;
}

Expression ExpressionParser::parse_filter(Expression subject) {
  const int line = tokens_.line();
  std::string name = tokens_.expect_any_name();
  while (tokens_.skip_operator(".")) name.append(1, '.').append(tokens_.expect_any_name());
  Expression filter = make_expression(Node::Filter, line, operands_of(std::move(subject)), std::move(name));
  if (tokens_.peek().is_operator("(")) parse_arguments(filter);
  return filter;
}

Expression ExpressionParser::parse_filters(Expression subject) {
  while (tokens_.skip_operator("|")) subject = parse_filter(std::move(subject));
  return subject;
}

Expression ExpressionParser::parse_filter_block(Expression subject) {
  return parse_filters(parse_filter(std::move(subject)));
}

Expression ExpressionParser::parse_test(Expression subject) {
  const int line = tokens_.line();
  tokens_.expect_name("is");
  const bool negated = tokens_.skip_name("not");
  std::string name = tokens_.expect_any_name();
  Expression test = make_expression(Node::Test, line, operands_of(std::move(subject)), std::move(name));
  const Token& next = tokens_.peek();
  const bool ends = next.is_name("else") || next.is_name("or") || next.is_name("and");
  if (next.is_operator("(")) {
    parse_arguments(test);
  } else if (next.is_name("is")) {
    throw SyntaxError(line, "two tests with `is` stand one behind the other");
  } else if (!ends && (next.is(Token::Kind::Name) || next.is(Token::Kind::String) || next.is(Token::Kind::Number) ||
                       next.is_operator("[") || next.is_operator("{"))) {
    add_operand(test, parse_postfix(parse_primary()));
  }
  return negated ? make_expression(Node::Not, line, operands_of(std::move(test))) : std::move(test);
}

Expression ExpressionParser::parse_target_part(bool with_namespace) {
  const int line = tokens_.line();
  if (tokens_.skip_operator("(")) {
    Expression inner = parse_target(with_namespace);
    tokens_.expect_operator(")");
    return inner;
  }
  std::string name = tokens_.expect_any_name();
  static constexpr std::array<std::string_view, 6> kConstants = {"true", "True", "false", "False", "none", "None"};
  if (std::find(kConstants.begin(), kConstants.end(), name) != kConstants.end())
    throw SyntaxError(line, fmt::format("{} cannot be set", name));
  Expression target = make_expression(Node::Name, line, {}, std::move(name));
  if (!with_namespace || !tokens_.skip_operator(".")) return target;
  std::string attribute = tokens_.expect_any_name();
  return make_expression(Node::Attribute, line, operands_of(std::move(target)), std::move(attribute));
}

Expression ExpressionParser::parse_target(bool with_namespace) {
  if (++depth_ > Limits::kSyntaxDepth) throw SyntaxError(tokens_.line(), "what is set is nested too deep");
  const int line = tokens_.line();
  std::vector<Expression> parts;
  parts.push_back(parse_target_part(with_namespace));
  bool is_tuple = false;
  while (tokens_.skip_operator(",")) {
    is_tuple = true;
    if (!tokens_.peek().is(Token::Kind::Name) && !tokens_.peek().is_operator("(")) break;
    if (tokens_.peek().is_name("in")) break;
    parts.push_back(parse_target_part(with_namespace));
  }
  --depth_;
  return is_tuple ? make_expression(Node::Tuple, line, std::move(parts)) : std::move(parts[0]);
}

}  // namespace r1::tokenizer::jinja
