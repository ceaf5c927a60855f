// A template's source to its tree. Statements: if, for, set, macro, filter, with, generation, break, continue, raw and
// comments; every other one (include, import, block, call, do, ...) is refused by name.
#pragma once

#include <string>

#include "r1/tokenizer/template/ast.h"

namespace r1::tokenizer::jinja {

/// SyntaxError names the line.
Body parse_template(const std::string& source);

}  // namespace r1::tokenizer::jinja
