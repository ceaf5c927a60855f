// parallel_for: every index once, whatever the number of threads; the exception of the lowest failing index comes out.
#include "r1/core/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace r1::core {
namespace {

TEST(ParallelFor, RunsEveryIndexExactlyOnce) {
  for (const std::size_t num_threads : {0, 1, 2, 5, 100}) {
    for (const std::size_t count : {0, 1, 7, 1000}) {
      std::vector<std::atomic<int>> runs(count);
      parallel_for(count, num_threads, [&](std::size_t i) { ++runs[i]; });
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(runs[i], 1) << i << " of " << count << " on " << num_threads;
    }
  }
}

TEST(ParallelFor, UsesAsManyThreadsAsItMay) {
  std::atomic<int> waiting{0};
  std::mutex mutex;
  std::set<std::thread::id> ids;
  parallel_for(3, 3, [&](std::size_t) {
    ++waiting;
    while (waiting < 3) std::this_thread::yield();  // ends only when three threads are here at once
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids.size(), 3u);
}

TEST(ParallelFor, RethrowsTheFailureOfTheLowestIndex) {
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::string message;
    try {
      parallel_for(200, 4, [](std::size_t i) {
        if (i == 20 || i == 21 || i == 22 || i == 150) throw std::runtime_error(std::to_string(i));
      });
    } catch (const std::runtime_error& e) {
      message = e.what();
    }
    ASSERT_EQ(message, "20");
  }
}

TEST(ParallelFor, StopsHandingOutWorkAfterAFailure) {
  std::atomic<int> runs{0};
  const auto task = [&](std::size_t i) {
    ++runs;
    if (i == 0) throw std::runtime_error("stop");
  };
  EXPECT_THROW(parallel_for(1000, 1, task), std::runtime_error);
  EXPECT_EQ(runs, 1);
}

TEST(NumCores, IsAtLeastOneAndFollowsTheAffinityMask) {
  EXPECT_GE(num_cores(), 1u);
  EXPECT_LE(num_cores(), std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace
}  // namespace r1::core
