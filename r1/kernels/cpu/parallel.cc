// A pool that starts on first use. Workers watch an epoch counter: they spin for some microseconds, then wait on a
// futex (std::atomic::wait). One job at a time; a kernel called from inside a job runs on its caller.
#include "r1/kernels/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace r1::kernels {

namespace {

thread_local bool inside_job = false;

int cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }
  ~Pool() {
    stop_.store(true);
    epoch_.fetch_add(1);
    epoch_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// task(i) for i in [0, count), each once, on any thread.
  void run(std::int64_t count, const std::function<void(std::int64_t)>& task) {
    const std::lock_guard lock(one_job_);
    task_ = &task;
    count_ = count;
    next_.store(0);
    busy_.store(static_cast<int>(workers_.size()));
    epoch_.fetch_add(1);
    epoch_.notify_all();
    drain();
    int spin = 0;
    for (int left = busy_.load(); left != 0; left = busy_.load()) {
      if (++spin < 2000)
        __builtin_ia32_pause();
      else
        busy_.wait(left);  // more threads than cores: the worker needs this one
    }
  }

 private:
  void drain() {
    inside_job = true;
    for (std::int64_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) (*task_)(i);
    inside_job = false;
  }
  void work() {
    std::uint32_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < 2000 && epoch_.load(std::memory_order_acquire) == seen; ++spin) __builtin_ia32_pause();
      epoch_.wait(seen);
      seen = epoch_.load(std::memory_order_acquire);
      if (stop_.load()) return;
      drain();
      if (busy_.fetch_sub(1) == 1) busy_.notify_one();
    }
  }

  std::vector<std::thread> workers_;
  std::mutex one_job_;
  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::int64_t> next_{0};
  std::atomic<int> busy_{0};
  std::atomic<bool> stop_{false};
  const std::function<void(std::int64_t)>* task_ = nullptr;
  std::int64_t count_ = 0;
};

std::mutex pool_mutex;
std::unique_ptr<Pool> pool_instance;
int wanted_threads = 0;

Pool& pool() {
  const std::lock_guard lock(pool_mutex);
  if (!pool_instance) pool_instance = std::make_unique<Pool>(num_threads());
  return *pool_instance;
}

}  // namespace

int num_threads() {
  if (wanted_threads == 0) wanted_threads = cores();
  return wanted_threads;
}

void set_num_threads(int count) {
  const std::lock_guard lock(pool_mutex);
  wanted_threads = std::max(1, count);
  pool_instance.reset();
}

void parallel_items(std::int64_t count, const std::function<void(std::int64_t)>& body) {
  if (count <= 1 || inside_job || num_threads() == 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  pool().run(count, body);
}

void parallel_ranges(std::int64_t count, std::int64_t grain,
                     const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::int64_t most = std::max<std::int64_t>(1, count / std::max<std::int64_t>(1, grain));
  const std::int64_t parts = std::min<std::int64_t>(num_threads(), most);
  if (parts <= 1 || inside_job) {
    if (count > 0) body(0, count);
    return;
  }
  parallel_items(parts, [&](std::int64_t part) { body(count * part / parts, count * (part + 1) / parts); });
}

}  // namespace r1::kernels
