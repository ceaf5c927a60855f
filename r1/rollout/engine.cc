// The engine's loop (engine.h): fill free slots, one forward over what the scheduler chose (scheduler.h), one token for
// every sequence whose prompt is in the cache, on the CPU or by the GPU's graph (decode_graph.h).
#include "r1/rollout/engine.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/model/adapter.h"
#include "r1/model/checkpoint.h"
#include "r1/rollout/decode_graph.h"
#include "r1/rollout/kv_cache.h"
#include "r1/rollout/sampler.h"
#include "r1/rollout/scheduler.h"
#include "r1/rollout/slots.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/logprob.h"
#include "r1/tensor/range.h"

namespace r1::rollout {

namespace {

template <class T>
at::Tensor to_tensor(const std::vector<T>& v, const at::Device& device) {
  at::Tensor out =
      at::empty({static_cast<std::int64_t>(v.size())}, at::TensorOptions().dtype(c10::CppTypeToScalarType<T>::value));
  std::copy(v.begin(), v.end(), out.template mutable_data_ptr<T>());
  return out.to(device);
}

EngineConfig checked(const EngineConfig& c) {
  if (c.max_batch < 1 || c.max_tokens < 2 || c.prefill_tokens < 1)
    user_error("engine: max_batch, max_tokens and prefill_tokens must be positive");
  if (c.numerics != "exact" && c.numerics != "fast") user_error("engine.numerics '{}': use exact or fast", c.numerics);
  return c;
}

}  // namespace

struct Engine::Impl {
  Impl(std::shared_ptr<model::Decoder> m, std::vector<std::int32_t> eos_ids, const EngineConfig& c)
      : model(std::move(m)), eos(std::move(eos_ids)), config(checked(c)), slots(c.max_batch, c.reuse_prefix) {
    for (std::int64_t i = 0; i < model->num_virtual_tokens(); ++i)
      virtual_ids.push_back(static_cast<std::int32_t>(model->shape().vocab_size + i));
    capacity = std::min(config.max_tokens + num_virtual(), model->shape().max_position_embeddings);
  }

  std::int64_t num_virtual() const { return static_cast<std::int64_t>(virtual_ids.size()); }

  std::vector<std::int32_t> with_virtual(const std::vector<std::int32_t>& ids) const {
    std::vector<std::int32_t> all = virtual_ids;
    all.insert(all.end(), ids.begin(), ids.end());
    return all;
  }

  bool is_eos(std::int64_t id) const {
    return std::find(eos.begin(), eos.end(), static_cast<std::int32_t>(id)) != eos.end();
  }

  void check_request(const Request& r) const {
    const auto prompt = static_cast<std::int64_t>(r.prompt.size());
    if (prompt == 0) user_error("prompt {} is empty", r.prompt_index);
    if (prompt >= capacity - num_virtual())
      user_error("prompt {} has {} tokens; engine.max_tokens leaves room for {}", r.prompt_index, prompt,
                 capacity - num_virtual() - 1);
    for (const std::int32_t id : r.prompt)
      if (id < 0 || id >= model->shape().vocab_size)
        user_error("prompt {}: token id {} is outside the vocabulary", r.prompt_index, id);
  }

  /// One forward and one sampled token for every sequence whose prompt is in the cache.
  void step(std::vector<Sequence>& active, const SamplingConfig& sampling) {
    StepInput in;
    schedule(active, *cache, config.prefill_tokens, in);
    const bool gpu_samples =
        model->device().is_cuda() && sampling.top_k == 0 && sampling.top_p >= 1.0 && sampling.min_p <= 0.0;
    if (gpu_samples && in.last.size() == in.ids.size() && model->dtype() == at::kBFloat16)
      return sample_on_gpu(in, {}, sampling);
    const at::Device device = model->device();
    cache->view().write_rows = to_tensor(in.write, device);
    const model::ForwardInput input{to_tensor(in.ids, device),
                                    to_tensor(in.positions, device),
                                    {to_tensor(in.begin, device), to_tensor(in.end, device), {}},
                                    &cache->view()};
    const at::Tensor h = model->stack(input);
    if (in.samplers.empty()) return;
    const at::Tensor rows = in.last.size() == in.ids.size() ? h : h.index_select(0, to_tensor(in.last, device));
    const at::Tensor logits = model->logits(model->final_norm(rows));
    gpu_samples ? sample_on_gpu(in, logits, sampling) : sample(logits, in.samplers, sampling);
  }

  /// Samples by the GPU: the whole step as a graph, or from logits that are there.
  void sample_on_gpu(StepInput& in, const at::Tensor& logits, const SamplingConfig& sampling) {
    DecodeRows rows{in.ids, in.begin, in.end, in.write, in.positions, {}, {}};
    for (const Sequence* a : in.samplers) {
      const std::size_t done = a->completion->ids.size();
      rows.uniform.push_back(static_cast<float>(a->rng.uniform_at(done)));
      rows.bans.push_back(static_cast<std::int64_t>(done) < sampling.min_new_tokens ? 1 : 0);
    }
    if (!graphs)
      graphs = std::make_unique<DecodeGraphs>(*model, *cache, std::vector<std::int64_t>(eos.begin(), eos.end()));
    const DecodedRows decoded =
        logits.defined() ? graphs->sample(logits, rows, sampling.temperature) : graphs->run(rows, sampling.temperature);
    for (std::size_t i = 0; i < in.samplers.size(); ++i) {
      Completion& c = *in.samplers[i]->completion;
      c.ids.push_back(decoded.token[i]);
      c.logprobs.push_back(decoded.logp[i]);
      c.log_kept_mass.push_back(decoded.log_kept_mass[i]);
    }
  }

  void sample(const at::Tensor& logits, const std::vector<Sequence*>& samplers, const SamplingConfig& sampling) {
    const std::int64_t vocab = logits.size(1);
    const double temperature = sampling.temperature == 0.0 ? 1.0 : sampling.temperature;
    const at::Tensor probabilities = tensor::row_probabilities(logits, temperature).cpu();
    std::vector<std::int64_t> tokens;
    for (std::size_t i = 0; i < samplers.size(); ++i) {
      Completion& c = *samplers[i]->completion;
      const std::span<float> row(probabilities.mutable_data_ptr<float>() + static_cast<std::int64_t>(i) * vocab,
                                 static_cast<std::size_t>(vocab));
      const bool early = static_cast<std::int64_t>(c.ids.size()) < sampling.min_new_tokens;
      const Choice choice =
          sampler.choose(row, sampling, samplers[i]->rng.uniform_at(c.ids.size()),
                         early ? std::span<const std::int32_t>(eos) : std::span<const std::int32_t>());
      tokens.push_back(choice.token);
      c.log_kept_mass.push_back(choice.log_kept_mass);
    }
    const at::Tensor logp = tensor::row_logprobs(logits, to_tensor(tokens, model->device()), temperature).cpu();
    for (std::size_t i = 0; i < samplers.size(); ++i) {
      Completion& c = *samplers[i]->completion;
      c.ids.push_back(static_cast<std::int32_t>(tokens[i]));
      c.logprobs.push_back(logp.const_data_ptr<float>()[i]);
    }
  }

  Sequence start(const Request& request, Completion& completion) {
    const Slots::Slot slot = slots.take(request.prompt);
    completion.reused_tokens = std::max<std::int64_t>(0, slot.kept - num_virtual());
    const core::RngKey key{request.seed, core::Purpose::Sampling, request.step, request.prompt_index,
                           request.sample_index};
    return {
        .request = &request, .completion = &completion, .slot = slot.index, .cached = slot.kept, .rng = core::Rng(key)};
  }

  void release(const Sequence& a) {
    std::vector<std::int32_t> tokens = a.request->prompt;
    tokens.insert(tokens.end(), a.completion->ids.begin(), a.completion->ids.end());
    tokens.resize(static_cast<std::size_t>(a.cached));
    slots.give_back(a.slot, std::move(tokens));
  }

  bool finished(const Sequence& a, const SamplingConfig& sampling, const TokenCallback& on_token) const {
    Completion& c = *a.completion;
    if (c.ids.empty()) return false;
    const bool wanted = !on_token || on_token(c);
    if (is_eos(c.ids.back())) {
      c.finish_reason = FinishReason::Stop;
      return true;
    }
    if (!wanted) {
      c.finish_reason = FinishReason::Abort;
      return true;
    }
    c.finish_reason = FinishReason::Length;
    return static_cast<std::int64_t>(c.ids.size()) >= sampling.max_new_tokens || a.length() >= capacity;
  }

  std::shared_ptr<model::Decoder> model;
  std::vector<std::int32_t> eos;
  EngineConfig config;
  std::vector<std::int32_t> virtual_ids;  // in front of every sequence
  std::int64_t capacity = 0;  // of a slot, virtual tokens included
  std::int64_t version = 0;
  std::unique_ptr<KvCache> cache;
  Slots slots;
  std::unique_ptr<DecodeGraphs> graphs;  // on a GPU
  Sampler sampler;
};

Engine::Engine(std::shared_ptr<model::Decoder> model, std::vector<std::int32_t> eos_ids, const EngineConfig& config)
    : impl_(std::make_unique<Impl>(std::move(model), std::move(eos_ids), config)) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Engine Engine::open(const std::filesystem::path& folder, const EngineConfig& config, const std::string& dtype,
                    const std::filesystem::path& adapter) {
  const at::Device device = tensor::device(config.device);
  std::shared_ptr<model::Decoder> model = model::load_with_adapter(folder, adapter, tensor::scalar_type(dtype));
  if (!device.is_cpu()) model->to(device);
  return Engine(std::move(model), model::load_eos_ids(folder), config);
}

std::vector<Completion> Engine::generate(const std::vector<Request>& given, const SamplingConfig& sampling,
                                         const std::function<void(std::int64_t)>& progress,
                                         const TokenCallback& on_token) {
  const tensor::Range range("rollout");
  const at::NoGradGuard no_grad;
  Impl& e = *impl_;
  validate(sampling);
  for (const Request& r : given) e.check_request(r);
  std::vector<Request> requests = given;
  if (e.num_virtual() > 0)
    for (Request& r : requests) r.prompt = e.with_virtual(r.prompt);
  std::vector<Completion> out(requests.size());
  if (!e.cache)
    e.cache = std::make_unique<KvCache>(*e.model, e.config.max_batch, e.capacity,
                                        e.config.numerics == "fast" && e.model->shape().latent_dim > 0);
  e.slots.free_all();
  std::vector<Sequence> active;
  std::size_t next = 0;
  std::int64_t done = 0;
  while (next < requests.size() || !active.empty()) {
    while (next < requests.size() && e.slots.any_free()) {
      const Request& r = requests[next];
      Completion& c = out[next++];
      c.version = e.version;
      c.prompt_index = r.prompt_index;
      c.sample_index = r.sample_index;
      active.push_back(e.start(r, c));
    }
    e.step(active, sampling);
    std::erase_if(active, [&](const Sequence& a) {
      if (!e.finished(a, sampling, on_token)) return false;
      e.release(a);
      if (progress) progress(++done);
      return true;
    });
  }
  return out;
}

std::vector<float> Engine::score(const std::vector<std::int32_t>& ids) {
  const at::NoGradGuard no_grad;
  R1_CHECK(ids.size() >= 2, "score needs two tokens or more, got {}", ids.size());
  StepInput in;
  std::vector<std::int64_t> targets;
  const std::vector<std::int32_t> all = impl_->with_virtual(ids);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    in.ids.push_back(all[i]);
    in.positions.push_back(static_cast<std::int32_t>(i));
    in.begin.push_back(0);
    in.end.push_back(static_cast<std::int64_t>(i) + 1);
    targets.push_back(all[i + 1]);
  }
  targets.erase(targets.begin(), targets.begin() + impl_->num_virtual());
  const model::Decoder& m = *impl_->model;
  const at::Device device = m.device();
  const model::ForwardInput input{to_tensor(in.ids, device),
                                  to_tensor(in.positions, device),
                                  {to_tensor(in.begin, device), to_tensor(in.end, device), {}},
                                  nullptr};
  const at::Tensor rows = m.stack(input).narrow(0, impl_->num_virtual(), static_cast<std::int64_t>(targets.size()));
  const at::Tensor logp = m.logprobs(m.final_norm(rows), to_tensor(targets, device), 1.0).logp.cpu();
  return {logp.const_data_ptr<float>(), logp.const_data_ptr<float>() + logp.numel()};
}

const std::vector<std::int32_t>& Engine::eos_ids() const { return impl_->eos; }
std::int64_t Engine::vocab_size() const { return impl_->model->shape().vocab_size; }
std::int64_t Engine::max_tokens() const { return impl_->capacity - impl_->num_virtual(); }

std::int64_t Engine::num_active_parameters() const { return impl_->model->num_active_parameters(); }
void Engine::set_version(std::int64_t version) { impl_->version = version; }

}  // namespace r1::rollout
