// Reading the environment (world.h).
#include "r1/parallel/world.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include "r1/core/error.h"

namespace r1::parallel {

namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): read and set at start, before other threads exist
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

std::optional<int> number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int needed_number(const char* name, int lowest, int highest) {
  const std::optional<std::string> text = variable(name);
  if (!text)
    user_error("{} is not set but WORLD_SIZE is: start all processes with `r1 launch` or torchrun, or unset WORLD_SIZE",
               name);
  const std::optional<int> value = number(*text);
  if (!value || *value < lowest || *value > highest)
    user_error("{}={}: a number from {} to {} is needed", name, *text, lowest, highest);
  return *value;
}

}  // namespace

World world_from_environment() {
  World world;
  if (!variable("WORLD_SIZE")) return world;
  world.size = needed_number("WORLD_SIZE", 1, 1 << 20);
  if (world.size == 1) return world;
  world.rank = needed_number("RANK", 0, world.size - 1);
  world.local_rank = needed_number("LOCAL_RANK", 0, world.rank);
  world.master_port = needed_number("MASTER_PORT", 1, 65535);
  if (!variable("MASTER_ADDR")) user_error("MASTER_ADDR is not set: it names the machine that rank 0 runs on");
  world.master_addr = *variable("MASTER_ADDR");
  if (variable("TORCHELASTIC_USE_AGENT_STORE") == "True")
    world.outside_store = "r1/" + variable("TORCHELASTIC_RESTART_COUNT").value_or("0");
  if (variable("R1_COLLECTIVE_TIMEOUT")) world.timeout_seconds = needed_number("R1_COLLECTIVE_TIMEOUT", 1, 1 << 20);
  return world;
}

void refuse_many_processes(const std::string& what) {
  if (const int size = world_from_environment().size; size > 1)
    user_error("{} runs in one process, and WORLD_SIZE is {}: unset it, or start it without a launcher", what, size);
}

void choose_local_gpu() {
  const std::optional<int> size = number(variable("WORLD_SIZE").value_or("1"));
  const std::optional<int> rank = number(variable("LOCAL_RANK").value_or("0"));
  if (!size || *size < 2 || !rank || *rank < 0) return;
  const std::optional<std::string> visible = variable("CUDA_VISIBLE_DEVICES");
  std::vector<std::string> devices;
  std::istringstream list(visible.value_or(""));
  for (std::string device; std::getline(list, device, ',');) devices.push_back(device);
  if (visible && devices.size() == 1) return;
  const auto index = static_cast<std::size_t>(*rank);
  const std::string mine = !visible ? std::to_string(*rank) : index < devices.size() ? devices[index] : "";
  setenv("CUDA_VISIBLE_DEVICES", mine.c_str(), 1);
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace r1::parallel
