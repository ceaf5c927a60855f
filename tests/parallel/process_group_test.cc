// Sums, strings and barriers of several processes; and what the others say of one that is missing, late or dead.
#include "r1/parallel/process_group.h"

#include <ATen/ops/arange.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"
#include "r1/parallel/collectives.h"
#include "tests/support/processes.h"

namespace r1::parallel {
namespace {

using test::Ended;
using test::run_processes;
using ::testing::HasSubstr;

TEST(ProcessGroup, SumsTensorsOfEveryTypeInBuckets) {
  test::expect_all_well(run_processes(3, 20, [](const World& world) {
    ProcessGroup group(world, false);
    std::vector<at::Tensor> tensors;
    const std::vector<at::ScalarType> types = {at::kDouble, at::kDouble, at::kFloat, at::kBFloat16, at::kFloat};
    for (const at::ScalarType type : types)
      tensors.push_back((at::arange(6, at::TensorOptions().dtype(type)) * (world.rank + 1)).view({2, 3}));
    tensors.push_back(at::arange(6, at::TensorOptions().dtype(at::kFloat)).view({2, 3}).t());  // not contiguous
    all_reduce_sum(group, tensors, "sums");
    for (std::size_t i = 0; i < tensors.size(); ++i)
      for (std::int64_t j = 0; j < 6; ++j) {
        const double sum =
            i + 1 == tensors.size() ? static_cast<double>(3 * (j % 2 * 3 + j / 2)) : 6.0 * static_cast<double>(j);
        EXPECT_EQ(tensors[i].reshape({-1})[j].item<double>(), sum) << i << " " << j;
      }
    std::vector<double> numbers = {0.5, static_cast<double>(world.rank)};
    all_reduce_sum(group, numbers, "numbers");
    EXPECT_THAT(numbers, ::testing::ElementsAre(1.5, 3.0));
  }));
}

TEST(ProcessGroup, GathersStringsOfAnyLength) {
  test::expect_all_well(run_processes(3, 20, [](const World& world) {
    ProcessGroup group(world, false);
    const std::string mine = world.rank == 1 ? "" : std::string(static_cast<std::size_t>(world.rank + 1), 'x') + "\0y";
    EXPECT_THAT(group.all_gather(mine, "strings"), ::testing::ElementsAre("x", "", "xxx"));
    EXPECT_THAT(group.all_gather("", "nothing"), ::testing::ElementsAre("", "", ""));
    group.barrier("the end");
  }));
}

TEST(ProcessGroup, ProcessThatNeverComesIsNamed) {
  const std::vector<Ended> ended = run_processes(2, 1, [](const World& world) { ProcessGroup group(world, false); }, 3);
  for (const Ended& one : ended) EXPECT_THAT(one.error, HasSubstr("in vain for rank 2: start all 3 processes"));
}

TEST(ProcessGroup, RankZeroThatNeverComesIsNamed) {
  const std::vector<Ended> ended = run_processes(2, 1, [](const World& world) {
    if (world.rank > 0) ProcessGroup group(world, false);
  });
  EXPECT_THAT(ended[1].error, HasSubstr("rank 1: rank 0 does not answer at MASTER_ADDR:MASTER_PORT 127.0.0.1:"));
}

TEST(ProcessGroup, ProcessThatDiesIsNamedAtOnce) {
  for (const int dead : {0, 2}) {
    const std::vector<Ended> ended = run_processes(3, 60, [&](const World& world) {
      ProcessGroup group(world, false);
      group.barrier("the start");
      if (world.rank == dead) _exit(7);
      group.barrier("update 5");
    });
    for (int rank = 0; rank < 3; ++rank)
      if (rank == dead)
        EXPECT_EQ(ended[static_cast<std::size_t>(rank)].code, 7);
      else
        EXPECT_THAT(ended[static_cast<std::size_t>(rank)].error,
                    HasSubstr("update 5: rank " + std::to_string(dead) + " ended or did not come"));
  }
}

TEST(ProcessGroup, ProcessThatIsLateIsNamed) {
  const std::vector<Ended> ended = run_processes(3, 1, [](const World& world) {
    ProcessGroup group(world, false);
    if (world.rank == 1) usleep(4'000'000);
    group.barrier("update 5");
  });
  for (const std::size_t rank : {0, 2})
    EXPECT_THAT(ended[rank].error, HasSubstr("update 5: rank 1 ended or did not come within 1 s"));
  EXPECT_EQ(ended[1].code, 1);
}

}  // namespace
}  // namespace r1::parallel
