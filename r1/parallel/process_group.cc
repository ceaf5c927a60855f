// Barriers and strings as sums of small tensors (process_group.h): one path, and so one way to fail, for all.
#include "r1/parallel/process_group.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <exception>

#include "r1/core/log.h"
#include "r1/parallel/links.h"

namespace r1::parallel {

namespace {

at::Tensor zeros(std::int64_t count, at::ScalarType type) {
  return at::zeros({count}, at::TensorOptions().dtype(type));
}

}  // namespace

ProcessGroup::ProcessGroup(const World& world, bool with_nccl)
    : world_(world), links_(std::make_unique<Links>(world, with_nccl)) {}

ProcessGroup::~ProcessGroup() {
  if (std::uncaught_exceptions() == 0) links_->say_goodbye();
}

void ProcessGroup::barrier(const std::string& what) {
  at::Tensor nothing = zeros(1, at::kByte);
  links_->all_reduce_sum(nothing, what);
}

std::vector<std::string> ProcessGroup::all_gather(const std::string& mine, const std::string& what) {
  at::Tensor sizes = zeros(size(), at::kLong);
  auto* size_of = sizes.mutable_data_ptr<std::int64_t>();
  size_of[rank()] = static_cast<std::int64_t>(mine.size());
  links_->all_reduce_sum(sizes, what);
  std::int64_t before = 0, total = 0;
  for (int i = 0; i < size(); ++i) {
    if (i < rank()) before += size_of[i];
    total += size_of[i];
  }
  at::Tensor bytes = zeros(std::max<std::int64_t>(1, total), at::kByte);
  auto* text = reinterpret_cast<char*>(bytes.mutable_data_ptr<std::uint8_t>());
  std::copy(mine.begin(), mine.end(), text + before);
  links_->all_reduce_sum(bytes, what);
  std::vector<std::string> all;
  for (int i = 0; i < size(); text += size_of[i++]) all.emplace_back(text, static_cast<std::size_t>(size_of[i]));
  return all;
}

std::unique_ptr<ProcessGroup> join_from_environment(bool with_nccl) {
  const World world = world_from_environment();
  if (world.size == 1) return nullptr;
  if (world.rank > 0) core::set_log_level(core::LogLevel::warn);  // what rank 0 says is enough
  return std::make_unique<ProcessGroup>(world, with_nccl);
}

}  // namespace r1::parallel
