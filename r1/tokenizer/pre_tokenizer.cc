// PCRE2 with JIT. Where it differs from Oniguruma's default (Ruby) syntax the expression is rewritten: \s is Unicode's
// White_Space (PCRE2 adds U+180E), ^ and $ match at every line, classes nest and intersect (refused).
#include "r1/tokenizer/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "r1/core/error.h"

namespace r1::tokenizer {
namespace {

constexpr const char* kWhiteSpace = "\\x09-\\x0d\\x20\\x{85}\\x{a0}\\p{Z}";
constexpr std::size_t kMaxJitStack = std::size_t{4} << 20;

std::string error_text(int code) {
  char buffer[256];
  pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(buffer), sizeof buffer);
  return buffer;
}

/// The bytes of the valid UTF-8 character at the start of `s` (1-4), or 0. Table 3-7 of the Unicode standard.
std::size_t char_length(const unsigned char* s, std::size_t size) {
  if (s[0] < 0x80) return 1;
  const auto continues = [&](std::size_t i) { return i < size && (s[i] & 0xC0) == 0x80; };
  if (s[0] >= 0xC2 && s[0] <= 0xDF) return continues(1) ? 2 : 0;
  if (s[0] >= 0xE0 && s[0] <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    const bool overlong = s[0] == 0xE0 && s[1] < 0xA0;
    const bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (s[0] >= 0xF0 && s[0] <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    const bool overlong = s[0] == 0xF0 && s[1] < 0x90;
    const bool too_high = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || too_high ? 0 : 4;
  }
  return 0;
}

[[noreturn]] void refuse(const std::string& pattern, const std::string& where, const char* what) {
  user_error("{}: pattern {} uses {}, which is not supported: write it as a plain class", where, pattern, what);
}

/// The expression in PCRE2's syntax (see the top of this file).
std::string to_pcre2(const std::string& pattern, const std::string& where) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (c == '\\' && next != '\0') {
      if (next == 's') {
        out += in_class ? kWhiteSpace : fmt::format("[{}]", kWhiteSpace);
      } else if (next == 'S' && !in_class) {
        out += fmt::format("[^{}]", kWhiteSpace);
      } else {
        out += {c, next};
      }
      ++i;
      continue;
    }
    if (in_class && c == '[' && next != ':') refuse(pattern, where, "a class inside a class");
    if (in_class && c == '&' && next == '&') refuse(pattern, where, "an intersection of classes (&&)");
    out += c;
    if (in_class && c == '[') {  // [:name:]
      const std::size_t close = pattern.find(":]", i);
      if (close == std::string::npos) refuse(pattern, where, "[: without :]");
      out += pattern.substr(i + 1, close + 1 - i);
      i = close + 1;
    } else if (!in_class && c == '[') {
      in_class = true;
      if (next == '^') out += pattern[++i];
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') refuse(pattern, where, "] as the first member of a class");
    } else if (c == ']') {
      in_class = false;
    }
  }
  return out;
}

/// What a match needs and no two threads may share.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32768, kMaxJitStack, nullptr);
  std::size_t bounded_bytes = SIZE_MAX;  // what the bounds are set for
  Scratch() { pcre2_jit_stack_assign(context, nullptr, stack); }
  /// An expression may come with a stranger's checkpoint: a match tries so often, and remembers so many places to go
  /// back to, as no sensible one does, which goes over a text a few times.
  void bound(std::size_t text_bytes) {
    if (text_bytes == bounded_bytes) return;
    bounded_bytes = text_bytes;
    constexpr std::size_t kTries = 1'000'000, kTriesPerByte = 64, kKilobytes = 256 << 10;
    const auto limit = [](std::size_t value) {
      return static_cast<std::uint32_t>(std::min<std::size_t>(value, UINT32_MAX));
    };
    pcre2_set_match_limit(context, limit(kTries + kTriesPerByte * text_bytes));
    pcre2_set_heap_limit(context, limit(kKilobytes + text_bytes));
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
};

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t eight = 0;
    while (i + 8 <= text.size() && (std::memcpy(&eight, s + i, 8), (eight & 0x8080808080808080ULL) == 0)) i += 8;
    if (i == text.size()) break;
    const std::size_t length = char_length(s + i, text.size() - i);
    if (length == 0) break;
    i += length;
  }
  return i;
}

std::size_t invalid_utf8_prefix(std::string_view text) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t i = 0;
  while (i < text.size() && char_length(s + i, text.size() - i) == 0) ++i;
  return i;
}

struct PreTokenizer::Pattern {
  struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  };
  std::unique_ptr<pcre2_code, Free> code;
};

PreTokenizer::PreTokenizer(const std::vector<std::string>& patterns, const std::string& where) {
  for (const std::string& pattern : patterns) {
    const std::string text = to_pcre2(pattern, where);
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto compiled = std::make_unique<Pattern>();
    compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                       PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
                                       &offset, nullptr));
    if (!compiled->code) {
      user_error("{}: pattern {}: {} (near byte {} of {})", where, pattern, error_text(error), offset, text);
    }
    pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE);  // where there is no JIT, pcre2_match interprets
    patterns_.push_back(std::move(compiled));
  }
}

PreTokenizer::~PreTokenizer() = default;

PreTokenizer::Match PreTokenizer::find(std::size_t level, std::string_view text, std::size_t from) const {
  thread_local Scratch scratch;
  scratch.bound(text.size());
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const pcre2_code* code = patterns_[level]->code.get();
  int rc = pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK, scratch.data, scratch.context);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
    rc =
        pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, scratch.data, scratch.context);
  }
  if (rc == PCRE2_ERROR_NOMATCH) return {};
  if (rc < 0)
    user_error("pre-tokenizer: pattern {} can't cut a text of {} bytes: {}", level, text.size(), error_text(rc));
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(scratch.data);
  return {true, bounds[0], bounds[1]};
}

}  // namespace r1::tokenizer
