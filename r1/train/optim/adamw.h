// AdamW over a model's parameters with FP32 master weights and moments (bf16 moments on request on a GPU;
// kernels/adamw.h does one tensor).
#pragma once

#include <cstdint>
#include <vector>

#include "r1/model/parameter.h"
#include "r1/train/trainer.h"
#include "r1/weights/safetensors.h"

namespace r1::train {

class AdamW {
 public:
  /// Takes the trained parameters, those that require gradients. f32 parameters are their own masters.
  AdamW(std::vector<model::Parameter> parameters, const OptimizerConfig& config);

  /// L2 norm over all gradients.
  double grad_norm() const;
  /// One update at `learning_rate` with gradients times `scale` (clipping); clears the gradients.
  void step(double learning_rate, double scale);
  /// Updates done.
  std::int64_t num_steps() const { return num_steps_; }

  /// m.NAME, v.NAME and, for bf16 parameters, master.NAME.
  weights::NamedTensors state() const;
  void load_state(const weights::SafetensorsReader& reader, std::int64_t num_steps);

 private:
  struct Slot {
    model::Parameter parameter;
    at::Tensor master, m, v;
  };
  std::vector<Slot> slots_;
  OptimizerConfig config_;
  std::int64_t num_steps_ = 0;
};

}  // namespace r1::train
