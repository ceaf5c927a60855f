// One loop on the calling thread starts stages and waits for one to end. A stage that runs alone stays on this thread:
// what libraries keep by thread (OpenMP's number of threads) is then what the program has set.
#include "r1/pipeline/schedule.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "r1/core/log.h"
#include "r1/core/threads.h"

namespace r1::pipeline {

namespace {

class Scheduler {
 public:
  Scheduler(const StageGraph& graph, const Schedule& schedule, const std::function<bool(std::size_t)>& task)
      : graph_(graph), schedule_(schedule), task_(task), states_(graph.names.size(), State::Done) {
    for (std::size_t i = 0; i < states_.size(); ++i)
      if (schedule.included[i]) states_[i] = State::Waiting;
  }

  bool run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (start_one(lock)) continue;
      if (running_ == 0) break;
      ended_.wait(lock);
    }
    lock.unlock();
    for (std::thread& thread : threads_) thread.join();
    if (error_) std::rethrow_exception(error_);
    return !stopping_;
  }

 private:
  enum class State { Waiting, Running, Done };

  bool runs_alone(std::size_t stage) const {
    const std::int64_t cores = schedule_.takes[stage].cores;
    return cores <= 0 || cores >= schedule_.machine.cores;
  }

  bool may_start(std::size_t stage) const {
    if (states_[stage] != State::Waiting) return false;
    for (const std::size_t need : graph_.needs[stage])
      if (states_[need] != State::Done) return false;
    if (running_ == 0) return true;
    const StageResources& takes = schedule_.takes[stage];
    return !runs_alone(stage) && taken_.cores + takes.cores <= schedule_.machine.cores &&
           taken_.memory_bytes + takes.memory_bytes <= schedule_.machine.memory_bytes &&
           (taken_.gpus == 0 || takes.gpus == 0);
  }

  /// Starts the first stage that may, if any; one that runs alone has ended when this returns.
  bool start_one(std::unique_lock<std::mutex>& lock) {
    if (stopping_) return false;
    const auto next = std::find_if(graph_.order.begin(), graph_.order.end(), [&](auto i) { return may_start(i); });
    if (next == graph_.order.end()) return false;
    const std::size_t stage = *next;
    states_[stage] = State::Running;
    take(stage, 1);
    if (runs_alone(stage)) {
      lock.unlock();
      run_task(stage);
      lock.lock();
    } else {
      threads_.emplace_back([this, stage] { run_task(stage); });
    }
    return true;
  }

  void take(std::size_t stage, std::int64_t sign) {
    const StageResources& takes = schedule_.takes[stage];
    running_ += sign;
    taken_.cores += sign * takes.cores;
    taken_.memory_bytes += static_cast<double>(sign) * takes.memory_bytes;
    taken_.gpus += sign * takes.gpus;
  }

  /// Without the lock.
  void run_task(std::size_t stage) {
    bool whole = false;
    std::exception_ptr error;
    try {
      whole = task_(stage);
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    states_[stage] = State::Done;
    take(stage, -1);
    stopping_ = stopping_ || !whole;
    if (error && error_) log_error(stage, error);
    if (error && !error_) error_ = error;
    ended_.notify_one();
  }

  void log_error(std::size_t stage, const std::exception_ptr& error) const {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      R1_LOG(error, "stage {} failed, too: {}", graph_.names[stage], e.what());
    }
  }

  const StageGraph& graph_;
  const Schedule& schedule_;
  const std::function<bool(std::size_t)>& task_;
  std::mutex mutex_;  // of all below
  std::condition_variable ended_;
  std::vector<State> states_;
  StageResources taken_;
  std::int64_t running_ = 0;
  bool stopping_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace

Machine this_machine() {
  return {.cores = static_cast<std::int64_t>(core::num_cores()),
          .memory_bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE))};
}

bool run_scheduled(const StageGraph& graph, const Schedule& schedule, const std::function<bool(std::size_t)>& task) {
  return Scheduler(graph, schedule, task).run();
}

}  // namespace r1::pipeline
