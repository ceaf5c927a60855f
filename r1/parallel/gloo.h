// c10d's Gloo backend, which is part of libtorch_cpu. Its header names types of Gloo's own headers, which the wheel
// leaves out: gloo/ declares those few, and only gloo.cc sees them.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "r1/parallel/world.h"

namespace r1::parallel {

/// Connects all processes with each other; `store` is how they find each other. Throws c10::Error.
c10::intrusive_ptr<c10d::Backend> make_gloo(const c10::intrusive_ptr<c10d::Store>& store, const World& world);

}  // namespace r1::parallel
