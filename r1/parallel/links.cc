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

std::string text_of(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::string names(const std::vector<int>& ranks) { return fmt::format("rank {}", fmt::join(ranks, ", ")); }

/// For ends, where nobody is left to tell.
template <class Work>
void quietly(const Work& work) {
  try {
    work();
  } catch (const std::exception&) {
    return;
  }
}

c10::intrusive_ptr<c10d::Store> open_store(const World& world) {
  FLAGS_caffe2_log_level = 3;  // c10d logs with stacks what it throws, and what is thrown becomes our one line
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(world.master_port);
  options.isServer = world.rank == 0 && world.outside_store.empty();
  options.waitWorkers = false;
  options.timeout = milliseconds(world.join_seconds);
  try {
    c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(world.master_addr, options);
    if (world.outside_store.empty()) return store;
    return c10::make_intrusive<c10d::PrefixStore>(world.outside_store, store);
  } catch (const std::exception& e) {
    if (options.isServer)
      user_error("rank 0 can't listen at MASTER_ADDR:MASTER_PORT {}:{}: {}", world.master_addr, world.master_port,
                 first_line(e));
    user_error("rank {}: rank 0 does not answer at MASTER_ADDR:MASTER_PORT {}:{} within {} s", world.rank,
               world.master_addr, world.master_port, world.join_seconds);
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
  if (nccl_) quietly([&] { nccl_->abort(); });  // one that is dropped as it is waits for its peers for ever
}

void Links::wait_for_all() {
  std::vector<int> missing;
  try {
    store_->set(fmt::format("here/{}", world_.rank), std::vector<std::uint8_t>{});
    missing = silent_in("here", world_.join_seconds);
  } catch (const std::exception&) {
    missing = {0};  // serves the store
  }
  if (missing.empty()) return;
  say_goodbye();
  user_error(
      "rank {} of {} waited {} s in vain for {}: start all {} processes, with the same MASTER_ADDR and MASTER_PORT",
      world_.rank, world_.size, world_.join_seconds, names(missing), world_.size);
}

/// Ranks that do not write STEM/rank in time.
std::vector<int> Links::silent_in(const std::string& stem, double seconds) {
  const auto end = std::chrono::steady_clock::now() + milliseconds(seconds);
  std::vector<int> ranks;
  for (int rank = 0; rank < world_.size; ++rank) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    try {
      store_->wait({fmt::format("{}/{}", stem, rank)}, std::max(left, std::chrono::milliseconds(10)));
    } catch (const c10::DistStoreError&) {
      ranks.push_back(rank);
    }
  }
  return ranks;
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

/// Ranks that have not entered collective number begun_.
std::vector<int> Links::behind() {
  std::vector<int> ranks;
  for (int rank = 0; rank < world_.size; ++rank) {
    const std::string key = fmt::format("at/{}", rank);
    if (!store_->check({key}) || std::stoll(text_of(store_->get(key))) < begun_) ranks.push_back(rank);
  }
  return ranks;
}

void Links::fail(const std::string& what, const std::exception& cause) {
  failed_ = true;
  std::vector<int> missing;
  try {
    const std::string stem = fmt::format("failed/{}", begun_);
    store_->set(fmt::format("{}/{}", stem, world_.rank), std::vector<std::uint8_t>{});
    missing = behind();
    // Who died within the collective says nothing here; and rank 0 keeps the store up for the others to ask.
    if (missing.empty() || world_.rank == 0) {
      const std::vector<int> silent = silent_in(stem, kGraceSeconds);
      if (missing.empty()) missing = silent;
    }
  } catch (const std::exception&) {
    missing = {0};  // serves the store
  }
  const std::string who = missing.empty() ? "a connection broke" : names(missing) + " ended or did not come";
  user_error("rank {} of {}: {}: {} within {} s ({})", world_.rank, world_.size, what, who, world_.timeout_seconds,
             first_line(cause));
}

void Links::say_goodbye() {
  if (failed_) return;
  if (nccl_) quietly([&] { nccl_->shutdown(); });
  nccl_.reset();
  quietly([&] {  // rank 0 may be faster, and the store gone: all is said then
    store_->set(fmt::format("bye/{}", world_.rank), std::vector<std::uint8_t>{});
    silent_in("bye", kGraceSeconds);
  });
}

}  // namespace r1::parallel
