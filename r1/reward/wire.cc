// Packing, and whole reads and writes on a stream socket.
#include "r1/reward/wire.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <type_traits>
#include <utility>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

constexpr std::size_t kMaxMessageBytes = std::size_t{1} << 30;

class Packer {
 public:
  template <class T>
  void number(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& value) {
    number(static_cast<std::uint64_t>(value.size()));
    out_ += value;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Unpacker {
 public:
  explicit Unpacker(const std::string& bytes) : bytes_(bytes) {}
  template <class T>
  void number(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    need(sizeof value);
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
  }
  void text(std::string& value) {
    std::uint64_t size = 0;
    number(size);
    need(size);
    value.assign(bytes_, at_, size);
    at_ += size;
  }
  void end() const { R1_CHECK(at_ == bytes_.size(), "{} bytes left over in a message", bytes_.size() - at_); }

 private:
  void need(std::uint64_t size) const {
    R1_CHECK(size <= bytes_.size() - at_, "a message of {} bytes is too short", bytes_.size());
  }
  const std::string& bytes_;
  std::size_t at_ = 0;
};

bool send_all(int socket, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket, data, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

std::string pack(const WorkerSpec& spec) {
  Packer p;
  p.text(spec.scorer);
  p.number(spec.memory_bytes);
  p.number(spec.cpu_seconds);
  return p.take();
}

void unpack(const std::string& bytes, WorkerSpec& spec) {
  Unpacker u(bytes);
  u.text(spec.scorer);
  u.number(spec.memory_bytes);
  u.number(spec.cpu_seconds);
  u.end();
}

std::string pack(const RewardInput& input) {
  Packer p;
  for (const std::string* text : {&input.prompt, &input.completion, &input.answer, &input.verifier, &input.tests})
    p.text(*text);
  p.number(static_cast<std::uint8_t>(input.finished));
  p.text(input.language);
  return p.take();
}

void unpack(const std::string& bytes, RewardInput& input) {
  Unpacker u(bytes);
  for (std::string* text : {&input.prompt, &input.completion, &input.answer, &input.verifier, &input.tests})
    u.text(*text);
  std::uint8_t finished = 0;
  u.number(finished);
  u.text(input.language);
  input.finished = finished != 0;
  u.end();
}

std::string pack(const WorkerReply& reply) {
  Packer p;
  p.number(reply.status);
  p.text(reply.message);
  p.number(reply.verdict.score);
  p.number(reply.verdict.outcome);
  p.text(reply.verdict.why);
  p.number(static_cast<std::uint64_t>(reply.verdict.parts.size()));
  for (const auto& [name, value] : reply.verdict.parts) {
    p.text(name);
    p.number(value);
  }
  return p.take();
}

void unpack(const std::string& bytes, WorkerReply& reply) {
  Unpacker u(bytes);
  u.number(reply.status);
  u.text(reply.message);
  u.number(reply.verdict.score);
  u.number(reply.verdict.outcome);
  u.text(reply.verdict.why);
  std::uint64_t count = 0;
  u.number(count);
  reply.verdict.parts.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string name;
    double value = 0.0;
    u.text(name);
    u.number(value);
    reply.verdict.parts.emplace_back(std::move(name), value);
  }
  u.end();
}

bool send_message(int socket, const std::string& payload) {
  R1_CHECK(payload.size() <= kMaxMessageBytes, "a message of {} bytes is too long", payload.size());
  // One send for length and payload: half the wake-ups of the other end.
  const auto size = static_cast<std::uint32_t>(payload.size());
  std::string message(reinterpret_cast<const char*>(&size), sizeof size);
  message += payload;
  return send_all(socket, message.data(), message.size());
}

std::optional<std::string> receive_message(int socket) {
  std::uint32_t size = 0;
  if (!receive_all(socket, reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  if (size > kMaxMessageBytes) return std::nullopt;
  std::string payload(size, '\0');
  if (!receive_all(socket, payload.data(), size)) return std::nullopt;
  return payload;
}

}  // namespace r1::reward
