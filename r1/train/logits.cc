// Logits, log-probabilities and gradients of given ids (logits.h).
#include "r1/train/logits.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/adapter.h"
#include "r1/model/checkpoint.h"
#include "r1/tensor/dtype.h"
#include "r1/weights/safetensors.h"

namespace r1::train {

namespace {

using IdLists = std::vector<std::vector<std::int64_t>>;

at::ScalarType scalar_type(const std::string& dtype) {
  if (dtype == "f64") return at::kDouble;
  if (dtype != "f32" && dtype != "bf16") user_error("--dtype {}: use f32, bf16 or f64", dtype);
  return tensor::scalar_type(dtype);
}

/// The lists of the file, each id in 0..INT64_MAX; what the vocabulary holds is checked later (check_ids).
IdLists read_id_lists(const std::string& file) {
  const nlohmann::json root = nlohmann::json::parse(core::read_file(file), nullptr, false);
  if (root.is_discarded()) user_error("{}: not valid JSON; a list of lists of token ids is needed", file);
  if (!root.is_array() || root.empty())
    user_error("{}: a list of lists of token ids is needed, such as [[1, 2, 3], [4, 5]]", file);
  IdLists lists;
  for (const nlohmann::json& list : root) {
    if (!list.is_array() || list.empty())
      user_error("{}: entry {} is {}; each must be a list of token ids, not empty", file, lists.size(),
                 list.is_array() ? "an empty list" : list.dump().substr(0, 40));
    std::vector<std::int64_t>& ids = lists.emplace_back();
    for (const nlohmann::json& id : list) {
      const bool is_id = id.is_number_unsigned() && id.get<std::uint64_t>() <= INT64_MAX;
      if (!is_id)
        user_error("{}: list {}, position {}: {} is no token id", file, lists.size() - 1, ids.size(),
                   id.dump().substr(0, 40));
      ids.push_back(id.get<std::int64_t>());
    }
  }
  return lists;
}

void check_ids(const IdLists& lists, const model::Decoder& model, const std::string& file) {
  const model::DecoderShape& shape = model.shape();
  const std::int64_t most = shape.max_position_embeddings - model.num_virtual_tokens();
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (static_cast<std::int64_t>(lists[i].size()) > most)
      user_error("{}: list {} has {} ids; the model takes {} at most (max_position_embeddings)", file, i,
                 lists[i].size(), most);
    for (std::size_t at = 0; at < lists[i].size(); ++at)
      if (lists[i][at] >= shape.vocab_size)
        user_error("{}: list {}, position {}: id {} is outside of the model's vocabulary of {}", file, i, at,
                   lists[i][at], shape.vocab_size);
  }
}

template <class T>
at::Tensor to_tensor(const std::vector<T>& values, at::ScalarType type) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions().dtype(type));
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<T>());
  return out;
}

/// One sequence that attends to itself only, with the model's virtual tokens in front.
model::ForwardInput input_of(std::vector<std::int64_t> ids, const model::Decoder& model) {
  for (std::int64_t i = model.num_virtual_tokens(); i > 0; --i)
    ids.insert(ids.begin(), model.shape().vocab_size + i - 1);
  std::vector<std::int32_t> positions;
  std::vector<std::int64_t> begin, end;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    positions.push_back(static_cast<std::int32_t>(t));
    begin.push_back(0);
    end.push_back(static_cast<std::int64_t>(t) + 1);
  }
  return {to_tensor(ids, at::kLong),
          to_tensor(positions, at::kInt),
          {to_tensor(begin, at::kLong), to_tensor(end, at::kLong)},
          nullptr};
}

/// Puts list `index`'s tensors into `out` and returns -sum log p; adds its part of the gradient when `predicted` (the
/// divisor) is not 0.
double run_list(const model::Decoder& model, const std::vector<std::int64_t>& ids, std::size_t index,
                std::int64_t predicted, weights::NamedTensors& out) {
  const auto length = static_cast<std::int64_t>(ids.size());
  const at::Tensor normed =
      model.final_norm(model.stack(input_of(ids, model)).narrow(0, model.num_virtual_tokens(), length));
  const std::vector<std::int64_t> next(ids.begin() + 1, ids.end());
  const std::string number = std::to_string(index);
  {
    const at::NoGradGuard no_grad;
    out.emplace_back("logits." + number, model.logits(normed.detach()));
  }
  if (length == 1) {
    out.emplace_back("logprobs." + number, at::empty({0}, out.back().second.options()));
    return 0.0;
  }
  const at::Tensor logp = model.logprobs(normed.narrow(0, 0, length - 1), to_tensor(next, at::kLong), 1.0).logp;
  out.emplace_back("logprobs." + number, logp.detach());
  const at::Tensor sum = -logp.sum();
  if (predicted > 0) (sum / static_cast<double>(predicted)).backward();
  return -logp.detach().to(at::kDouble).sum().item<double>();
}

/// grad.NAME under the names on disk. The gradients take the parameters' places, so that they come out under these
/// names: the model cannot be used afterwards.
void append_gradients(model::Decoder& model, weights::NamedTensors& out) {
  const at::NoGradGuard no_grad;
  std::unordered_set<std::string> untrained;
  bool adapted = false;
  model.visit_parameters([&](const model::Parameter& p) {
    if (!p.tensor->requires_grad()) {
      untrained.insert(p.name);
      adapted = adapted || p.kind != model::Parameter::Kind::RouterBias;
      return;
    }
    const at::Tensor grad = p.tensor->grad();
    *p.tensor = grad.defined() ? grad : at::zeros_like(*p.tensor);
  });
  for (auto& [name, grad] : adapted ? model::adapter_tensors(model) : model::hf_tensors(model))
    if (!untrained.contains(name)) out.emplace_back("grad." + name, grad);
}

}  // namespace

void fields(core::FieldVisitor& v, LogitsConfig& c) {
  v("ids", c.ids, "JSON file: a list of lists of token ids");
  v("out", c.out, "safetensors file to write: logits.I, logprobs.I, loss, grad.NAME");
  v("grads", c.grads, "the gradient of the loss by each parameter too");
  v("adapter", c.adapter, "folder of an adapter of the model (PEFT's format)");
  v("dtype", c.dtype, "f32 | bf16 | f64 (slow, for parity)");
}

LogitsReport write_logits(const std::filesystem::path& folder, const LogitsConfig& config) {
  if (config.ids.empty()) user_error("logits: give --ids FILE.json, a list of lists of token ids");
  if (config.out.empty()) user_error("logits: give --out FILE.safetensors");
  const at::ScalarType dtype = scalar_type(config.dtype);
  const IdLists lists = read_id_lists(config.ids);
  LogitsReport report;
  for (const auto& ids : lists) {
    ++report.sequences;
    report.tokens += static_cast<std::int64_t>(ids.size());
    report.predicted += static_cast<std::int64_t>(ids.size()) - 1;
  }
  if (report.predicted == 0) user_error("{}: no list has two ids, so there is nothing to predict", config.ids);
  const std::shared_ptr<model::Decoder> model = model::load_with_adapter(folder, config.adapter, dtype);
  check_ids(lists, *model, config.ids);

  weights::NamedTensors out;
  {
    const at::AutoGradMode recording(config.grads);
    for (std::size_t i = 0; i < lists.size(); ++i)
      report.loss += run_list(*model, lists[i], i, config.grads ? report.predicted : 0, out);
  }
  report.loss /= static_cast<double>(report.predicted);
  out.emplace_back("loss", at::full({}, report.loss, at::TensorOptions().dtype(at::kDouble)));
  if (config.grads) append_gradients(*model, out);
  weights::write_safetensors(config.out, out);
  return report;
}

}  // namespace r1::train
