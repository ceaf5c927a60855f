// Bytes that print as themselves in Latin-1 (33-126, 161-172, 174-255) stand for themselves; the other 68 get the code
// points from 256 on, in byte order. All code points are below 0x800, so a printable character is one or two bytes of
// UTF-8.
#include "r1/tokenizer/byte_level.h"

#include <algorithm>

namespace r1::tokenizer {
namespace {

constexpr int kNoByte = -1;
constexpr std::size_t kNumCodePoints = 256 + 68;

struct Tables {
  std::array<std::string, 256> printable;
  std::array<int, kNumCodePoints> byte_of;
  std::array<std::uint8_t, 256> order;
};

bool prints_as_itself(int byte) { return (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173); }

std::string utf8_below_0x800(std::size_t code_point) {
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xC0 | (code_point >> 6)), static_cast<char>(0x80 | (code_point & 0x3F))};
}

Tables make_tables() {
  Tables tables;
  tables.byte_of.fill(kNoByte);
  std::size_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const std::size_t code_point = prints_as_itself(byte) ? static_cast<std::size_t>(byte) : next++;
    tables.printable[byte] = utf8_below_0x800(code_point);
    tables.byte_of[code_point] = byte;
  }
  std::size_t position = 0;
  for (const int byte : tables.byte_of)
    if (byte != kNoByte) tables.order[position++] = static_cast<std::uint8_t>(byte);
  return tables;
}

const Tables& tables() {
  static const Tables kTables = make_tables();
  return kTables;
}

}  // namespace

const std::array<std::uint8_t, 256>& byte_alphabet() { return tables().order; }

std::string to_printable(std::string_view bytes) {
  std::string printable;
  printable.reserve(bytes.size() * 2);
  for (const char c : bytes) printable += tables().printable[static_cast<std::uint8_t>(c)];
  return printable;
}

std::optional<std::string> from_printable(std::string_view printable) {
  std::string bytes;
  for (std::size_t i = 0; i < printable.size(); ++i) {
    std::size_t code_point = static_cast<std::uint8_t>(printable[i]);
    if (code_point >= 0x80) {
      const bool two_bytes = (code_point & 0xE0) == 0xC0 && i + 1 < printable.size();
      if (!two_bytes) return std::nullopt;
      code_point = (code_point & 0x1F) << 6 | (static_cast<std::uint8_t>(printable[++i]) & 0x3F);
    }
    if (code_point >= kNumCodePoints || tables().byte_of[code_point] == kNoByte) return std::nullopt;
    bytes += static_cast<char>(tables().byte_of[code_point]);
  }
  return bytes;
}

}  // namespace r1::tokenizer
