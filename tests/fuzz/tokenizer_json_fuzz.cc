// Loads a tokenizer.json, encodes a text of many scripts and of bytes that are no UTF-8, decodes it and writes the file
// again.
#include <cstdint>
#include <string>
#include <vector>

#include "r1/tokenizer/tokenizer.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/targets.h"

namespace r1::fuzz {

namespace {

constexpr std::string_view kText =
    "Hello, wörld! it's 12345.67   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\t\r\n 北京 e\xcc\x81\xff\xc3 "
    "\xf0\x9f\x98\x80 <|end|>";

}  // namespace

void tokenizer_json(std::string_view bytes) {
  const auto file = input_file("tokenizer.json", bytes);
  accepted([&] {
    const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(file);
    for (const bool parse_special : {true, false}) {
      const std::vector<std::int32_t> ids = tokenizer.encode(kText, parse_special);
      tokenizer.decode(ids, parse_special);
    }
    tokenizer.to_json();
  });
}

}  // namespace r1::fuzz
