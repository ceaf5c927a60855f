// The bytes that a scorer worker and its parent exchange: [u32 length][payload], fields little-endian in declaration
// order, strings length-prefixed (text may hold any bytes, so JSON is no option). Both ends are the same binary: no
// version, no other reader. Sockets and limits are worker.h's and isolated_scorer.h's matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "r1/reward/verdict.h"

namespace r1::reward {

/// First message to a worker: what to build and what to allow.
struct WorkerSpec {
  std::string scorer;              // the factory's argument
  std::int64_t memory_bytes = 0;   // address space on top of the idle worker's own; 0 = no limit
  std::int64_t cpu_seconds = 0;    // per verdict; 0 = no limit
};

/// A worker's reply to any message.
struct WorkerReply {
  enum class Status : std::uint8_t { Ok = 0, Error = 1, UserError = 2, OutOfMemory = 3 };
  Status status = Status::Ok;
  std::string message;  // what() when status is no Ok
  Verdict verdict;      // of a RewardInput when status is Ok
};

std::string pack(const WorkerSpec& spec);
std::string pack(const RewardInput& input);
std::string pack(const WorkerReply& reply);
/// Error on bytes that pack() did not make.
void unpack(const std::string& bytes, WorkerSpec& spec);
void unpack(const std::string& bytes, RewardInput& input);
void unpack(const std::string& bytes, WorkerReply& reply);

/// Sends one message; false when the other end is gone. Error when it is longer than 1 GiB.
bool send_message(int socket, const std::string& payload);
/// Blocks for one message; nothing when the other end is gone.
std::optional<std::string> receive_message(int socket);

}  // namespace r1::reward
