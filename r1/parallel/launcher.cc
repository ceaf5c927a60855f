// One copy of a command a rank, then waiting for signals (launcher.h).
#include "r1/parallel/launcher.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "r1/core/error.h"
#include "r1/parallel/children.h"

namespace r1::parallel {

namespace {

constexpr int kGraceSeconds = 10;  // between SIGTERM and SIGKILL

}  // namespace

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool found = fd >= 0 && bind(fd, any, size) == 0 && getsockname(fd, any, &size) == 0;
  const std::string why = std::generic_category().message(errno);
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
  Children children(config, 0, command, before);
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
