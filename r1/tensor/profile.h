// A profile of what a process does for a while: every range (range.h), operator and GPU kernel as a Chrome trace, for
// chrome://tracing or Perfetto, and the share of time by kind. libtorch's profiler (Kineto) collects. No torch type in
// this header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace r1::tensor {

struct ProfileShare {
  std::string kind;
  double seconds = 0.0;
  double share = 0.0;  // of the profile's seconds; those of one list add up to 1
  std::int64_t count = 0;
};

struct ProfileReport {
  double seconds = 0.0;             // from start to stop
  std::vector<ProfileShare> host;   // by kind of range, largest first; inner ranges count for themselves alone
  std::vector<ProfileShare> device; // by kind of kernel, `idle` included; empty on the CPU
  std::vector<ProfileShare> top;    // operators (CPU: time of their own) or kernels (GPU) that take most, 12 at most
};

/// Collects from construction to stop(). One at a time in a process.
class Profile {
 public:
  explicit Profile(bool with_gpu);
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// Waits for the GPU and writes the trace (JSON) to `file`.
  ProfileReport stop(const std::filesystem::path& file);

 private:
  class Running;
  std::unique_ptr<Running> running_;
};

/// The kind of a GPU kernel by its name: products, attention, norms, ...
std::string kernel_kind(const std::string& name);

/// The report as lines of a table.
std::vector<std::string> to_lines(const ProfileReport& report);

}  // namespace r1::tensor
