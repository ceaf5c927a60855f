// Start, talk, kill. Between fork and exec only async-signal-safe calls are made.
#include "r1/reward/code/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "r1/core/error.h"
#include "r1/reward/wire.h"

namespace r1::reward {
namespace {

constexpr int kFirstFreeFd = 3;

std::string reason(int error) { return std::generic_category().message(error); }

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// Both ends above 2 (a child's dup2 never meets them) and closed on exec.
std::array<int, 2> move_up(std::array<int, 2> ends) {
  for (int& end : ends) {
    if (end > 2) continue;
    const int moved = fcntl(end, F_DUPFD_CLOEXEC, kFirstFreeFd);
    close(end);
    R1_CHECK(moved >= 0, "fcntl: {}", reason(errno));
    end = moved;
  }
  return ends;
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  R1_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe: {}", reason(errno));
  return move_up(ends);
}

std::array<int, 2> make_socket_pair() {
  std::array<int, 2> ends{};
  R1_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "socketpair: {}", reason(errno));
  return move_up(ends);
}

struct Streams {
  int talk, errors, failure;  // standard input and output, standard error, where errno of a failed exec goes
};

/// The child's side; never returns.
[[noreturn]] void become(char* const* argv, char* const* environment, const Streams& streams) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(streams.talk, STDIN_FILENO);
  dup2(streams.talk, STDOUT_FILENO);
  dup2(streams.errors, STDERR_FILENO);
  // Everything else is closed, such as a scorer worker's socket: its parent must see it close when the worker dies.
  if (streams.failure != kFirstFreeFd) dup2(streams.failure, kFirstFreeFd);
  fcntl(kFirstFreeFd, F_SETFD, FD_CLOEXEC);
  close_range(kFirstFreeFd + 1, ~0U, 0);
  // A scorer worker's own allowance of CPU time ends with its verdict; the server lives on.
  rlimit cpu{};
  if (getrlimit(RLIMIT_CPU, &cpu) == 0) {
    cpu.rlim_cur = cpu.rlim_max;
    setrlimit(RLIMIT_CPU, &cpu);
  }
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvpe(argv[0], argv, environment);
  const int error = errno;
  const ssize_t told = write(kFirstFreeFd, &error, sizeof error);
  _exit(told == sizeof error ? 127 : 126);
}

/// Milliseconds for poll(), rounded up, at least 0.
int until(ServerProcess::Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - ServerProcess::Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

/// A half-sent message must not hold us up for ever either.
void limit_transfer(int socket, ServerProcess::Clock::time_point deadline) {
  const std::int64_t microseconds = 1000 * static_cast<std::int64_t>(std::max(1, until(deadline)));
  const timeval limit{microseconds / 1'000'000, microseconds % 1'000'000};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/// errno of a failed exec; 0 when the program has started.
int read_failure(int fd) {
  int error = 0;
  ssize_t got = 0;
  do got = read(fd, &error, sizeof error);
  while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  R1_CHECK(!argv.empty(), "a server process needs a program to run");
  const std::vector<char*> arguments = pointers(argv);
  const std::vector<char*> variables = pointers(environment);
  const std::array<int, 2> talk = make_socket_pair();
  const std::array<int, 2> errors = make_pipe();
  const std::array<int, 2> failure = make_pipe();
  std::promise<pid_t> started;
  keeper_ = std::thread([&started, &arguments, &variables, streams = Streams{talk[1], errors[1], failure[1]},
                         released = release_.get_future()] {
    const pid_t pid = fork();
    if (pid == 0) become(arguments.data(), variables.data(), streams);
    started.set_value(pid < 0 ? -errno : pid);  // from here on the constructor's variables may be gone
    released.wait();
  });
  pid_ = started.get_future().get();
  for (const int fd : {talk[1], errors[1], failure[1]}) close(fd);
  socket_ = talk[0];
  errors_ = errors[0];
  fcntl(errors_, F_SETFL, O_NONBLOCK);
  const int error = pid_ < 0 ? -pid_ : read_failure(failure[0]);
  close(failure[0]);
  if (error == 0) return;
  stop();
  user_error("can't start {}: {}", argv[0], reason(error));
}

ServerProcess::~ServerProcess() { stop(); }

void ServerProcess::stop() {
  if (socket_ >= 0) close(socket_);
  if (errors_ >= 0) close(errors_);
  socket_ = errors_ = -1;
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);  // the group
    kill(pid_, SIGKILL);  // before it has made its group
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  pid_ = 0;
  if (keeper_.joinable()) {
    release_.set_value();
    keeper_.join();
  }
}

ServerProcess::Answer ServerProcess::ask(const std::string& request, Clock::time_point deadline, std::string& reply) {
  limit_transfer(socket_, deadline);
  if (!send_message(socket_, request)) return Clock::now() < deadline ? Answer::Closed : Answer::TimedOut;
  return receive(deadline, reply);
}

ServerProcess::Answer ServerProcess::receive(Clock::time_point deadline, std::string& reply) {
  limit_transfer(socket_, deadline);
  pollfd wait{socket_, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&wait, 1, until(deadline))) < 0 && errno == EINTR) continue;
  if (ready <= 0) return Answer::TimedOut;
  std::optional<std::string> message = receive_message(socket_);
  if (!message) return Clock::now() < deadline ? Answer::Closed : Answer::TimedOut;
  reply = std::move(*message);
  return Answer::Message;
}

std::string ServerProcess::complaints() const {
  std::array<char, 4096> text{};
  ssize_t got = 0;
  do got = read(errors_, text.data(), text.size());
  while (got < 0 && errno == EINTR);
  std::string line(text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace r1::reward
