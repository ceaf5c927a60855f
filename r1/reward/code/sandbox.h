// Sandbox: runs generated Python programs, many a second. One warm interpreter (server_source.h) lives inside
// bubblewrap and forks for each program:
//   bubblewrap  own user, pid, network, ipc and host-name namespaces, no capabilities; of the file system only /usr and
//               the libraries, read-only, and an empty /tmp; no /proc, no /etc, no network
//   rlimits     CPU time, address space, file size, open files, per program
//   seccomp     per program: no processes, threads, sockets, signals, tracing (server_source.cc lists the calls)
// A program that escapes its own process still meets the namespaces. Isolation "process" leaves bubblewrap out: a
// program then reads what this user may read. Linux on x86-64.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "r1/core/config.h"

namespace r1::reward {

struct SandboxConfig {
  std::string isolation = "bubblewrap";  // or "process", for machines that allow no namespaces and trusted models
  std::string python = "/usr/bin/python3";  // only the standard library is seen, no site-packages
  double wall_seconds = 2.0;  // per program, all its inputs
  std::int64_t cpu_seconds = 1;  // per program
  std::int64_t memory_bytes = 256LL << 20;  // address space per program, the interpreter's 30 MB included
  std::int64_t output_bytes = 16LL << 10;  // what a program prints beyond this is dropped
};
void fields(core::FieldVisitor& v, SandboxConfig& c);

/// What a program said to one input.
struct CallResult {
  std::string value;  // JSON
  std::string error;  // "ZeroDivisionError: division by zero"; then there is no value
};

struct ProgramResult {
  enum class End {
    Finished,  // `calls` holds one result an input
    SyntaxError,  // no Python
    NoFunction,  // a block that defines no f
    Raised,  // an exception before the first input
    TimedOut,  // wall clock or CPU time
    OutOfMemory,
    Died,  // ended by a signal, left by os._exit, or reported nonsense
  };
  End end = End::Died;
  std::vector<CallResult> calls;
  std::string why;  // when not Finished
  std::string output;  // what it printed, up to the limit
  bool output_cut = false;
};

class Sandbox {
 public:
  /// UserError when a limit makes no sense or the isolation is unknown. Starts nothing yet.
  explicit Sandbox(const SandboxConfig& config);
  ~Sandbox();

  /// Runs `source`, either a Python expression in x or a block that defines f(x), on every element of `inputs` (a JSON
  /// list). Thread-safe, one program at a time. UserError when the sandbox can't be set up on this machine: it names
  /// what is missing.
  ProgramResult run(const std::string& source, const std::string& inputs);
  /// How often a server was started so far: 1 after the first program, more when it had to be replaced.
  std::int64_t num_starts() const;

 private:
  class Server;
  SandboxConfig config_;
  mutable std::mutex mutex_;
  std::unique_ptr<Server> server_;
  std::int64_t num_starts_ = 0;
};

}  // namespace r1::reward
