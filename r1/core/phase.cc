// The file is opened once, in append mode: lines of several threads and of a resumed process never tear each other.
// It is no log and keeps no state of the run.
#include "r1/core/phase.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace r1::core {

namespace {

int open_phase_log() {
  const char* file = std::getenv("R1_PHASE_LOG");
  return file == nullptr ? -1 : ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

}  // namespace

void phase_mark(std::string_view phase) {
  static const int log = open_phase_log();
  if (log < 0) return;
  const std::string line = std::string(phase) + "\n";
  // One write: lines of several threads do not mix. A failed write only costs a test its line.
  [[maybe_unused]] const ssize_t written = ::write(log, line.data(), line.size());
}

}  // namespace r1::core
