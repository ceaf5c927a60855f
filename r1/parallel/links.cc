// Connecting, summing, and finding out who is missing (links.h). A process writes into the store which collective it
// enters; when one fails, those that are behind are the ones it failed for.
#include "r1/parallel/links.h"

#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

#include "r1/core/error.h"
#include "r1/parallel/cuda/nccl.h"
#include "r1/parallel/gloo.h"

namespace r1::parallel {

namespace {

constexpr double kGraceSeconds = 2.0;

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000.0));
}

/// The first line of what an exception says; libtorch's add a stack to it.
std::string first_line(const std::exception& e) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&e);
  const std::string text = of_torch != nullptr ? of_torch->what_without_backtrace() : e.what();
  return text.substr(0, text.find('\n'));
}

c10::intrusive_ptr<c10d::Store> open_store(const World& world) {
  FLAGS_caffe2_log_level = 3;  // c10d logs with stacks what it throws, and what is thrown becomes our one line
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(world.master_port);
  options.isServer = world.rank == 0;
  options.waitWorkers = false;
  options.timeout = milliseconds(world.timeout_seconds);
  try {
    return c10::make_intrusive<c10d::TCPStore>(world.master_addr, options);
  } catch (const std::exception& e) {
    if (world.rank == 0)
      user_error("rank 0 can't listen at MASTER_ADDR:MASTER_PORT {}:{}: {}", world.master_addr, world.master_port,
                 first_line(e));
    user_error("rank {}: rank 0 does not answer at MASTER_ADDR:MASTER_PORT {}:{} within {} s", world.rank,
               world.master_addr, world.master_port, world.timeout_seconds);
  }
}

}  // namespace

Links::Links(const World& world, bool with_nccl) : world_(world), store_(open_store(world)) {
  wait_for_all();
  try {
    gloo_ = make_gloo(c10::make_intrusive<c10d::PrefixStore>("gloo", store_), world_);
    if (with_nccl) nccl_ = make_nccl(c10::make_intrusive<c10d::PrefixStore>("nccl", store_), world_);
  } catch (const c10::Error& e) {
    fail("connecting", e);
  }
}

Links::~Links() {
  // A communicator that is dropped without this waits for its peers for ever.
  if (nccl_) failed_ ? nccl_->abort() : nccl_->shutdown();
}

void Links::wait_for_all() {
  store_->set(fmt::format("here/{}", world_.rank), std::vector<std::uint8_t>{});
  const std::string missing = missing_from("here", world_.timeout_seconds);
  if (!missing.empty())
    user_error(
        "rank {} of {} waited {} s in vain for {}: start all {} processes, with the same MASTER_ADDR and "
        "MASTER_PORT",
        world_.rank, world_.size, world_.timeout_seconds, missing, world_.size);
}

/// Waits until every process has written STEM/rank; those that have not: "rank 1, 2", or "".
std::string Links::missing_from(const std::string& stem, double seconds) {
  const auto end = std::chrono::steady_clock::now() + milliseconds(seconds);
  std::vector<int> missing;
  for (int rank = 0; rank < world_.size; ++rank) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    try {
      store_->wait({fmt::format("{}/{}", stem, rank)}, std::max(left, std::chrono::milliseconds(10)));
    } catch (const c10::DistStoreError&) {
      missing.push_back(rank);
    }
  }
  return missing.empty() ? "" : fmt::format("rank {}", fmt::join(missing, ", "));
}

void Links::all_reduce_sum(at::Tensor& x, const std::string& what) {
  R1_CHECK(x.is_contiguous(), "{}: only a contiguous tensor is summed over processes", what);
  c10d::Backend* backend = x.is_cuda() ? nccl_.get() : gloo_.get();
  R1_CHECK(backend != nullptr, "{}: a tensor on a GPU in a group without NCCL", what);
  try {
    const std::string count = std::to_string(++begun_);
    store_->set(fmt::format("at/{}", world_.rank), std::vector<std::uint8_t>(count.begin(), count.end()));
    std::vector<at::Tensor> one{x};
    backend->allreduce(one)->wait();
  } catch (const std::exception& e) {
    fail(what, e);
  }
}

void Links::fail(const std::string& what, const std::exception& cause) {
  failed_ = true;
  std::string missing;
  try {
    store_->set(fmt::format("failed/{}/{}", begun_, world_.rank), std::vector<std::uint8_t>{});
    std::vector<int> behind;
    for (int rank = 0; rank < world_.size; ++rank) {
      const std::string key = fmt::format("at/{}", rank);
      const std::vector<std::uint8_t> at =
          store_->check({key}) ? store_->get(key) : std::vector<std::uint8_t>{std::uint8_t{'0'}};
      if (std::stoll(std::string(at.begin(), at.end())) < begun_) behind.push_back(rank);
    }
    missing = behind.empty() ? missing_from(fmt::format("failed/{}", begun_), kGraceSeconds)
                             : fmt::format("rank {}", fmt::join(behind, ", "));
  } catch (const std::exception&) {
    missing = "rank 0";  // serves the store
  }
  user_error("rank {} of {}: {}: {} ended or did not come within {} s ({})", world_.rank, world_.size, what,
             missing.empty() ? "one that was there" : missing, world_.timeout_seconds, first_line(cause));
}

void Links::say_goodbye() {
  if (failed_) return;
  try {
    store_->set(fmt::format("bye/{}", world_.rank), std::vector<std::uint8_t>{});
    missing_from("bye", kGraceSeconds);
  } catch (const std::exception&) {  // rank 0 was faster and the store is gone: all is said
    return;
  }
}

}  // namespace r1::parallel
