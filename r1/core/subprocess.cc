// fork + exec with pipes on standard input, output and error. Between fork and exec only async-signal-safe calls are
// made, so a multi-threaded parent is fine. The child leads its own process group; whatever is left of that group when
// the child ends or its time is up is killed, so nothing outlives the call but what left the group on purpose (the
// sandbox's matter).
#include "r1/core/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/sigpipe_blocked.h"

namespace r1::core {

namespace {

using Clock = std::chrono::steady_clock;

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};

/// Both ends close on exec and are above 2, so that the child's dup2 never meets them.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) user_error("can't make a pipe: {}", std::generic_category().message(errno));
  Pipe made{Fd(ends[0]), Fd(ends[1])};
  for (Fd* end : {&made.read, &made.write}) {
    if (end->get() > 2) continue;
    Fd moved(fcntl(end->get(), F_DUPFD_CLOEXEC, 3));
    if (!moved.is_open()) user_error("can't make a pipe: {}", std::generic_category().message(errno));
    *end = std::move(moved);
  }
  return made;
}

void limit(int resource, std::int64_t soft, std::int64_t hard) {
  const rlimit value{static_cast<rlim_t>(soft), static_cast<rlim_t>(hard)};
  setrlimit(resource, &value);
}

/// The child's side; never returns. `failure` carries errno to the parent when exec fails and closes by itself when it
/// works.
[[noreturn]] void become(char* const* argv, const SubprocessLimits& limits, std::array<int, 3> streams, int failure) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0; i < 3; ++i) dup2(streams[static_cast<std::size_t>(i)], i);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1);
  if (limits.memory_bytes > 0) limit(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes);
  execvp(argv[0], argv);
  const int error = errno;
  const ssize_t told = write(failure, &error, sizeof(error));
  _exit(told == sizeof(error) ? 127 : 126);
}

struct Child {
  pid_t pid = -1;
  Fd input, out, err;
};

Child start(const std::vector<std::string>& argv, const SubprocessLimits& limits) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  Pipe input = make_pipe(), out = make_pipe(), err = make_pipe(), failure = make_pipe();
  const pid_t pid = fork();
  if (pid < 0) user_error("can't start {}: {}", argv[0], std::generic_category().message(errno));
  if (pid == 0)
    become(arguments.data(), limits, {input.read.get(), out.write.get(), err.write.get()}, failure.write.get());
  failure.write.reset();
  int error = 0;
  ssize_t got = 0;
  do got = read(failure.read.get(), &error, sizeof(error));
  while (got < 0 && errno == EINTR);
  if (got == sizeof(error)) {
    waitpid(pid, nullptr, 0);
    user_error("can't start {}: {}", argv[0], std::generic_category().message(error));
  }
  for (const int fd : {input.write.get(), out.read.get(), err.read.get()}) fcntl(fd, F_SETFL, O_NONBLOCK);
  return {pid, std::move(input.write), std::move(out.read), std::move(err.read)};
}

/// Feeds what fits; closes the pipe at the end of the input or when the child has stopped reading.
void feed(Fd& fd, std::string_view& input) {
  while (!input.empty()) {
    const ssize_t written = write(fd.get(), input.data(), input.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return;
    if (written < 0) break;
    input.remove_prefix(static_cast<std::size_t>(written));
  }
  fd.reset();
}

/// Reads what is there, keeps up to `max_bytes` in all, drops the rest; closes the pipe at its end.
void drain(Fd& fd, std::string& kept, std::int64_t max_bytes, bool& truncated) {
  std::array<char, 1 << 16> chunk;
  while (fd.is_open()) {
    const ssize_t got = read(fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return fd.reset();
    const std::int64_t room = max_bytes - static_cast<std::int64_t>(kept.size());
    const std::int64_t taken = std::clamp<std::int64_t>(got, 0, std::max<std::int64_t>(room, 0));
    kept.append(chunk.data(), static_cast<std::size_t>(taken));
    if (taken < got) {
      truncated = true;
      return;  // one chunk a call: a child that writes without end must not keep us from the clock
    }
  }
}

bool has_ended(pid_t pid) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/// Moves bytes until the child has ended or the time is up; true when it ended by itself.
bool converse(Child& child, std::string_view input, const SubprocessLimits& limits, SubprocessResult& result) {
  const SigpipeBlocked sigpipe_blocked;
  const auto deadline = Clock::now() + std::chrono::duration<double>(limits.wall_seconds);
  while (true) {
    const std::chrono::duration<double, std::milli> left = deadline - Clock::now();
    const bool silent = !child.out.is_open() && !child.err.is_open();
    std::array<pollfd, 3> fds{
        {{child.input.get(), POLLOUT, 0}, {child.out.get(), POLLIN, 0}, {child.err.get(), POLLIN, 0}}};
    // The end of the child shows as the end of its pipes, unless a grandchild holds them: hence the short waits.
    poll(fds.data(), fds.size(), static_cast<int>(std::clamp(left.count(), 0.0, silent ? 1.0 : 20.0)));
    const bool ended = has_ended(child.pid);  // asked before the last reads: what it wrote is in the pipes by now
    if (child.input.is_open() && (fds[0].revents != 0 || input.empty())) feed(child.input, input);
    drain(child.out, result.out, limits.output_bytes, result.truncated);
    drain(child.err, result.err, limits.output_bytes, result.truncated);
    if (ended) return true;
    if (Clock::now() >= deadline) return false;
  }
}

}  // namespace

SubprocessResult run_subprocess(const std::vector<std::string>& argv, const std::string& input,
                                const SubprocessLimits& limits) {
  R1_CHECK(!argv.empty(), "run_subprocess needs a program to run");
  Child child = start(argv, limits);
  SubprocessResult result;
  const bool ended = converse(child, input, limits, result);
  kill(-child.pid, SIGKILL);  // before the child is reaped: until then its group's number can't be anybody else's
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!ended) {
    result.end = SubprocessResult::End::TimedOut;
  } else if (WIFSIGNALED(status)) {
    result.end = SubprocessResult::End::Signaled;
    result.signal = WTERMSIG(status);
  } else {
    result.exit_code = WEXITSTATUS(status);
  }
  return result;
}

}  // namespace r1::core
