// A long-lived child process that answers messages (wire.h's framing on its standard input and output), with deadlines.
// It dies with this process and never outlives the object. Unlike core/subprocess.h it is a conversation, not one run;
// what is run and how it is confined is the caller's matter (sandbox.h).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace r1::reward {

class ServerProcess {
 public:
  using Clock = std::chrono::steady_clock;

  /// Starts argv (argv[0] searched in PATH) with the environment `environment` ("NAME=value") and nothing open but its
  /// standard streams. UserError when it can't be started.
  ServerProcess(const std::vector<std::string>& argv, const std::vector<std::string>& environment);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  enum class Answer { Message, Closed, TimedOut };
  /// Sends `request` and waits for the answer, which goes to `reply`. After anything but Message the process is of no
  /// further use.
  Answer ask(const std::string& request, Clock::time_point deadline, std::string& reply);
  /// Waits for a message that was not asked for (the greeting).
  Answer receive(Clock::time_point deadline, std::string& reply);
  /// What it has written on standard error so far (at most 4 KiB), on one line.
  std::string complaints() const;

 private:
  void stop();

  pid_t pid_ = 0;
  int socket_ = -1;
  int errors_ = -1;  // read end of its standard error
  // PR_SET_PDEATHSIG, bubblewrap's too, is about the thread that made the child: this one waits as long as it is
  // wanted.
  std::thread keeper_;
  std::promise<void> release_;
};

}  // namespace r1::reward
