// The arguments of one call, matched to the parameters' names as Python does.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "r1/tokenizer/template/value.h"

namespace r1::tokenizer::jinja {

class Bound {
 public:
  /// TemplateError on too many arguments, an unknown name, a name given twice, or fewer than `required`.
  Bound(const Arguments& arguments, std::string callee, std::initializer_list<const char*> parameters,
        std::size_t required = 0);

  bool has(std::size_t i) const { return given_[i] != nullptr; }
  /// None when it was not given.
  const Value& at(std::size_t i) const;
  bool flag(std::size_t i, bool otherwise) const;  // its truth
  /// TemplateError when it was given as another kind. None counts as not given.
  std::int64_t integer(std::size_t i, std::int64_t otherwise) const;
  const std::string& text(std::size_t i) const;  // must be given

 private:
  std::string callee_;
  std::vector<const Value*> given_;  // one a parameter; they live in the Arguments
};

}  // namespace r1::tokenizer::jinja
