// A sub-run is done once: a restart takes its figures from the file it left.
#include "r1/pipeline/stages/sub_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "r1/core/error.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;

TEST(SubRun, IsDoneOnceAndKeepsItsFigures) {
  const fs::path folder = fs::path(testing::TempDir()) / (std::to_string(getpid()) + "_sub_run_test");
  fs::remove_all(folder);
  StageContext context;
  context.directory = folder;
  int runs = 0;
  const auto work = [&](const fs::path& state) -> Metrics {
    EXPECT_EQ(state, context.state() / "small-0");
    ++runs;
    return {{"steps", 3.0}, {"learning_rate", 1e-3}, {"validation_accuracy", 1.0 / 3.0}};
  };
  const Metrics first = run_once(context, "small-0", work);
  EXPECT_EQ(run_once(context, "small-0", work), first);  // values and order
  EXPECT_EQ(runs, 1);
  Metrics all;
  add_metrics(all, "small-0", first);
  EXPECT_EQ(figure(all, "small-0/validation_accuracy"), 1.0 / 3.0);
  EXPECT_THROW(figure(all, "steps"), Error);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace r1::pipeline
