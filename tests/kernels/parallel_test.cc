// The kernels' pool: every item once, nested calls, many calls in a row, any number of threads.
#include "r1/kernels/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace r1::kernels {
namespace {

TEST(Parallel, EveryItemOnceWhateverTheThreads) {
  const int threads = num_threads();
  for (const int count : {1, 2, 7}) {
    set_num_threads(count);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> seen(101);
      parallel_items(101, [&](std::int64_t i) { ++seen[static_cast<std::size_t>(i)]; });
      parallel_ranges(101, 3, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (const auto& n : seen) ASSERT_EQ(n.load(), 2);
    }
  }
  set_num_threads(threads);
}

TEST(Parallel, NestedCallsRunOnTheirCaller) {
  std::atomic<int> total{0};
  parallel_items(8, [&](std::int64_t) {
    parallel_ranges(10, 1, [&](std::int64_t begin, std::int64_t end) { total += static_cast<int>(end - begin); });
  });
  EXPECT_EQ(total.load(), 80);
  parallel_ranges(0, 1, [&](std::int64_t, std::int64_t) { ++total; });
  EXPECT_EQ(total.load(), 80);
}

}  // namespace
}  // namespace r1::kernels
