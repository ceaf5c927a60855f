// Named stretches of host work, seen by a profile (profile.h) and by nothing else: without one a range costs a few
// nanoseconds.
#pragma once

#include <ATen/record_function.h>

namespace r1::tensor {

/// A kind of work of a run, from here to the end of the scope: data, forward, backward, optimizer, rollout, checkpoint,
/// collective, ... `kind` is a literal.
class Range {
 public:
  explicit Range(const char* kind) : record_(at::RecordScope::USER_SCOPE) {
    if (record_.isActive()) record_.before(kind);
  }

 private:
  at::RecordFunction record_;
};

/// One of our operators; libtorch's own are seen without.
class OpRange {
 public:
  explicit OpRange(const char* name) : record_(at::RecordScope::FUNCTION) {
    if (record_.isActive()) record_.before(name);
  }

 private:
  at::RecordFunction record_;
};

}  // namespace r1::tensor
