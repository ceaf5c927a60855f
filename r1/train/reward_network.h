// The network of a reward model: a DeepSeek-V3 decoder and a scalar head that reads the final norm's output at a text's
// last token. Texts of any lengths are packed one after another into one forward; a text's score does not depend by one
// bit on its neighbours. Here too: how it is read from and written to a Hugging Face folder. Training is
// reward_trainer.cc's, the torch-free face reward_model.h's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "r1/model/decoder.h"
#include "r1/model/layers/value_head.h"

namespace r1::train {

using TokenSequence = std::vector<std::int32_t>;

class RewardNetwork {
 public:
  /// The decoder of a folder. Its head is the folder's score.weight; where there is none it is fresh,
  /// N(0, initializer_range) by `seed`.
  RewardNetwork(const std::filesystem::path& folder, at::ScalarType dtype, std::uint64_t seed);

  /// Scores [N] float32 of N texts in one packed forward. Texts are not empty and fit the model (R1_CHECK).
  at::Tensor forward(const std::vector<const TokenSequence*>& texts) const;
  /// The same without gradients, in forwards of at most `max_tokens` tokens (a longer text is a forward of its own).
  std::vector<double> score(const std::vector<const TokenSequence*>& texts, std::int64_t max_tokens) const;

  model::Decoder& decoder() const { return *decoder_; }
  /// The decoder's parameters, then the head's.
  std::vector<model::Parameter> parameters();
  model::Parameter head() { return head_.parameter(); }
  /// Parameters that one token uses: the decoder's without its language head, and the scalar head.
  double active_parameters() const;

  /// config.json (transformers' ...ForSequenceClassification with one label) and model.safetensors, the head as
  /// score.weight among the weights. Token ids, generation_config.json and the tokenizer's files are `source`'s.
  void write(const std::filesystem::path& source, const std::filesystem::path& folder);

 private:
  std::shared_ptr<model::Decoder> decoder_;
  model::ValueHead head_;
};

/// Cuts [0, sizes.size()) into runs [first, last) of at most `max_tokens` tokens; an item longer than that is a run of
/// its own.
std::vector<std::pair<std::size_t, std::size_t>> cut_by_tokens(const std::vector<std::int64_t>& sizes,
                                                               std::int64_t max_tokens);

}  // namespace r1::train
