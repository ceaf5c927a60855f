// fork and exec, then waiting for signals (launcher.h). The children share this process's terminal and streams.
#include "r1/parallel/launcher.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>

#include "r1/core/error.h"

namespace r1::parallel {

namespace {

constexpr int kGraceSeconds = 10;  // between SIGTERM and SIGKILL

std::string reason() { return std::generic_category().message(errno); }

/// Cores [rank * n / processes, (rank + 1) * n / processes) of the n that this process may use, if that is one at
/// least.
void take_share_of_cores(int rank, int processes) {
  cpu_set_t all;
  CPU_ZERO(&all);
  if (sched_getaffinity(0, sizeof(all), &all) != 0 || CPU_COUNT(&all) < processes) return;
  cpu_set_t mine;
  CPU_ZERO(&mine);
  for (int core = 0, seen = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &all) && seen++ * processes / CPU_COUNT(&all) == rank) CPU_SET(core, &mine);
  sched_setaffinity(0, sizeof(mine), &mine);
}

/// This process's environment with what tells a child who it is.
std::vector<std::string> environment_of(const LaunchConfig& config, int rank) {
  std::vector<std::string> own = {fmt::format("RANK={}", rank),
                                  fmt::format("LOCAL_RANK={}", rank),
                                  fmt::format("WORLD_SIZE={}", config.processes),
                                  "MASTER_ADDR=127.0.0.1",
                                  fmt::format("MASTER_PORT={}", config.master_port),
                                  fmt::format("R1_COLLECTIVE_TIMEOUT={}", config.timeout)};
  const std::size_t count = own.size();
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const bool replaced =
        std::any_of(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(count),
                    [&](const std::string& o) { return text.starts_with(o.substr(0, o.find('=') + 1)); });
    if (!replaced) own.push_back(text);
  }
  return own;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

/// The child's side, with async-signal-safe calls only; never returns.
[[noreturn]] void become(char* const* argv, char* const* environment, const sigset_t& signals) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  execvpe(argv[0], argv, environment);
  const char text[] = "r1: launch: the program can't be started\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
  _exit(127);
}

/// The children that still run, and how the first failure among the others ended.
class Children {
 public:
  Children(const LaunchConfig& config, const std::vector<std::string>& command, const sigset_t& signals) {
    for (int rank = 0; rank < config.processes; ++rank) {
      const std::vector<std::string> environment = environment_of(config, rank);
      const std::vector<char*> argv = pointers(command), envp = pointers(environment);
      const pid_t pid = fork();
      if (pid == 0) {
        take_share_of_cores(rank, config.processes);
        become(argv.data(), envp.data(), signals);
      }
      if (pid < 0) {
        const std::string why = reason();
        send(SIGKILL);
        user_error("launch: can't start process {}: {}", rank, why);
      }
      running_.push_back(pid);
    }
  }
  bool any() const { return !running_.empty(); }
  bool failed() const { return code_.has_value(); }
  int code() const { return code_.value_or(0); }
  void send(int signal) const {
    for (const pid_t pid : running_) kill(pid, signal);
  }
  /// Takes note of those that have ended.
  void reap() {
    std::erase_if(running_, [&](pid_t pid) {
      int status = 0;
      if (waitpid(pid, &status, WNOHANG) != pid) return false;
      const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      if (code != 0 && !code_) code_ = code;
      return true;
    });
  }

 private:
  std::vector<pid_t> running_;
  std::optional<int> code_;
};

}  // namespace

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool found = fd >= 0 && bind(fd, any, size) == 0 && getsockname(fd, any, &size) == 0;
  const std::string why = reason();
  if (fd >= 0) close(fd);
  if (!found) user_error("launch: no free port: {}", why);
  return ntohs(address.sin_port);
}

int launch(const LaunchConfig& asked, const std::vector<std::string>& command) {
  if (asked.processes < 1 || asked.timeout < 1 || command.empty())
    user_error("launch: a command, one process and one second of timeout at least are needed");
  LaunchConfig config = asked;
  if (config.master_port == 0) config.master_port = free_port();
  sigset_t watched, before;
  sigemptyset(&watched);
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&watched, signal);
  sigprocmask(SIG_BLOCK, &watched, &before);
  Children children(config, command, before);
  bool ending = false;
  while (children.any()) {
    const timespec grace{kGraceSeconds, 0};
    const int signal = sigtimedwait(&watched, nullptr, ending ? &grace : nullptr);
    if (signal < 0 && errno == EAGAIN) children.send(SIGKILL);
    if (signal == SIGINT || signal == SIGTERM) {
      children.send(signal);
      ending = true;
    }
    children.reap();
    if (children.failed() && !ending) {
      children.send(SIGTERM);
      ending = true;
    }
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return children.code();
}

}  // namespace r1::parallel
