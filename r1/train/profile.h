// The profile of a few updates of a training run (`profile`): after two that warm up, three are recorded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "r1/tensor/profile.h"

namespace r1::train {

class UpdateProfile {
 public:
  /// `file` empty: does nothing. `updates`: how many this process will make.
  UpdateProfile(std::filesystem::path file, bool with_gpu, std::int64_t updates);

  void begin_update();
  /// After the last recorded update: writes the trace and logs the shares of time.
  void end_update();

 private:
  std::filesystem::path file_;
  bool with_gpu_;
  std::int64_t first_, last_, update_ = 0;
  std::unique_ptr<tensor::Profile> running_;
};

}  // namespace r1::train
