// One Gloo device on the interface that faces rank 0's machine (gloo.h).
#include "r1/parallel/gloo.h"

#include <chrono>
#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

namespace r1::parallel {

namespace {

using Gloo = c10d::ProcessGroupGloo;

std::shared_ptr<::gloo::transport::Device> device(const World& world) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables by now
  if (const char* name = std::getenv("GLOO_SOCKET_IFNAME"); name != nullptr && *name != '\0')
    return Gloo::createDeviceForInterface(name);
  if (world.master_addr == "127.0.0.1" || world.master_addr == "localhost")
    return Gloo::createDeviceForHostname("127.0.0.1");
  return Gloo::createDefaultDevice();
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_gloo(const c10::intrusive_ptr<c10d::Store>& store, const World& world) {
  const std::chrono::duration<double> timeout(world.timeout_seconds);
  const auto options = Gloo::Options::create(std::chrono::duration_cast<std::chrono::milliseconds>(timeout));
  options->devices.push_back(device(world));
  return c10::make_intrusive<Gloo>(store, world.rank, world.size, options);
}

}  // namespace r1::parallel
