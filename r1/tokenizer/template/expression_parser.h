// Expressions, by Jinja's precedence from loose to tight: a if b else c; or; and; not; comparisons, in; + -; ~;
// * / // %; **; signs; .name [item] (call); | filter, is test.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "r1/tokenizer/template/ast.h"
#include "r1/tokenizer/template/token_stream.h"

namespace r1::tokenizer::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  Expression parse(bool with_condition = true);
  /// Also `a, b` without parentheses: a Tuple.
  Expression parse_tuple(bool with_condition = true, bool in_parentheses = false);
  /// What may be set: a name, `a, b`, or with `with_namespace` ns.name.
  Expression parse_target(bool with_namespace);
  /// | filter | filter ... behind `subject`.
  Expression parse_filters(Expression subject);
  /// One filter without its |, as {% filter name %} has it, and more behind it.
  Expression parse_filter_block(Expression subject);

  /// How often the name `loop` was read so far.
  int loop_mentions() const { return loop_mentions_; }
  /// In a macro, Jinja's implicit names are refused: they would be undefined here.
  void set_in_macro(bool in_macro) { in_macro_ = in_macro; }
  bool in_macro() const { return in_macro_; }

 private:
  using Level = Expression (ExpressionParser::*)();
  Expression parse_or();
  Expression parse_and();
  Expression parse_not();
  Expression parse_compare();
  Expression parse_sum();
  Expression parse_concat();
  Expression parse_product();
  Expression parse_power();
  Expression parse_filtered_unary() { return parse_unary(true); }
  Expression parse_unary(bool with_filters);
  Expression parse_primary();
  Expression parse_name();
  Expression parse_list();
  Expression parse_dict();
  Expression parse_postfix(Expression subject);
  Expression parse_subscript(Expression subject);
  Expression parse_slice_part();
  Expression parse_call(Expression callee);
  Expression parse_filter(Expression subject);
  Expression parse_test(Expression subject);
  Expression parse_target_part(bool with_namespace);
  void parse_arguments(Expression& call);
  Expression parse_chain(Level next, std::initializer_list<const char*> operators);
  bool at_tuple_end() const;

  TokenStream& tokens_;
  int depth_ = 0, loop_mentions_ = 0;
  bool in_macro_ = false;
};

/// A node over `operands`; SyntaxError when it is nested deeper than Limits::kSyntaxDepth.
Expression make_expression(Expression::Kind kind, int line, std::vector<Expression> operands, std::string text = "");
Expression make_constant(int line, Value value);
void add_operand(Expression& expression, Expression operand);  // SyntaxError likewise
std::vector<Expression> operands_of(Expression&& a);
std::vector<Expression> operands_of(Expression&& a, Expression&& b);

}  // namespace r1::tokenizer::jinja
