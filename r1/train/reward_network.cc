// The network of a reward model (reward_network.h).
#include "r1/train/reward_network.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/checkpoint.h"

namespace r1::train {

namespace {

template <class T>
at::Tensor to_tensor(const std::vector<T>& values, at::ScalarType type) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions().dtype(type));
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<T>());
  return out;
}

struct PackedTexts {
  model::ForwardInput input;
  at::Tensor last_rows;  // [N] int64: the row of each text's last token
};

PackedTexts pack(const std::vector<const TokenSequence*>& texts) {
  std::vector<std::int64_t> ids, begin, end, last;
  std::vector<std::int32_t> positions;
  for (const TokenSequence* text : texts) {
    const auto first = static_cast<std::int64_t>(ids.size());
    for (std::size_t i = 0; i < text->size(); ++i) {
      ids.push_back((*text)[i]);
      positions.push_back(static_cast<std::int32_t>(i));
      begin.push_back(first);
      end.push_back(static_cast<std::int64_t>(ids.size()));
    }
    last.push_back(static_cast<std::int64_t>(ids.size()) - 1);
  }
  return {{to_tensor(ids, at::kLong),
           to_tensor(positions, at::kInt),
           {to_tensor(begin, at::kLong), to_tensor(end, at::kLong)},
           nullptr},
          to_tensor(last, at::kLong)};
}

model::ValueHead load_head(const std::filesystem::path& folder, const model::Decoder& decoder, std::uint64_t seed) {
  const std::int64_t hidden = decoder.shape().hidden_size;
  const weights::SafetensorsReader reader(folder);
  if (!reader.contains(model::ValueHead::kName))
    return {hidden, decoder.dtype(), decoder.shape().initializer_range, seed};
  const at::NoGradGuard no_grad;
  model::ValueHead head(hidden, decoder.dtype());
  const at::Tensor weight = reader.load(model::ValueHead::kName);
  if (weight.sizes() != head.parameter().tensor->sizes())
    user_error("{}: tensor {} has shape {}, a reward model's is 1x{}", folder.string(), model::ValueHead::kName,
               fmt::join(weight.sizes(), "x"), hidden);
  head.parameter().tensor->copy_(weight);
  return head;
}

/// The keys by which transformers builds the right class; token ids are those of `source`.
std::string config_json(const model::Decoder& decoder, const std::filesystem::path& source) {
  using Json = nlohmann::ordered_json;
  Json config = Json::parse(decoder.hf_config());
  std::string& architecture = config["architectures"][0].get_ref<std::string&>();
  architecture.replace(architecture.find("ForCausalLM"), std::string::npos, "ForSequenceClassification");
  config["id2label"] = {{"0", "LABEL_0"}};
  config["label2id"] = {{"LABEL_0", 0}};
  return model::with_token_ids(config.dump(), source);
}

}  // namespace

RewardNetwork::RewardNetwork(const std::filesystem::path& folder, at::ScalarType dtype, std::uint64_t seed)
    : decoder_(model::load_hf_folder(folder, dtype, {model::ValueHead::kName})),
      head_(load_head(folder, *decoder_, seed)) {}

at::Tensor RewardNetwork::forward(const std::vector<const TokenSequence*>& texts) const {
  const model::DecoderShape& c = decoder_->shape();
  for (const TokenSequence* text : texts) {
    R1_CHECK(!text->empty() && static_cast<std::int64_t>(text->size()) <= c.max_position_embeddings,
             "a text of {} tokens; 1 to {} fit", text->size(), c.max_position_embeddings);
    for (const std::int32_t id : *text)
      R1_CHECK(id >= 0 && id < c.vocab_size, "token id {} of a vocabulary of {}", id, c.vocab_size);
  }
  const PackedTexts packed = pack(texts);
  const at::Tensor h = decoder_->stack(packed.input).index_select(0, packed.last_rows);
  return head_.forward(decoder_->final_norm(h));
}

std::vector<double> RewardNetwork::score(const std::vector<const TokenSequence*>& texts,
                                         std::int64_t max_tokens) const {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> sizes;
  for (const TokenSequence* text : texts) sizes.push_back(static_cast<std::int64_t>(text->size()));
  std::vector<double> out;
  for (const auto& [first, last] : cut_by_tokens(sizes, max_tokens)) {
    const at::Tensor scores = forward(
        {texts.begin() + static_cast<std::ptrdiff_t>(first), texts.begin() + static_cast<std::ptrdiff_t>(last)});
    const float* p = scores.const_data_ptr<float>();
    out.insert(out.end(), p, p + scores.numel());
  }
  return out;
}

std::vector<model::Parameter> RewardNetwork::parameters() {
  std::vector<model::Parameter> all = decoder_->parameters();
  all.push_back(head_.parameter());
  return all;
}

double RewardNetwork::active_parameters() const {
  const model::DecoderShape& c = decoder_->shape();
  return static_cast<double>(decoder_->num_active_parameters() - c.vocab_size * c.hidden_size + c.hidden_size);
}

void RewardNetwork::write(const std::filesystem::path& source, const std::filesystem::path& folder) {
  core::write_file_atomic(folder / "config.json", config_json(*decoder_, source));
  model::copy_companion_files(source, folder);
  weights::NamedTensors tensors = model::hf_tensors(*decoder_);
  tensors.emplace_back(model::ValueHead::kName, head_.parameter().tensor->detach());
  weights::write_safetensors(folder / "model.safetensors", tensors);
}

std::vector<std::pair<std::size_t, std::size_t>> cut_by_tokens(const std::vector<std::int64_t>& sizes,
                                                               std::int64_t max_tokens) {
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  std::int64_t held = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (runs.empty() || held + sizes[i] > max_tokens) {
      runs.emplace_back(i, i);
      held = 0;
    }
    runs.back().second = i + 1;
    held += sizes[i];
  }
  return runs;
}

}  // namespace r1::train
