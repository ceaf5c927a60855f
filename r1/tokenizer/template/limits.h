// How a template fails, and how much one rendering may do: a template comes with a checkpoint, so it is a stranger's
// program. Steps bound the time, bytes the memory, depth the stack. The bounds lie far above what conversations of a
// million characters need.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace r1::tokenizer::jinja {

/// What is wrong, without its place: whoever knows file and line adds them and makes it a UserError.
class TemplateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The template called raise_exception: it does not accept this conversation.
class RaisedError : public TemplateError {
 public:
  using TemplateError::TemplateError;
};

/// The source cannot be read; `line` counts from 1.
class SyntaxError : public TemplateError {
 public:
  SyntaxError(int at_line, const std::string& what) : TemplateError(what), line(at_line) {}
  int line;
};

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw TemplateError(fmt::format(format, std::forward<Args>(args)...));
}

/// Counts down what one rendering may do; TemplateError when it is used up.
class Limits {
 public:
  static constexpr std::int64_t kSteps = 5'000'000;
  static constexpr std::int64_t kBytes = std::int64_t{128} << 20;  // made in all, not held at once
  static constexpr int kDepth = 600;        // nested evaluations, macro calls included
  static constexpr int kValueDepth = 100;   // a list in a list in a ...
  static constexpr int kSyntaxDepth = 150;  // parentheses, chains of operators, nested blocks

  Limits() = default;
  explicit Limits(std::int64_t steps) : steps_(steps) {}

  void step(std::size_t count = 1) { take(steps_, count, "steps"); }
  /// Before `count` bytes are made; sizes that are no number of bytes yet (products) are given as doubles.
  void bytes(std::size_t count) { take(bytes_, count, "bytes of text and values"); }
  void bytes_product(std::size_t count, std::size_t size) {
    if (static_cast<double>(count) * static_cast<double>(size) > static_cast<double>(kBytes)) bytes(kBytes + 1);
    bytes(count * size);
  }
  /// One pass over a text, `weight` times.
  void scan(std::size_t text_bytes, std::size_t weight = 1) { step(1 + text_bytes / 16 * weight); }
  void enter() {
    if (++depth_ > kDepth) fail("it is nested or calls itself more than {} deep", kDepth);
  }
  void leave() { --depth_; }

 private:
  static void take(std::int64_t& left, std::size_t count, const char* what) {
    if (count > static_cast<std::size_t>(left)) fail("it makes more {} than one rendering may", what);
    left -= static_cast<std::int64_t>(count);
  }
  std::int64_t steps_ = kSteps, bytes_ = kBytes;
  int depth_ = 0;
};

}  // namespace r1::tokenizer::jinja
