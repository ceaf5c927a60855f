// The parent's side: starting, polling, killing and replacing workers. One request per worker is in flight, so a worker
// is always reading when it is written to and a time-out has exactly one culprit.
#include "r1/reward/isolated_scorer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "r1/core/error.h"
#include "r1/reward/wire.h"
#include "r1/reward/worker.h"

extern char** environ;

namespace r1::reward {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kStartLimit = std::chrono::seconds(60);  // a loaded machine may take long to load the libraries

Clock::duration seconds(double s) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
}

// Milliseconds for poll(), rounded up, at least 0.
int until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

// Starts this binary as a worker whose end of the socket is kWorkerSocket; returns its process id.
pid_t spawn_worker(int child_socket) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_socket, kWorkerSocket);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Its own process group: Ctrl-C is the parent's matter, and a kill takes along what the scorer started.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::string name = "r1";
  std::string verb = kWorkerVerb;
  char* argv[] = {name.data(), verb.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  R1_CHECK(error == 0, "a scorer worker can't be started: {}", std::strerror(error));
  return pid;
}

// Kills (when `kill_it`) and reaps; returns the wait status.
int reap(pid_t pid, bool kill_it) {
  if (kill_it) kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Verdict no_verdict(Outcome outcome, std::string why) {
  Verdict verdict;
  verdict.outcome = outcome;
  verdict.why = std::move(why);
  return verdict;
}

Verdict verdict_of_death(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
    return no_verdict(Outcome::Timeout, "the scorer ran out of CPU time");
  if (WIFSIGNALED(status))
    return no_verdict(Outcome::Crash, fmt::format("the scorer was ended by signal {} ({})", WTERMSIG(status),
                                                  strsignal(WTERMSIG(status))));
  return no_verdict(Outcome::Crash, fmt::format("the scorer exited with code {}", WEXITSTATUS(status)));
}

Verdict verdict_of_reply(WorkerReply reply) {
  switch (reply.status) {
    case WorkerReply::Status::Ok:
      return std::move(reply.verdict);
    case WorkerReply::Status::OutOfMemory:
      return no_verdict(Outcome::Crash, "the scorer ran out of memory");
    case WorkerReply::Status::UserError:
      throw UserError(reply.message);
    case WorkerReply::Status::Error:
      break;
  }
  throw Error(reply.message);
}

}  // namespace

void fields(core::FieldVisitor& v, IsolationConfig& c) {
  v("num_workers", c.num_workers, "scorer processes");
  v("wall_seconds", c.wall_seconds, "wall-clock limit per verdict; over it the worker is killed (outcome timeout)");
  v("cpu_seconds", c.cpu_seconds, "CPU limit per verdict (outcome timeout); 0 = none");
  v("memory_bytes", c.memory_bytes, "memory a worker may take on top of its own at start (outcome crash); 0 = none");
}

class IsolatedScorer::Pool {
 public:
  Pool(const std::string& spec, const IsolationConfig& config)
      : config_(config), hello_(pack(WorkerSpec{spec, config.memory_bytes, config.cpu_seconds})) {
    if (config.num_workers < 1 || config.wall_seconds <= 0.0 || config.cpu_seconds < 0 || config.memory_bytes < 0)
      user_error("scorer isolation: num_workers and wall_seconds must be positive, the other limits 0 or more");
    workers_.resize(static_cast<std::size_t>(config.num_workers));
    try {
      for (Worker& worker : workers_) launch(worker);  // all load at the same time ...
      for (Worker& worker : workers_) greet(worker);  // ... before the first is waited for
    } catch (...) {
      stop_all();
      throw;
    }
  }
  ~Pool() { stop_all(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  std::vector<Verdict> run(std::span<const RewardInput> inputs) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Verdict> verdicts(inputs.size());
    std::size_t next = 0;
    std::size_t done = 0;
    try {
      while (done < inputs.size()) {
        for (Worker& worker : workers_)
          if (!worker.item && next < inputs.size()) give(worker, next, inputs[next]), ++next;
        wait_for_any();
        for (Worker& worker : workers_) {
          if (!worker.item) continue;
          const std::size_t item = *worker.item;
          std::optional<Verdict> verdict = collect(worker);
          if (!verdict) continue;
          verdicts[item] = std::move(*verdict);
          ++done;
        }
      }
    } catch (...) {
      for (Worker& worker : workers_)  // what is in flight belongs to nobody now
        if (worker.item || worker.pid == 0) restart(worker);
      throw;
    }
    return verdicts;
  }

  std::int64_t num_restarts() const { return num_restarts_; }

 private:
  struct Worker {
    pid_t pid = 0;  // 0 = none
    int socket = -1;
    std::optional<std::size_t> item;  // index of the input in flight
    Clock::time_point deadline;
    bool readable = false;
  };

  static void launch(Worker& worker) {
    int ends[2];
    R1_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair: {}", std::strerror(errno));
    worker.socket = ends[0];
    try {
      worker.pid = spawn_worker(ends[1]);
    } catch (...) {
      close(ends[1]);
      throw;
    }
    close(ends[1]);
  }

  // Sends the spec and waits for the worker's word that its scorer stands.
  void greet(Worker& worker) const {
    pollfd wait{worker.socket, POLLIN, 0};
    const bool sent = send_message(worker.socket, hello_);
    const Clock::time_point deadline = Clock::now() + kStartLimit;
    int ready = 0;
    while (sent && (ready = poll(&wait, 1, until(deadline))) < 0 && errno == EINTR) {
    }
    const auto message = ready > 0 ? receive_message(worker.socket) : std::nullopt;
    R1_CHECK(message.has_value(), "a scorer worker did not start: main must call run_scorer_worker for {}",
             kWorkerVerb);
    WorkerReply reply;
    unpack(*message, reply);
    (void)verdict_of_reply(std::move(reply));
  }

  static void stop(Worker& worker) {
    if (worker.socket >= 0) close(worker.socket);
    if (worker.pid > 0) reap(worker.pid, /*kill_it=*/true);
    worker = Worker{};
  }
  void stop_all() {
    for (Worker& worker : workers_) stop(worker);
  }
  void restart(Worker& worker) {
    stop(worker);
    ++num_restarts_;
    launch(worker);
    greet(worker);
  }

  void give(Worker& worker, std::size_t item, const RewardInput& input) {
    worker.item = item;
    worker.deadline = Clock::now() + seconds(config_.wall_seconds);
    // A worker that died while idle shows up as end-of-file in collect().
    (void)send_message(worker.socket, pack(input));
  }

  void wait_for_any() {
    std::vector<pollfd> waits;
    Clock::time_point first = Clock::time_point::max();
    for (const Worker& worker : workers_) {
      waits.push_back({worker.item ? worker.socket : -1, POLLIN, 0});  // poll skips negative descriptors
      if (worker.item) first = std::min(first, worker.deadline);
    }
    const int ready = poll(waits.data(), waits.size(), until(first));
    R1_CHECK(ready >= 0 || errno == EINTR, "poll: {}", std::strerror(errno));
    for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i].readable = ready > 0 && waits[i].revents != 0;
  }

  // The verdict of a worker that answered, died or ran out of time; nothing while it is still at work.
  std::optional<Verdict> collect(Worker& worker) {
    if (!worker.readable && Clock::now() < worker.deadline) return std::nullopt;
    if (!worker.readable) {
      restart(worker);
      return no_verdict(Outcome::Timeout, fmt::format("no verdict within {} s", config_.wall_seconds));
    }
    const auto message = receive_message(worker.socket);
    if (!message) {
      const int status = reap(std::exchange(worker.pid, 0), /*kill_it=*/false);
      restart(worker);
      return verdict_of_death(status);
    }
    worker.item.reset();
    WorkerReply reply;
    unpack(*message, reply);
    return verdict_of_reply(std::move(reply));
  }

  IsolationConfig config_;
  std::string hello_;
  std::vector<Worker> workers_;
  std::mutex mutex_;
  std::int64_t num_restarts_ = 0;
};

IsolatedScorer::IsolatedScorer(const std::string& spec, const IsolationConfig& config)
    : pool_(std::make_unique<Pool>(spec, config)) {}
IsolatedScorer::~IsolatedScorer() = default;

Verdict IsolatedScorer::score(const RewardInput& input) const { return std::move(pool_->run({&input, 1}).front()); }

std::vector<Verdict> IsolatedScorer::score_batch(std::span<const RewardInput> inputs) const {
  return pool_->run(inputs);
}

std::int64_t IsolatedScorer::num_restarts() const { return pool_->num_restarts(); }

}  // namespace r1::reward
