// A template as a tree: what the parser makes and the interpreter walks. It never changes after parsing.
#pragma once

#include <string>
#include <vector>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

struct Expression {
  enum class Kind {
    Constant,     // constant
    Name,         // text
    List,         // operands
    Tuple,        // operands
    Dict,         // operands: key, value, key, value, ...
    Attribute,    // operands[0].text
    Item,         // operands[0][operands[1]]
    Slice,        // operands[0][operands[1]:operands[2]:operands[3]]
    Call,         // operands[0](the other operands; the last ones have the names `keywords`)
    Filter,       // operands[0] | text(the other operands)
    Test,         // operands[0] is text(the other operands)
    Not,          // not operands[0]
    Negative,     // - operands[0]
    Positive,     // + operands[0]
    And,          // operands[0] and operands[1]
    Or,           // operands[0] or operands[1]
    Compare,      // operands[0] keywords[0] operands[1] keywords[1] ...
    Arithmetic,   // operands[0] text operands[1]
    Concat,       // operands[0] ~ operands[1] ~ ...
    Conditional,  // operands[1] if operands[0] else operands[2]
    Captured,     // the text of the block whose filter this is
  };
  Kind kind = Kind::Constant;
  int line = 1;
  std::string text;
  Value constant;
  std::vector<Expression> operands;
  std::vector<std::string> keywords;
  int depth = 1;  // 1 + that of the deepest operand
};

struct Statement {
  enum class Kind {
    Text,      // text
    Output,    // {{ expressions[0] }}
    If,        // bodies[i] where expressions[i] is the first that holds; one more body: else
    For,       // for target in expressions[0] [if expressions[1]]: bodies[0], else bodies[1]
    Set,       // target = expressions[0]
    SetBlock,  // target = the text of bodies[0], through the filter expressions[0]
    Macro,     // text(parameters), expressions: the defaults of the last ones
    Filter,    // the text of bodies[0] through expressions[0]
    Scope,     // bodies[0] with names of its own (generation)
    With,      // parameters = expressions, then bodies[0]
    Break,
    Continue,
  };
  Kind kind = Kind::Text;
  int line = 1;
  std::string text;
  Expression target;  // Name, Tuple of targets, or Attribute of a Name (a namespace)
  std::vector<Expression> expressions;
  std::vector<std::string> parameters;
  std::vector<std::vector<Statement>> bodies;
  bool uses_loop = false;  // For: the body mentions `loop`
};

using Body = std::vector<Statement>;

}  // namespace r1::tokenizer::jinja
