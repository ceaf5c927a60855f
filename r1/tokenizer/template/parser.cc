// Statements from tokens.
#include "r1/tokenizer/template/parser.h"

#include <algorithm>
#include <initializer_list>

#include "r1/tokenizer/template/expression_parser.h"

namespace r1::tokenizer::jinja {
namespace {

using Verb = Statement::Kind;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)), expressions_(tokens_) {}

  Body parse() {
    Body body = parse_body({});
    return body;
  }

 private:
  Statement make(Verb kind) const {
    Statement statement;
    statement.kind = kind;
    statement.line = tokens_.line();
    return statement;
  }

  /// Up to one of the tags `ends` (whose name stays the current token), or without any up to the template's end.
  Body parse_body(std::initializer_list<const char*> ends) {
    if (++depth_ > Limits::kSyntaxDepth) throw SyntaxError(tokens_.line(), "blocks are nested too deep");
    Body body;
    const int begun = tokens_.line();
    while (!tokens_.peek().is(Token::Kind::End)) {
      if (tokens_.peek().is(Token::Kind::Text)) {
        body.push_back(make(Verb::Text));
        body.back().text = tokens_.take().text;
      } else if (tokens_.peek().is(Token::Kind::OutputBegin)) {
        body.push_back(parse_output());
      } else {
        tokens_.expect(Token::Kind::BlockBegin);
        if (std::any_of(ends.begin(), ends.end(), [&](const char* end) { return tokens_.peek().is_name(end); })) {
          --depth_;
          return body;
        }
        body.push_back(parse_statement());
        tokens_.expect(Token::Kind::BlockEnd);
      }
    }
    if (ends.size() > 0) throw SyntaxError(begun, fmt::format("this block has no {}", *(ends.end() - 1)));
    --depth_;
    return body;
  }

  /// The rest of a tag, its body, and the name of the tag that ends it.
  Body parse_block(std::initializer_list<const char*> ends) {
    tokens_.skip_operator(":");
    tokens_.expect(Token::Kind::BlockEnd);
    return parse_body(ends);
  }

  Statement parse_output() {
    Statement output = make(Verb::Output);
    tokens_.take();
    output.expressions.push_back(expressions_.parse_tuple());
    tokens_.expect(Token::Kind::OutputEnd);
    return output;
  }

  Statement parse_statement() {
    const Token& tag = tokens_.peek();
    if (!tag.is(Token::Kind::Name)) tokens_.refuse("a statement");
    if (tag.text == "if") return parse_if();
    if (tag.text == "for") return parse_for();
    if (tag.text == "set") return parse_set();
    if (tag.text == "macro") return parse_macro();
    if (tag.text == "filter") return parse_filter();
    if (tag.text == "with") return parse_with();
    if (tag.text == "generation") return parse_generation();
    if (tag.text == "break") return parse_jump(Verb::Break);
    if (tag.text == "continue") return parse_jump(Verb::Continue);
    if (tag.text.starts_with("end") || tag.text == "else" || tag.text == "elif")
      throw SyntaxError(tag.line, fmt::format("{} ends no block", tag.text));
    throw SyntaxError(tag.line, fmt::format("the statement {} is not supported", tag.text));
  }

  Statement parse_if() {
    Statement branches = make(Verb::If);
    while (!tokens_.skip_name("endif")) {
      if (tokens_.skip_name("else")) {
        branches.bodies.push_back(parse_block({"endif"}));
      } else {
        tokens_.take();  // if, elif
        branches.expressions.push_back(expressions_.parse_tuple(false));
        branches.bodies.push_back(parse_block({"elif", "else", "endif"}));
      }
    }
    return branches;
  }

  Statement parse_for() {
    Statement loop = make(Verb::For);
    tokens_.take();
    loop.target = expressions_.parse_target(false);
    tokens_.expect_name("in");
    loop.expressions.push_back(expressions_.parse_tuple(false));
    if (tokens_.skip_name("if")) loop.expressions.push_back(expressions_.parse());
    if (tokens_.peek().is_name("recursive"))
      throw SyntaxError(tokens_.line(), "a recursive loop is not supported; use a macro");
    const int mentions = expressions_.loop_mentions();
    ++loops_;
    loop.bodies.push_back(parse_block({"else", "endfor"}));
    --loops_;
    loop.uses_loop = expressions_.loop_mentions() > mentions;
    loop.bodies.emplace_back();
    if (tokens_.skip_name("else")) loop.bodies.back() = parse_block({"endfor"});
    tokens_.expect_name("endfor");
    return loop;
  }

  Statement parse_set() {
    Statement set = make(Verb::Set);
    tokens_.take();
    set.target = expressions_.parse_target(true);
    if (tokens_.skip_operator("=")) {
      set.expressions.push_back(expressions_.parse_tuple());
      return set;
    }
    set.kind = Verb::SetBlock;
    set.expressions.push_back(expressions_.parse_filters(captured()));
    set.bodies.push_back(parse_block({"endset"}));
    tokens_.take();
    return set;
  }

  Expression captured() const { return make_expression(Expression::Kind::Captured, tokens_.line(), {}); }

  Statement parse_macro() {
    Statement macro = make(Verb::Macro);
    tokens_.take();
    macro.text = tokens_.expect_any_name();
    tokens_.expect_operator("(");
    while (!tokens_.skip_operator(")")) {
      if (!macro.parameters.empty()) tokens_.expect_operator(",");
      macro.parameters.push_back(tokens_.expect_any_name());
      if (tokens_.skip_operator("=")) {
        macro.expressions.push_back(expressions_.parse());
      } else if (!macro.expressions.empty()) {
        throw SyntaxError(tokens_.line(), "a parameter without default stands behind one with a default");
      }
    }
    const bool outer = expressions_.in_macro();
    expressions_.set_in_macro(true);
    macro.bodies.push_back(parse_apart("endmacro"));
    expressions_.set_in_macro(outer);
    return macro;
  }

  /// A body that no break or continue leaves.
  Body parse_apart(const char* end) {
    const int loops = std::exchange(loops_, 0);
    Body body = parse_block({end});
    tokens_.take();
    loops_ = loops;
    return body;
  }

  Statement parse_filter() {
    Statement filter = make(Verb::Filter);
    tokens_.take();
    filter.expressions.push_back(expressions_.parse_filter_block(captured()));
    filter.bodies.push_back(parse_block({"endfilter"}));
    tokens_.take();
    return filter;
  }

  Statement parse_with() {
    Statement with = make(Verb::With);
    tokens_.take();
    while (!tokens_.peek().is(Token::Kind::BlockEnd)) {
      if (!with.parameters.empty()) tokens_.expect_operator(",");
      with.parameters.push_back(tokens_.expect_any_name());
      tokens_.expect_operator("=");
      with.expressions.push_back(expressions_.parse());
    }
    with.bodies.push_back(parse_block({"endwith"}));
    tokens_.take();
    return with;
  }

  Statement parse_generation() {
    Statement scope = make(Verb::Scope);
    tokens_.take();
    scope.bodies.push_back(parse_apart("endgeneration"));
    return scope;
  }

  Statement parse_jump(Verb kind) {
    Statement jump = make(kind);
    if (loops_ == 0) throw SyntaxError(jump.line, fmt::format("{} stands outside of a loop", tokens_.peek().text));
    tokens_.take();
    return jump;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  int depth_ = 0, loops_ = 0;
};

}  // namespace

Body parse_template(const std::string& source) { return Parser(tokenize(source)).parse(); }

}  // namespace r1::tokenizer::jinja
