// A decoder of any family: embedding, layers, final norm, language head. What trainer, rollout engine and RL know of a
// model; a family (families/) adds its layers and its configuration. One forward for training and decoding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/model/forward_input.h"
#include "r1/model/parameter.h"
#include "r1/tensor/ops/lm_head.h"

namespace r1::model {

/// What callers ask of a family's configuration.
struct DecoderShape {
  std::int64_t vocab_size = 0, hidden_size = 0, num_hidden_layers = 0, max_position_embeddings = 0;
  std::int64_t num_nextn_predict_layers = 0;                // multi-token prediction modules
  std::int64_t n_routed_experts = 0, num_experts_per_tok = 0;  // 0: dense
  std::int64_t kv_heads = 0, key_dim = 0, value_dim = 0;    // of a layer's cache
  std::int64_t latent_dim = 0;                              // of the absorbed cache; 0: the family has none
  double rms_norm_eps = 1e-6, initializer_range = 0.02;
  bool tie_word_embeddings = false;  // the language head is the embedding
};

class Decoder {
 public:
  virtual ~Decoder() = default;

  /// [T, hidden]: the layers' output before the final norm.
  at::Tensor stack(const ForwardInput& input, RoutingStats* stats = nullptr) const;
  /// The final norm of rows of stack().
  at::Tensor final_norm(const at::Tensor& h) const;
  /// Normed rows the MTP module predicts token i+2 from; next_ids [T] = token i+1. Error without a module.
  virtual at::Tensor mtp(const at::Tensor& stack_output, const at::Tensor& next_ids, const ForwardInput& input,
                         RoutingStats* stats = nullptr) const;
  /// Log-probabilities of targets [T] from normed rows.
  tensor::TokenLogprobs logprobs(const at::Tensor& normed, const at::Tensor& targets, double temperature) const;
  /// [T, vocab] float32, for sampling and tests.
  at::Tensor logits(const at::Tensor& normed) const;
  /// The vocabulary projection [vocab, hidden], for losses over whole distributions (train/distill_loss.h).
  const tensor::LinearWeight& lm_head() const { return lm_head_; }

  /// Every parameter in one fixed order, an adapter's after the model's own; a tied head is the embedding and comes
  /// once.
  void visit_parameters(const ParameterVisitor& visit);
  std::vector<Parameter> parameters();

  /// Moves parameters and tables; call before gradients, optimizer or cache exist.
  void to(const at::Device& device);
  at::Device device() const { return embed_tokens_.weight.device(); }

  /// Ids vocab_size .. vocab_size + n - 1 are from now on the rows of `embeddings` [n, hidden] (adapter.h).
  void set_virtual_tokens(const at::Tensor& embeddings) { virtual_tokens_ = embeddings; }
  std::int64_t num_virtual_tokens() const { return virtual_tokens_.defined() ? virtual_tokens_.size(0) : 0; }

  const DecoderShape& shape() const { return shape_; }
  at::ScalarType dtype() const { return dtype_; }
  std::int64_t num_parameters();
  /// Parameters that one token uses: all but the routed experts it is not sent to (MTP module left out).
  std::int64_t num_active_parameters();
  /// config.json of Hugging Face's class of this family.
  virtual std::string hf_config() const = 0;

 protected:
  Decoder(const DecoderShape& shape, at::ScalarType dtype);
  /// Gives every parameter zeros; a family's constructor calls it when its layers are there. UserError when this
  /// machine has less memory than the parameters take.
  void allocate();
  /// Fresh weights, N(0, initializer_range) by Philox of (seed, parameter); norms 1, biases 0.
  void initialize(std::uint64_t seed);

  virtual at::Tensor run_layers(const at::Tensor& x, const ForwardInput& input, RoutingStats* stats) const = 0;
  virtual void visit_layers(const ParameterVisitor& visit) = 0;
  /// Moves what is no parameter: tables of angles.
  virtual void move_tables(const at::Device& device) = 0;
  /// Lays weights that multiply the same rows together in memory (tensor/ops/stacked.h); to() asks for it on a GPU.
  virtual void stack_weights() = 0;
  /// What comes after the head: MTP modules.
  virtual void visit_extra(const ParameterVisitor& visit);
  /// [T, hidden] of ids [T], those of virtual tokens too.
  at::Tensor embed(const at::Tensor& ids) const;

 private:
  void check_memory();

  DecoderShape shape_;
  at::ScalarType dtype_;
  tensor::LinearWeight embed_tokens_;
  at::Tensor virtual_tokens_;  // [n, hidden], or undefined
  at::Tensor norm_;
  tensor::LinearWeight lm_head_;
};

}  // namespace r1::model
