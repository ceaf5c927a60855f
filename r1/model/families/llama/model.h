// The Llama decoder, which Qwen2, Qwen3 and Qwen3-MoE are too (config.h says in what they differ).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "r1/model/decoder.h"
#include "r1/model/families/llama/config.h"
#include "r1/model/layers/gqa.h"
#include "r1/model/layers/mlp.h"
#include "r1/model/layers/moe.h"

namespace r1::model {

class Llama : public Decoder {
 public:
  /// Parameters allocated, not filled: for a loader.
  Llama(const LlamaConfig& config, at::ScalarType dtype);
  /// Fresh weights (decoder.h).
  Llama(const LlamaConfig& config, at::ScalarType dtype, std::uint64_t seed);

  std::string hf_config() const override;

 protected:
  at::Tensor run_layers(const at::Tensor& x, const ForwardInput& input, RoutingStats* stats) const override;
  void visit_layers(const ParameterVisitor& visit) override;
  void stack_weights() override;
  void move_tables(const at::Device& device) override { rope_ = {rope_.cos.to(device), rope_.sin.to(device)}; }

 private:
  struct Block {
    at::Tensor input_norm, post_attention_norm;
    Gqa attention;
    std::optional<Mlp> mlp;  // of its two feed-forwards a layer has one
    std::optional<Moe> moe;
  };
  /// The stream is {x} or {x, what is to be added to it}.
  std::vector<at::Tensor> run_layer(std::size_t i, const std::vector<at::Tensor>& stream, const ForwardInput& input,
                                    RoutingStats* stats) const;

  LlamaConfig config_;
  tensor::RopeTable rope_;
  std::vector<Block> layers_;
};

}  // namespace r1::model
