// Bytes of tokens to whole characters: what a token cut in two is held back until the rest comes, so that a stream of
// text never shows half a character. Its output is valid UTF-8: a byte that belongs to no character becomes U+FFFD.
#pragma once

#include <string>
#include <string_view>

namespace r1::serve {

class Utf8Stream {
 public:
  /// All that is complete after `bytes`, in order.
  std::string push(std::string_view bytes);
  /// What an unfinished character at the end of the stream becomes: U+FFFD, or nothing when there is none.
  std::string finish();

 private:
  std::string held_;
};

}  // namespace r1::serve
