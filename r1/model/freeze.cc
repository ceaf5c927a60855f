// Freezing by name (freeze.h).
#include "r1/model/freeze.h"

#include <fnmatch.h>

#include <algorithm>

#include "r1/core/error.h"

namespace r1::model {

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

void freeze(Decoder& model, const std::vector<std::string>& patterns, const std::string& where) {
  const std::vector<Parameter> parameters = model.parameters();
  for (const std::string& pattern : patterns) {
    const bool any = std::any_of(parameters.begin(), parameters.end(),
                                 [&](const Parameter& p) { return matches_any({pattern}, p.name); });
    if (!any)
      user_error("{}: '{}' matches no parameter of the model; names are such as {} and {}", where, pattern,
                 parameters.front().name, parameters[1].name);
  }
  bool trains = false;
  for (const Parameter& p : parameters) {
    if (matches_any(patterns, p.name)) p.tensor->requires_grad_(false);
    trains = trains || p.tensor->requires_grad();
  }
  if (!trains) user_error("{}: nothing is left to train", where);
}

}  // namespace r1::model
