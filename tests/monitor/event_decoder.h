// A reader of TensorBoard event files for the tests, written from the format alone and sharing no code with r1/monitor:
// a bitwise CRC, a generic protobuf walk, errors as exceptions.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace r1::monitor {

struct DecodedEvent {
  double wall_time = 0.0;
  std::int64_t step = 0;
  std::string file_version;
  std::vector<std::pair<std::string, float>> scalars;
  std::uint64_t session_status = 0;
};

inline std::uint32_t slow_crc32c(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool is_one = ((crc ^ static_cast<std::uint32_t>(static_cast<unsigned char>(c) >> bit)) & 1u) != 0;
      crc = is_one ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
    }
  }
  return crc ^ 0xffffffffu;
}

template <class T>
T little_endian(const std::string& bytes, std::size_t at) {
  if (at + sizeof(T) > bytes.size()) throw std::runtime_error("cut short");
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));  // the machines that run these tests are little-endian
  return value;
}

struct ProtoField {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;  // varint
  std::string bytes;  // fixed and length-delimited
};

inline std::uint64_t read_varint(const std::string& bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    if (at >= bytes.size() || shift > 63) throw std::runtime_error("bad varint");
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
}

inline std::vector<ProtoField> read_message(const std::string& bytes) {
  std::vector<ProtoField> fields;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint64_t key = read_varint(bytes, at);
    ProtoField field{.number = key >> 3, .integer = 0, .bytes = {}};
    std::size_t size = 0;
    switch (key & 7) {
      case 0:
        field.integer = read_varint(bytes, at);
        break;
      case 1:
        size = 8;
        break;
      case 2:
        size = read_varint(bytes, at);
        break;
      case 5:
        size = 4;
        break;
      default:
        throw std::runtime_error("unknown wire type");
    }
    if (at + size > bytes.size()) throw std::runtime_error("field beyond its message");
    field.bytes = bytes.substr(at, size);
    at += size;
    fields.push_back(field);
  }
  return fields;
}

inline DecodedEvent decode_event(const std::string& payload) {
  DecodedEvent event;
  for (const ProtoField& field : read_message(payload)) {
    if (field.number == 1) event.wall_time = little_endian<double>(field.bytes, 0);
    if (field.number == 2) event.step = static_cast<std::int64_t>(field.integer);
    if (field.number == 3) event.file_version = field.bytes;
    if (field.number == 7) event.session_status = read_message(field.bytes).at(0).integer;
    if (field.number != 5) continue;
    for (const ProtoField& value : read_message(field.bytes)) {
      const auto parts = read_message(value.bytes);
      if (value.number != 1 || parts.size() != 2 || parts[0].number != 1 || parts[1].number != 2)
        throw std::runtime_error("not a tag and a simple_value");
      event.scalars.emplace_back(parts[0].bytes, little_endian<float>(parts[1].bytes, 0));
    }
  }
  return event;
}

inline std::uint32_t unmask(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8u;
  return rotated >> 17 | rotated << 15;
}

/// Every event of a file; throws at a torn record or a wrong checksum.
inline std::vector<DecodedEvent> decode_file(const std::string& bytes) {
  std::vector<DecodedEvent> events;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = little_endian<std::uint64_t>(bytes, at);
    if (unmask(little_endian<std::uint32_t>(bytes, at + 8)) != slow_crc32c(bytes.substr(at, 8)))
      throw std::runtime_error("wrong checksum of a length");
    const std::string payload = bytes.substr(at + 12, size);
    if (unmask(little_endian<std::uint32_t>(bytes, at + 12 + size)) != slow_crc32c(payload))
      throw std::runtime_error("wrong checksum of a payload");
    events.push_back(decode_event(payload));
    at += 12 + size + 4;
  }
  return events;
}

}  // namespace r1::monitor
