// Result<T>: a value, or one line that says why there is none. For what is expected to fail (a bad record, a sandbox
// time-out, a malformed request). It is not for bugs: those are R1_CHECK.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "r1/core/error.h"

namespace r1::core {

/// The reason why a Result holds no value.
struct Failure {
  std::string why;
};

template <class T>
class Result {
 public:
  Result(T value) : state_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Failure failure) : state_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  /// The value; throws r1::Error when there is none.
  const T& value() const {
    R1_CHECK(ok(), "Result has no value: {}", std::get<Failure>(state_).why);
    return std::get<T>(state_);
  }
  T& value() {
    R1_CHECK(ok(), "Result has no value: {}", std::get<Failure>(state_).why);
    return std::get<T>(state_);
  }
  /// Why there is no value; empty when there is one.
  const std::string& why() const {
    static const std::string kNone;
    return ok() ? kNone : std::get<Failure>(state_).why;
  }

 private:
  std::variant<T, Failure> state_;
};

}  // namespace r1::core
