// The DeepSeek-V3 decoder for any configuration: MLA and MoE layers, untied head, and one multi-token prediction module
// where the configuration has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/model/decoder.h"
#include "r1/model/families/deepseek_v3/config.h"
#include "r1/model/layers/block.h"
#include "r1/model/layers/mtp.h"

namespace r1::model {

class DeepseekV3 : public Decoder {
 public:
  /// Fresh weights (decoder.h).
  DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype, std::uint64_t seed);
  /// Parameters allocated, not filled: for a loader.
  DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype);

  at::Tensor mtp(const at::Tensor& stack_output, const at::Tensor& next_ids, const ForwardInput& input,
                 RoutingStats* stats = nullptr) const override;
  std::string hf_config() const override;
  const DeepseekV3Config& config() const { return config_; }

 protected:
  at::Tensor run_layers(const at::Tensor& x, const ForwardInput& input, RoutingStats* stats) const override;
  void visit_layers(const ParameterVisitor& visit) override;
  void stack_weights() override;
  void move_tables(const at::Device& device) override { rope_ = {rope_.cos.to(device), rope_.sin.to(device)}; }
  void visit_extra(const ParameterVisitor& visit) override;

 private:
  DeepseekV3Config config_;
  tensor::RopeTable rope_;
  std::vector<Block> layers_;
  std::vector<Mtp> mtp_;
};

}  // namespace r1::model
