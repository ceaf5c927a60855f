// The environment variables of torchrun and `r1 launch`: what they mean, and the one line that wrong ones get.
#include "r1/parallel/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "r1/core/error.h"

namespace r1::parallel {
namespace {

using Variables = std::map<std::string, std::string>;

const Variables kGood = {
    {"RANK", "3"}, {"WORLD_SIZE", "4"}, {"LOCAL_RANK", "1"}, {"MASTER_ADDR", "node0"}, {"MASTER_PORT", "1234"}};

void set_environment(const Variables& variables) {
  for (const char* name : {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "R1_COLLECTIVE_TIMEOUT",
                           "CUDA_VISIBLE_DEVICES"})
    unsetenv(name);
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
}

std::string error_of(Variables variables, const Variables& changes) {
  for (const auto& [name, value] : changes) variables[name] = value;
  set_environment(variables);
  try {
    world_from_environment();
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

TEST(World, FromTheEnvironment) {
  set_environment({});
  EXPECT_EQ(world_from_environment().size, 1);
  EXPECT_NO_THROW(refuse_many_processes("r1 run"));
  Variables variables = kGood;
  variables["R1_COLLECTIVE_TIMEOUT"] = "5";
  set_environment(variables);
  const World world = world_from_environment();
  EXPECT_EQ(world.rank, 3);
  EXPECT_EQ(world.size, 4);
  EXPECT_EQ(world.local_rank, 1);
  EXPECT_EQ(world.master_addr, "node0");
  EXPECT_EQ(world.master_port, 1234);
  EXPECT_EQ(world.timeout_seconds, 5.0);
  EXPECT_EQ(world.outside_store, "");
  EXPECT_THROW(refuse_many_processes("r1 run"), UserError);
  setenv("TORCHELASTIC_USE_AGENT_STORE", "True", 1);
  setenv("TORCHELASTIC_RESTART_COUNT", "2", 1);
  EXPECT_EQ(world_from_environment().outside_store, "r1/2");
  unsetenv("TORCHELASTIC_USE_AGENT_STORE");
}

TEST(World, WrongVariablesAreNamed) {
  using ::testing::HasSubstr;
  EXPECT_EQ(error_of(kGood, {}), "");
  EXPECT_THAT(error_of(kGood, {{"RANK", ""}}), HasSubstr("RANK is not set"));
  EXPECT_THAT(error_of(kGood, {{"RANK", "4"}}), HasSubstr("RANK=4: a number from 0 to 3"));
  EXPECT_THAT(error_of(kGood, {{"RANK", "1x"}}), HasSubstr("RANK=1x"));
  EXPECT_THAT(error_of(kGood, {{"WORLD_SIZE", "zero"}}), HasSubstr("WORLD_SIZE=zero"));
  EXPECT_THAT(error_of(kGood, {{"LOCAL_RANK", "-1"}}), HasSubstr("LOCAL_RANK=-1"));
  EXPECT_THAT(error_of(kGood, {{"MASTER_ADDR", ""}}), HasSubstr("MASTER_ADDR is not set"));
  EXPECT_THAT(error_of(kGood, {{"MASTER_PORT", "70000"}}), HasSubstr("MASTER_PORT=70000"));
}

/// CUDA_VISIBLE_DEVICES after choose_local_gpu(), "-" where it is not set.
std::string visible_after(Variables variables, const Variables& changes) {
  for (const auto& [name, value] : changes) variables[name] = value;
  set_environment(variables);
  choose_local_gpu();
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  return value == nullptr ? "-" : value;
}

TEST(World, EachProcessSeesItsOwnGpu) {
  EXPECT_EQ(visible_after({}, {}), "-");
  EXPECT_EQ(visible_after(kGood, {}), "1");
  EXPECT_EQ(visible_after(kGood, {{"CUDA_VISIBLE_DEVICES", "4,6"}}), "6");
  EXPECT_EQ(visible_after(kGood, {{"CUDA_VISIBLE_DEVICES", "5"}}), "5");  // one a process already, as Slurm does it
  EXPECT_EQ(visible_after(kGood, {{"CUDA_VISIBLE_DEVICES", "4,6"}, {"LOCAL_RANK", "2"}}), "");  // it has none
}

}  // namespace
}  // namespace r1::parallel
