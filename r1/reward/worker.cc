// Limits and the serving loop. The parent keeps the wall clock; CPU time and memory are the kernel's.
#include "r1/reward/worker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <fstream>
#include <new>

#include "r1/core/error.h"
#include "r1/reward/wire.h"

namespace r1::reward {
namespace {

// Address space this process maps now; the limit counts from here (sanitizers and large libraries map a lot and use
// little).
std::int64_t mapped_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0;
  statm >> pages;
  R1_CHECK(pages > 0, "/proc/self/statm can't be read");
  return pages * sysconf(_SC_PAGESIZE);
}

void limit_memory(std::int64_t bytes) {
  if (bytes <= 0) return;
  const auto limit = static_cast<rlim_t>(mapped_bytes() + bytes);
  const rlimit value{limit, limit};
  R1_CHECK(setrlimit(RLIMIT_AS, &value) == 0, "setrlimit(RLIMIT_AS): {}", std::strerror(errno));
}

// SIGXCPU, which ends the process, after `seconds` more of CPU time. Only the soft limit moves, so the next call may
// raise it.
void limit_cpu(std::int64_t seconds) {
  if (seconds <= 0) return;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  rlimit value{};
  getrlimit(RLIMIT_CPU, &value);
  value.rlim_cur = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1 + seconds);
  if (value.rlim_max != RLIM_INFINITY && value.rlim_cur > value.rlim_max) value.rlim_cur = value.rlim_max;
  R1_CHECK(setrlimit(RLIMIT_CPU, &value) == 0, "setrlimit(RLIMIT_CPU): {}", std::strerror(errno));
}

// Runs `work`, which may fill the reply, and turns what it throws into the reply's status.
template <class Work>
WorkerReply reply_of(const Work& work) {
  WorkerReply reply;
  try {
    work(reply);
  } catch (const UserError& e) {
    reply = {WorkerReply::Status::UserError, e.what(), {}};
  } catch (const std::bad_alloc&) {
    reply = {WorkerReply::Status::OutOfMemory, "out of memory", {}};
  } catch (const std::exception& e) {
    reply = {WorkerReply::Status::Error, e.what(), {}};
  }
  return reply;
}

}  // namespace

bool is_scorer_worker(int argc, char** argv) { return argc > 1 && std::strcmp(argv[1], kWorkerVerb) == 0; }

int run_scorer_worker(const ScorerFactory& factory) {
  const rlimit no_core{0, 0};  // a crash is a verdict here: no core file
  setrlimit(RLIMIT_CORE, &no_core);
  const auto first = receive_message(kWorkerSocket);
  if (!first) return 0;
  WorkerSpec spec;
  std::unique_ptr<Scorer> scorer;
  const WorkerReply ready = reply_of([&](WorkerReply&) {
    unpack(*first, spec);
    scorer = factory(spec.scorer);
    R1_CHECK(scorer != nullptr, "the factory knows no scorer '{}'", spec.scorer);
    limit_memory(spec.memory_bytes);
  });
  if (!send_message(kWorkerSocket, pack(ready)) || ready.status != WorkerReply::Status::Ok) return 0;

  while (const auto message = receive_message(kWorkerSocket)) {
    const WorkerReply reply = reply_of([&](WorkerReply& out) {
      RewardInput input;
      unpack(*message, input);
      limit_cpu(spec.cpu_seconds);
      out.verdict = scorer->score(input);
    });
    if (!send_message(kWorkerSocket, pack(reply))) return 0;
  }
  return 0;
}

}  // namespace r1::reward
