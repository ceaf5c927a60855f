// Arguments matched to parameters.
#include "r1/tokenizer/template/bound.h"

namespace r1::tokenizer::jinja {

Bound::Bound(const Arguments& arguments, std::string callee, std::initializer_list<const char*> parameters,
             std::size_t required)
    : callee_(std::move(callee)), given_(parameters.size(), nullptr) {
  if (arguments.positional.size() > given_.size())
    fail("{} takes at most {} arguments, not {}", callee_, given_.size(), arguments.positional.size());
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) given_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    std::size_t i = 0;
    for (const char* parameter : parameters) {
      if (name == parameter) break;
      ++i;
    }
    if (i == given_.size()) fail("{} has no argument {}", callee_, name);
    if (given_[i] != nullptr) fail("{} is given the argument {} twice", callee_, name);
    given_[i] = &value;
  }
  for (std::size_t i = 0; i < required; ++i)
    if (given_[i] == nullptr) fail("{} needs {} argument{}", callee_, required, required == 1 ? "" : "s");
}

const Value& Bound::at(std::size_t i) const {
  static const Value none;
  return given_[i] != nullptr ? *given_[i] : none;
}

bool Bound::flag(std::size_t i, bool otherwise) const { return has(i) ? truth(at(i)) : otherwise; }

std::int64_t Bound::integer(std::size_t i, std::int64_t otherwise) const {
  if (at(i).is(Kind::None)) return otherwise;
  if (!at(i).is_integer()) fail("{} needs an int as argument {}, not {}", callee_, i + 1, type_name(at(i)));
  return at(i).as_integer();
}

const std::string& Bound::text(std::size_t i) const {
  if (at(i).is(Kind::Undefined)) fail("{}", at(i).why_undefined());
  if (!at(i).is(Kind::String)) fail("{} needs a str as argument {}, not {}", callee_, i + 1, type_name(at(i)));
  return at(i).as_text();
}

}  // namespace r1::tokenizer::jinja
