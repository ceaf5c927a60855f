// Event and Summary in protobuf's wire format, by hand: libtorch_cpu.so exports its own protobuf, and a second copy in
// one process clashes with it. Field numbers are those of tensorflow/core/util/event.proto and framework/summary.proto:
//   Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log
//   = 7; } Summary { repeated Value value = 1; }   Value { string tag = 1; float simple_value = 2; }   SessionLog {
//   Status status = 1; }
#include "r1/monitor/tfrecord.h"

#include <array>
#include <bit>

namespace r1::monitor {

namespace {

enum class Wire : std::uint64_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0u);
    table[byte] = crc;
  }
  return table;
}();

/// TFRecord stores a rotated and shifted CRC, so that a CRC over data that holds CRCs stays meaningful.
std::uint32_t masked(std::uint32_t crc) { return std::rotr(crc, 15) + 0xa282ead8u; }

template <class Unsigned>
void put_fixed(std::string& out, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(value); ++i) out += static_cast<char>(value >> 8 * i & 0xff);
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

void put_key(std::string& out, std::uint64_t field, Wire wire) {
  put_varint(out, field << 3 | static_cast<std::uint64_t>(wire));
}

void put_bytes(std::string& out, std::uint64_t field, std::string_view bytes) {
  put_key(out, field, Wire::Bytes);
  put_varint(out, bytes.size());
  out += bytes;
}

std::string event_head(double wall_time) {
  std::string out;
  put_key(out, 1, Wire::Fixed64);
  put_fixed(out, std::bit_cast<std::uint64_t>(wall_time));
  return out;
}

void put_step(std::string& out, std::int64_t step) {
  put_key(out, 2, Wire::Varint);
  put_varint(out, static_cast<std::uint64_t>(step));
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

std::string tfrecord(std::string_view payload) {
  std::string out;
  put_fixed(out, static_cast<std::uint64_t>(payload.size()));
  put_fixed(out, masked(crc32c(out)));
  out += payload;
  put_fixed(out, masked(crc32c(payload)));
  return out;
}

std::string version_event(double wall_time) {
  std::string out = event_head(wall_time);
  put_bytes(out, 3, "brain.Event:2");
  return out;
}

std::string scalars_event(double wall_time, std::int64_t step,
                          const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    std::string item;
    put_bytes(item, 1, tag);
    put_key(item, 2, Wire::Fixed32);
    put_fixed(item, std::bit_cast<std::uint32_t>(static_cast<float>(value)));
    put_bytes(summary, 1, item);
  }
  std::string out = event_head(wall_time);
  put_step(out, step);
  put_bytes(out, 5, summary);
  return out;
}

std::string restart_event(double wall_time, std::int64_t step) {
  constexpr std::uint64_t kStart = 1;  // SessionLog.Status.START
  std::string log;
  put_key(log, 1, Wire::Varint);
  put_varint(log, kStart);
  std::string out = event_head(wall_time);
  put_step(out, step);
  put_bytes(out, 7, log);
  return out;
}

}  // namespace r1::monitor
