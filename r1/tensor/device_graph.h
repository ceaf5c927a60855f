// Work on a GPU recorded once and replayed with one launch: thousands of small kernels of a decoding step cost the host
// nothing then. What the work reads and writes must stay where it is; sizes are those of the recording.
#pragma once

#include <functional>
#include <memory>

namespace r1::tensor {

class DeviceGraph {
 public:
  /// Runs `work` once (so that libraries set themselves up), then records it. It must not wait for the device. Tensors
  /// that it leaves alive hold the results of each replay.
  explicit DeviceGraph(const std::function<void()>& work);
  /// On the current stream; returns at once.
  void replay() const;

 private:
  std::shared_ptr<void> graph_;
};

}  // namespace r1::tensor
