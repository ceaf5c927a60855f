// ExpressionParser: literals, names, items, calls, filters, tests, and what may be set.
#include <algorithm>
#include <array>

#include "r1/tokenizer/template/expression_parser.h"

namespace r1::tokenizer::jinja {

using Node = Expression::Kind;

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
