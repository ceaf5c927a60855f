// fork and exec (children.h).
#include "r1/parallel/children.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "r1/core/error.h"
#include "r1/core/log.h"

namespace r1::parallel {

namespace {

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

}  // namespace

Children::Children(const LaunchConfig& config, int first, const std::vector<std::string>& command,
                   const sigset_t& signals) {
  const std::vector<char*> argv = pointers(command);
  for (int rank = first; rank < config.processes; ++rank) {
    const std::vector<std::string> environment = environment_of(config, rank);
    const std::vector<char*> envp = pointers(environment);
    const pid_t pid = fork();
    if (pid == 0) {
      take_share_of_cores(rank, config.processes);
      become(argv.data(), envp.data(), signals);
    }
    if (pid < 0) {
      const std::string why = std::generic_category().message(errno);
      send(SIGKILL);
      user_error("launch: can't start process {}: {}", rank, why);
    }
    running_.push_back({pid, rank});
  }
}

void Children::send(int signal) const {
  for (const Child& child : running_) kill(child.pid, signal);
}

void Children::reap() {
  std::erase_if(running_, [&](const Child& child) {
    int status = 0;
    if (waitpid(child.pid, &status, WNOHANG) != child.pid) return false;
    const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (code == 0 || code_) return true;
    code_ = code;
    if (WIFSIGNALED(status)) R1_LOG(error, "rank {} was ended by signal {}", child.rank, WTERMSIG(status));
    return true;
  });
}

}  // namespace r1::parallel
