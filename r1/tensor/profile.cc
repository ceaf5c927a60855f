// Profiles through Kineto (profile.h): what it collected, summed up by kind.
#include "r1/tensor/profile.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tensor/device.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

namespace kineto = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

constexpr const char* kWhole = "other";  // the range around all: what no inner range names
constexpr std::size_t kTop = 12;

// Kineto's own numbers of activities (libkineto/ActivityType.h, which the wheel has not).
enum Activity : std::uint8_t { kCpuOp = 0, kUserAnnotation = 1, kGpuCopy = 3, kGpuSet = 4, kGpuKernel = 5 };

struct Event {
  std::string name;
  std::uint64_t start = 0, end = 0, thread = 0;
};

using Sums = std::map<std::string, ProfileShare>;

void add(Sums& sums, const std::string& kind, double nanoseconds) {
  ProfileShare& s = sums[kind];
  s.kind = kind;
  s.seconds += nanoseconds * 1e-9;
  ++s.count;
}

/// Each event's time without that of the events inside it.
Sums own_times(std::vector<Event> events) {
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tuple(a.thread, a.start, b.end) < std::tuple(b.thread, b.start, a.end);
  });
  Sums sums;
  std::vector<std::pair<const Event*, double>> open;  // and the time of its children
  const auto close = [&] {
    const auto [event, children] = open.back();
    const double whole = static_cast<double>(event->end - event->start);
    add(sums, event->name, whole - children);
    open.pop_back();
    if (!open.empty()) open.back().second += whole;
  };
  for (const Event& e : events) {
    while (!open.empty() && (open.back().first->thread != e.thread || open.back().first->end <= e.start)) close();
    open.emplace_back(&e, 0.0);
  }
  while (!open.empty()) close();
  return sums;
}

std::vector<ProfileShare> largest_first(const Sums& sums, double seconds, std::size_t most) {
  std::vector<ProfileShare> out;
  for (const auto& [kind, share] : sums) out.push_back(share);
  for (ProfileShare& s : out) s.share = s.seconds / seconds;
  std::stable_sort(out.begin(), out.end(),
                   [](const ProfileShare& a, const ProfileShare& b) { return a.seconds > b.seconds; });
  out.resize(std::min(most, out.size()));
  return out;
}

ProfileReport summed(const std::vector<kineto::KinetoEvent>& events) {
  std::vector<Event> ranges, ops;
  Sums kinds, kernels;
  double busy = 0.0, whole = 0.0;
  for (const kineto::KinetoEvent& e : events) {
    const Event event{e.name(), e.startNs(), e.endNs(), e.startThreadId()};
    const double nanoseconds = static_cast<double>(e.durationNs());
    const std::uint8_t activity = e.activityType();
    if (activity == kGpuKernel || activity == kGpuCopy || activity == kGpuSet) {
      add(kinds, activity == kGpuKernel ? kernel_kind(event.name) : "copies", nanoseconds);
      add(kernels, event.name, nanoseconds);
      busy += nanoseconds * 1e-9;
    } else if (activity == kUserAnnotation) {
      if (event.name == kWhole) whole = nanoseconds * 1e-9;
      ranges.push_back(event);
    } else if (activity == kCpuOp) {
      ops.push_back(event);
    }
  }
  if (!kinds.empty()) {
    kinds["idle"] = {"idle", std::max(0.0, whole - busy), 0.0, 1};
    whole = std::max(whole, busy);  // several streams at once
  }
  return {whole, largest_first(own_times(ranges), whole, ranges.size()), largest_first(kinds, whole, kinds.size()),
          largest_first(kernels.empty() ? own_times(ops) : kernels, whole, kTop)};
}

}  // namespace

class Profile::Running {
 public:
  explicit Running(bool with_gpu) : with_gpu_(with_gpu) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before Kineto starts, which would complain of a machine without a GPU
    setenv("KINETO_LOG_LEVEL", "5", 0);
    std::set<ActivityType> activities{ActivityType::CPU};
    if (with_gpu) activities.insert(ActivityType::CUDA);
    const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
    kineto::prepareProfiler(config, activities);
    kineto::enableProfiler(config, activities);
    whole_.emplace(kWhole);
  }
  std::unique_ptr<kineto::ProfilerResult> stop() {
    if (with_gpu_) synchronize(tensor::device("cuda"));
    whole_.reset();
    return kineto::disableProfiler();
  }

 private:
  bool with_gpu_;
  std::optional<Range> whole_;
};

Profile::Profile(bool with_gpu) : running_(std::make_unique<Running>(with_gpu)) {}

Profile::~Profile() {
  if (running_) running_->stop();
}

ProfileReport Profile::stop(const std::filesystem::path& file) {
  R1_CHECK(running_ != nullptr, "the profile was stopped before");
  const std::unique_ptr<kineto::ProfilerResult> result = std::exchange(running_, nullptr)->stop();
  std::filesystem::path partial = file;
  partial += ".part.json";  // Kineto looks at the ending
  result->save(partial.string());
  if (!std::filesystem::exists(partial)) user_error("profile: {} can't be written", file.string());
  std::filesystem::rename(partial, file);
  return summed(result->events());
}

std::string kernel_kind(const std::string& name) {
  // The first that fits: attention kernels are made of products, too.
  static const std::pair<const char*, std::vector<std::string_view>> kKinds[] = {
      {"attention", {"flash", "fmha", "attention", "sdpa", "Attention"}},
      {"optimizer", {"adamw", "norm_kernel"}},
      {"norms", {"RmsNorm", "add_partials"}},
      {"activations", {"Swiglu"}},
      {"rotary angles", {"Rope", "Rotate"}},
      {"log-probabilities", {"Logprob"}},
      {"collectives", {"nccl"}},
      {"products", {"gemm", "nvjet", "cutlass", "cublas", "splitK"}},
      {"copies", {"Memcpy", "Memset", "copy", "CatArray"}},
      {"rows and sorting", {"index", "gather", "scatter", "Sort", "sort", "embedding"}},
      {"element-wise and sums", {"elementwise", "reduce"}}};
  for (const auto& [kind, words] : kKinds)
    for (const std::string_view word : words)
      if (name.find(word) != std::string::npos) return kind;
  return "other kernels";
}

std::vector<std::string> to_lines(const ProfileReport& report) {
  std::vector<std::string> lines;
  const auto table = [&](const char* title, const std::vector<ProfileShare>& shares) {
    if (shares.empty()) return;
    lines.push_back(fmt::format("{} ({:.3f} s)", title, report.seconds));
    for (const ProfileShare& s : shares)
      lines.push_back(fmt::format("  {:5.1f}%  {:9.3f} ms  {:6} x  {}", 100.0 * s.share, 1e3 * s.seconds, s.count,
                                  s.kind.substr(0, 100)));
  };
  table("host, by kind", report.host);
  table("GPU, by kind", report.device);
  table(report.device.empty() ? "operators, time of their own" : "GPU kernels", report.top);
  return lines;
}

}  // namespace r1::tensor
