// The server's life: started at the first program, replaced when it hangs, dies or can't clean up behind a program.
#include "r1/reward/code/sandbox.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "r1/core/error.h"
#include "r1/reward/code/server_process.h"
#include "r1/reward/code/server_source.h"

namespace r1::reward {
namespace {

using Json = nlohmann::json;
using Clock = ServerProcess::Clock;

constexpr auto kStartLimit = std::chrono::seconds(30);
constexpr auto kGrace = std::chrono::seconds(3);  // beyond a program's wall clock, for a server on a loaded machine
constexpr std::int64_t kLeastMemory = 64LL << 20;
constexpr int kMaxDepth = 200;  // of a value's lists in lists
constexpr std::int64_t kTmpBytes = 32LL << 20;  // of the sandbox's /tmp

constexpr const char* kWayOut =
    "set reward.rules.code.isolation to \"process\" to do without (limits and a system-call filter only: programs then "
    "read what you may read)";

bool is_bubblewrap(const SandboxConfig& config) { return config.isolation == "bubblewrap"; }

std::vector<std::string> bubblewrap_arguments() {
  std::vector<std::string> argv = {"bwrap",
                                   "--unshare-user",
                                   "--unshare-pid",
                                   "--unshare-net",
                                   "--unshare-ipc",
                                   "--unshare-uts",
                                   "--unshare-cgroup-try",
                                   "--hostname",
                                   "sandbox",
                                   "--new-session",
                                   "--die-with-parent",
                                   "--cap-drop",
                                   "ALL",
                                   "--ro-bind",
                                   "/usr",
                                   "/usr"};
  for (const char* folder : {"/lib", "/lib64"}) argv.insert(argv.end(), {"--ro-bind-try", folder, folder});
  for (const char* device : {"/dev/null", "/dev/urandom"}) argv.insert(argv.end(), {"--dev-bind", device, device});
  argv.insert(argv.end(),
              {"--size", std::to_string(kTmpBytes), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp", "--"});
  return argv;
}

std::vector<std::string> server_arguments(const SandboxConfig& config, const std::string& folder) {
  std::vector<std::string> argv = is_bubblewrap(config) ? bubblewrap_arguments() : std::vector<std::string>();
  argv.insert(argv.end(), {config.python, "-s", "-S", "-B", "-c", kServerSource, folder,
                           std::to_string(config.memory_bytes), std::to_string(config.cpu_seconds),
                           fmt::format("{}", config.wall_seconds), std::to_string(config.output_bytes)});
  return argv;
}

/// A fixed hash seed: the order of a set of strings is the same in every server.
std::vector<std::string> server_environment() {
  return {"PATH=/usr/bin:/bin", "PYTHONHASHSEED=0", "PYTHONUTF8=1", "PYTHONSAFEPATH=1", "LC_ALL=C.UTF-8", "HOME=/tmp"};
}

/// A folder that is removed in the end, for isolation "process".
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "r1-code-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) user_error("code sandbox: can't make {}: {}", pattern, strerror(errno));
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<ServerProcess> start(const SandboxConfig& config, const std::string& folder) {
  try {
    return std::make_unique<ServerProcess>(server_arguments(config, folder), server_environment());
  } catch (const UserError& e) {
    if (!is_bubblewrap(config)) user_error("code sandbox: {}: set reward.rules.code.python", e.what());
    user_error("code sandbox: {}: install bubblewrap (apt-get install bubblewrap), or {}", e.what(), kWayOut);
  }
}

[[noreturn]] void report_failed_start(const SandboxConfig& config, const std::string& why) {
  if (!is_bubblewrap(config))
    user_error("code sandbox: {} does not start: {} (setting reward.rules.code.python)", config.python, why);
  user_error(
      "code sandbox: bubblewrap or {} does not start here: {}. It needs unprivileged user, pid and network namespaces "
      "and the interpreter under /usr; {}",
      config.python, why, kWayOut);
}

ProgramResult ended(ProgramResult::End end, std::string why) {
  ProgramResult result;
  result.end = end;
  result.why = std::move(why);
  return result;
}

/// From a program's own report, which may hold anything.
ProgramResult read_report(const std::string& text, std::size_t num_inputs) {
  const auto nonsense = [] { return ended(ProgramResult::End::Died, "the program's report can't be read"); };
  bool too_deep = false;  // what walks it later is recursive
  const auto watch = [&](int depth, Json::parse_event_t, Json&) { return !(too_deep = too_deep || depth > kMaxDepth); };
  const Json report = Json::parse(text, watch, false);
  if (too_deep || !report.is_object() || !report.contains("end") || !report["end"].is_string()) return nonsense();
  const auto end = report["end"].get<std::string>();
  const std::string why =
      report.contains("why") && report["why"].is_string() ? report["why"].get<std::string>() : std::string();
  if (end == "syntax") return ended(ProgramResult::End::SyntaxError, why);
  if (end == "undefined") return ended(ProgramResult::End::NoFunction, why);
  if (end == "raised") return ended(ProgramResult::End::Raised, why);
  if (end == "memory") return ended(ProgramResult::End::OutOfMemory, why);
  if (end != "finished" || !report.contains("calls") || !report["calls"].is_array()) return nonsense();
  ProgramResult result = ended(ProgramResult::End::Finished, "");
  for (const Json& call : report["calls"]) {
    if (!call.is_object()) return nonsense();
    if (call.contains("value"))
      result.calls.push_back({call["value"].dump(-1, ' ', false, Json::error_handler_t::replace), ""});
    else
      result.calls.push_back({"", call.contains("error") && call["error"].is_string() ? call["error"].get<std::string>()
                                                                                      : "an exception"});
  }
  return result.calls.size() == num_inputs ? result : nonsense();
}

ProgramResult read_reply(const Json& reply, const SandboxConfig& config, std::size_t num_inputs) {
  if (reply["timed_out"].get<bool>())
    return ended(ProgramResult::End::TimedOut, fmt::format("no end within {} s", config.wall_seconds));
  if (reply["out_of_cpu"].get<bool>())
    return ended(ProgramResult::End::TimedOut, fmt::format("no end within {} s of CPU time", config.cpu_seconds));
  const int signal = reply["signal"].get<int>();
  if (signal != 0)
    return ended(ProgramResult::End::Died, fmt::format("ended by signal {} ({})", signal, strsignal(signal)));
  if (reply["report_cut"].get<bool>()) return ended(ProgramResult::End::Died, "its results are longer than 1 MiB");
  const auto report = reply["report"].get<std::string>();
  const int exit_code = reply["exit_code"].get<int>();
  if (exit_code == 71) return ended(ProgramResult::End::OutOfMemory, "out of memory");
  if (report.empty()) return ended(ProgramResult::End::Died, fmt::format("exited with code {}, no result", exit_code));
  return read_report(report, num_inputs);
}

}  // namespace

void fields(core::FieldVisitor& v, SandboxConfig& c) {
  v("isolation", c.isolation, "bubblewrap: no files, no network; process: limits and a system-call filter only");
  v("python", c.python, "interpreter of generated programs");
  v("wall_seconds", c.wall_seconds, "wall-clock limit per program (outcome timeout)");
  v("cpu_seconds", c.cpu_seconds, "CPU limit per program (outcome timeout)");
  v("memory_bytes", c.memory_bytes, "address space per program (outcome crash)");
  v("output_bytes", c.output_bytes, "kept of what a program prints");
}

class Sandbox::Server {
 public:
  explicit Server(const SandboxConfig& config) {
    if (!is_bubblewrap(config)) folder_.emplace();
    process_ = start(config, folder_ ? folder_->path() : "/tmp");
    std::string greeting;
    const auto answer = process_->receive(Clock::now() + kStartLimit, greeting);
    if (answer == ServerProcess::Answer::TimedOut) report_failed_start(config, "no answer within 30 s");
    if (answer == ServerProcess::Answer::Closed) report_failed_start(config, process_->complaints());
    const std::string error = Json::parse(greeting).at("error").get<std::string>();
    if (!error.empty())
      user_error("code sandbox: programs can't be confined on this machine: {} (Linux with seccomp filters on x86-64)",
                 error);
  }
  ServerProcess& process() { return *process_; }

 private:
  std::optional<TemporaryFolder> folder_;  // outlives the process
  std::unique_ptr<ServerProcess> process_;
};

Sandbox::Sandbox(const SandboxConfig& config) : config_(config) {
  if (!is_bubblewrap(config) && config.isolation != "process")
    user_error("reward.rules.code.isolation '{}' is unknown (known: bubblewrap, process)", config.isolation);
  if (!(config.wall_seconds > 0.0) || config.cpu_seconds < 1 || config.output_bytes < 0)
    user_error("reward.rules.code: wall_seconds must be positive, cpu_seconds 1 or more, output_bytes 0 or more");
  if (config.memory_bytes < kLeastMemory)
    user_error("reward.rules.code.memory_bytes is {}: the interpreter itself needs {}", config.memory_bytes,
               kLeastMemory);
}

Sandbox::~Sandbox() = default;

ProgramResult Sandbox::run(const std::string& source, const std::string& inputs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Json list = Json::parse(inputs, nullptr, false);
  R1_CHECK(list.is_array(), "a program's inputs must be a JSON list, not {}", inputs);
  if (!server_) {
    ++num_starts_;
    server_ = std::make_unique<Server>(config_);
  }
  const std::string request =
      Json{{"source", source}, {"inputs", list}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto limit = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(config_.wall_seconds));
  std::string message;
  switch (server_->process().ask(request, Clock::now() + limit + kGrace, message)) {
    case ServerProcess::Answer::TimedOut:
      server_.reset();
      return ended(ProgramResult::End::TimedOut, "the sandbox hung and was replaced");
    case ServerProcess::Answer::Closed:
      server_.reset();
      return ended(ProgramResult::End::Died, "the sandbox died and was replaced");
    case ServerProcess::Answer::Message:
      break;
  }
  const Json reply = Json::parse(message);
  ProgramResult result = read_reply(reply, config_, list.size());
  result.output = reply["output"].get<std::string>();
  result.output_cut = reply["output_cut"].get<bool>();
  if (!reply["clean"].get<bool>()) server_.reset();  // the next program must not find what this one has left
  return result;
}

std::int64_t Sandbox::num_starts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return num_starts_;
}

}  // namespace r1::reward
