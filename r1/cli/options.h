// Command-line options from config fields: every field of a verb's configuration is an option `--name` (nested: --a.b),
// with its default and its help, so that `r1 VERB --help` and recipes are described in the same way. Lists take several
// values.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "r1/core/config.h"

namespace r1::cli {

/// Adds one option a field to `app`; parsing writes into the fields, which must outlive it.
void add_options(CLI::App& app, const core::FieldsFunction& visit);

template <core::HasFields T>
void add_options(CLI::App& app, T& config) {
  add_options(app, [&](core::FieldVisitor& v) { fields(v, config); });
}

}  // namespace r1::cli
