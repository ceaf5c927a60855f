// Which updates are profiled, and what is said of them (profile.h).
#include "r1/train/profile.h"

#include <algorithm>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/log.h"

namespace r1::train {

namespace {

constexpr std::int64_t kWarmUp = 2, kRecorded = 3;

}  // namespace

UpdateProfile::UpdateProfile(std::filesystem::path file, bool with_gpu, std::int64_t updates)
    : file_(std::move(file)),
      with_gpu_(with_gpu),
      first_(std::clamp<std::int64_t>(updates - kRecorded + 1, 1, kWarmUp + 1)),
      last_(std::min(updates, first_ + kRecorded - 1)) {
  if (!file_.empty() && !std::filesystem::is_directory(std::filesystem::absolute(file_).parent_path()))
    user_error("profile: the folder of {} is not there", file_.string());
}

void UpdateProfile::begin_update() {
  if (++update_ == first_ && !file_.empty()) running_ = std::make_unique<tensor::Profile>(with_gpu_);
}

void UpdateProfile::end_update() {
  if (update_ != last_ || !running_) return;
  const tensor::ProfileReport report = running_->stop(file_);
  running_.reset();
  R1_LOG(info, "profile of {} updates: {}", last_ - first_ + 1, file_.string());
  for (const std::string& line : tensor::to_lines(report)) R1_LOG(info, "{}", line);
}

}  // namespace r1::train
