// Who runs beside whom. Overlap is proved by stages that wait for each other, its absence by counting.
#include "r1/pipeline/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "tests/pipeline/fake_stages.h"

namespace r1::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

/// Stages meet here; nobody waits for longer than ten seconds.
class Meeting {
 public:
  /// True once `count` stages are in.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    ++present_;
    arrived_.notify_all();
    return arrived_.wait_for(lock, std::chrono::seconds(10), [&] { return present_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::size_t present_ = 0;
};

/// Counts who runs at the same time.
class Counter {
 public:
  void pass(std::size_t stage) {
    {
      const std::lock_guard lock(mutex_);
      order.push_back(stage);
      present_.push_back(stage);
      for (const std::size_t other : present_) most[other] = std::max(most[other], present_.size());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    const std::lock_guard lock(mutex_);
    std::erase(present_, stage);
  }
  std::map<std::size_t, std::size_t> most;  // of each stage: how many ran while it did, itself included
  std::vector<std::size_t> order;

 private:
  std::mutex mutex_;
  std::vector<std::size_t> present_;
};

class ScheduleTest : public ::testing::Test {
 protected:
  void add(const std::string& name, const StageResources& takes, std::vector<std::string> reads = {}) {
    add_stage(stages_, name, std::move(reads));
    schedule_.takes.push_back(takes);
    schedule_.included.push_back(true);
  }
  bool run(const std::function<bool(std::size_t)>& task) {
    return run_scheduled(make_graph(stages_, "run"), schedule_, task);
  }
  std::size_t most_at_once() {
    Counter counter;
    run([&](std::size_t stage) {
      counter.pass(stage);
      return true;
    });
    order_ = counter.order;
    std::size_t most = 0;
    for (const auto& [stage, count] : counter.most) most = std::max(most, count);
    return most;
  }

  StageList stages_;
  Schedule schedule_{.included = {}, .takes = {}, .machine = {.cores = 4, .memory_bytes = 100}};
  std::vector<std::size_t> order_;
};

TEST_F(ScheduleTest, IndependentStagesOverlapWhereTheyFit) {
  add("a", {.cores = 2, .memory_bytes = 50});
  add("b", {.cores = 2, .memory_bytes = 50});
  Meeting meeting;
  int met = 0;
  std::mutex mutex;
  EXPECT_TRUE(run([&](std::size_t) {
    const bool together = meeting.wait_for(2);
    const std::lock_guard lock(mutex);
    met += together ? 1 : 0;
    return true;
  }));
  EXPECT_EQ(met, 2);
}

TEST_F(ScheduleTest, AStageOfAllCoresRunsAloneOnTheCallingThread) {
  add("a", {.cores = 1});
  add("all", {});
  add("b", {.cores = 1});
  add("four", {.cores = 4});
  add("nine", {.cores = 9});
  std::thread::id thread_of_all;
  Counter counter;
  run([&](std::size_t stage) {
    if (stage == 1) thread_of_all = std::this_thread::get_id();
    counter.pass(stage);
    return true;
  });
  for (const std::size_t stage : {1U, 3U, 4U}) EXPECT_EQ(counter.most.at(stage), 1U) << stage;
  EXPECT_EQ(thread_of_all, std::this_thread::get_id());
  EXPECT_EQ(counter.order.size(), 5U);
}

TEST_F(ScheduleTest, CoresMemoryAndGpusLimit) {
  add("a", {.cores = 3});
  add("b", {.cores = 2});
  EXPECT_EQ(most_at_once(), 1U);
  schedule_.takes = {{.cores = 1, .memory_bytes = 60}, {.cores = 1, .memory_bytes = 60}};
  EXPECT_EQ(most_at_once(), 1U);
  schedule_.takes = {{.cores = 1, .gpus = 1}, {.cores = 1, .gpus = 1}};
  EXPECT_EQ(most_at_once(), 1U);
}

TEST_F(ScheduleTest, AStageThatAsksForTooMuchMemoryStillRuns) {
  add("a", {.cores = 1, .memory_bytes = 1000});
  add("b", {.cores = 1});
  EXPECT_EQ(most_at_once(), 1U);
  EXPECT_THAT(order_, UnorderedElementsAre(0, 1));
}

TEST_F(ScheduleTest, ReadersWaitForTheirProducers) {
  add("reader", {.cores = 1}, {"producer/out.txt"});
  add("producer", {.cores = 1});
  EXPECT_EQ(most_at_once(), 1U);
  EXPECT_THAT(order_, ElementsAre(1, 0));
}

TEST_F(ScheduleTest, StagesThatAreNotIncludedCountAsDone) {
  add("producer", {.cores = 1});
  add("reader", {.cores = 1}, {"producer/out.txt"});
  schedule_.included[0] = false;
  most_at_once();
  EXPECT_THAT(order_, ElementsAre(1));
}

TEST_F(ScheduleTest, AnErrorLetsTheOthersFinishAndPassesThrough) {
  add("fails", {.cores = 1});
  add("beside", {.cores = 1});
  add("later", {.cores = 1}, {"beside/out.txt"});
  Meeting meeting;
  bool finished = false, later = false;
  const std::string message = error_of([&] {
    run([&](std::size_t stage) {
      if (stage == 2) later = true;
      if (stage == 2) return true;
      meeting.wait_for(2);
      if (stage == 0) user_error("no disk");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      finished = true;
      return true;
    });
  });
  EXPECT_EQ(message, "no disk");
  EXPECT_TRUE(finished);
  EXPECT_FALSE(later);
}

TEST_F(ScheduleTest, FalseStopsWhatHasNotStarted) {
  add("a", {});
  add("b", {});
  EXPECT_FALSE(run([&](std::size_t stage) {
    EXPECT_EQ(stage, 0U);
    return false;
  }));
}

}  // namespace
}  // namespace r1::pipeline
