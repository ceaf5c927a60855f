// The throwing half of R1_CHECK: file:line, the condition's text and the values in one message.
// It is not for a user's mistakes: those are user_error().
#include "r1/core/error.h"

namespace r1::core {

void fail_check(const char* file, int line, const char* condition, const std::string& message) {
  throw Error(fmt::format("{}:{}: check failed: {}: {}", file, line, condition, message));
}

}  // namespace r1::core
