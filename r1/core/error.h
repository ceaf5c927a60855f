// The two ways to fail. R1_CHECK throws r1::Error with file:line and values: a bug, or a bad configuration. A mistake
// of the user's (wrong key, missing file, broken record) is r1::UserError, thrown by user_error(): one clear line that
// says what, where and what to do; main turns it into exit code 2. What is expected to fail returns core::Result
// (result.h) instead.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace r1 {

/// A bug or a broken invariant; what() carries file:line and values. main exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A mistake of the user's; what() is the one line they read. main exits with 2.
class UserError : public Error {
 public:
  using Error::Error;
};

/// Throws UserError with a formatted message. Say what is wrong, where (file, line, key) and what to do.
template <class... Args>
[[noreturn]] void user_error(fmt::format_string<Args...> format, Args&&... args) {
  throw UserError(fmt::format(format, std::forward<Args>(args)...));
}

namespace core {
[[noreturn]] void fail_check(const char* file, int line, const char* condition, const std::string& message);
}  // namespace core

}  // namespace r1

/// R1_CHECK(cond, "num_experts {} is no multiple of num_groups {}", a, b)
#define R1_CHECK(condition, ...)                                                                          \
  do {                                                                                                    \
    if (!(condition)) ::r1::core::fail_check(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
