// Continuous batching over slots (engine.h). Each step runs one forward over the prompt tokens of newly filled slots
// and one token of every decoding slot; three counters say all there is about a sequence: tokens known, tokens cached,
// tokens scheduled now.
#include "r1/rollout/engine.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/rollout/decode_graph.h"
#include "r1/rollout/kv_cache.h"
#include "r1/rollout/sampler.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/logprob.h"

namespace r1::rollout {

namespace {

/// A sequence in a slot.
struct Active {
  const Request* request = nullptr;
  Completion* completion = nullptr;
  std::int64_t slot = 0;
  std::int64_t cached = 0;     // tokens in the cache
  std::int64_t scheduled = 0;  // tokens of this step's forward
  bool waits = false;          // for another sequence that computes the same prompt
  core::Rng rng{core::RngKey{}};

  std::int64_t length() const { return static_cast<std::int64_t>(request->prompt.size() + completion->ids.size()); }
  std::int64_t token(std::int64_t i) const {
    const auto index = static_cast<std::size_t>(i);
    return index < request->prompt.size() ? request->prompt[index] : completion->ids[index - request->prompt.size()];
  }
};

struct LexicographicLess {
  bool operator()(std::span<const std::int32_t> a, std::span<const std::int32_t> b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};

/// Tensors of one step, filled token by token.
struct StepInput {
  std::vector<std::int64_t> ids, begin, end, write;
  std::vector<std::int32_t> positions;
  std::vector<std::int64_t> last;  // flat row whose logits are wanted, one per entry of `samplers`
  std::vector<Active*> samplers;
};

template <class T>
at::Tensor to_tensor(const std::vector<T>& v, const at::Device& device) {
  at::Tensor out =
      at::empty({static_cast<std::int64_t>(v.size())}, at::TensorOptions().dtype(c10::CppTypeToScalarType<T>::value));
  std::copy(v.begin(), v.end(), out.template mutable_data_ptr<T>());
  return out.to(device);
}

void check(const EngineConfig& c) {
  if (c.max_batch < 1 || c.max_tokens < 2 || c.prefill_tokens < 1)
    user_error("engine: max_batch, max_tokens and prefill_tokens must be positive");
  if (c.numerics != "exact" && c.numerics != "fast") user_error("engine.numerics '{}': use exact or fast", c.numerics);
}

}  // namespace

struct Engine::Impl {
  Impl(std::shared_ptr<model::Decoder> m, std::vector<std::int32_t> eos_ids, const EngineConfig& c)
      : model(std::move(m)), eos(std::move(eos_ids)), config(c) {
    check(config);
    capacity = std::min(config.max_tokens, model->shape().max_position_embeddings);
  }

  bool is_eos(std::int64_t id) const {
    return std::find(eos.begin(), eos.end(), static_cast<std::int32_t>(id)) != eos.end();
  }

  void check_request(const Request& r) const {
    const auto prompt = static_cast<std::int64_t>(r.prompt.size());
    if (prompt == 0) user_error("prompt {} is empty", r.prompt_index);
    if (prompt >= capacity)
      user_error("prompt {} has {} tokens; engine.max_tokens leaves room for {}", r.prompt_index, prompt, capacity - 1);
    for (const std::int32_t id : r.prompt)
      if (id < 0 || id >= model->shape().vocab_size)
        user_error("prompt {}: token id {} is outside the vocabulary", r.prompt_index, id);
  }

  /// Samples of one prompt compute it once: a new sequence copies the cached prompt of one that has it, all but the
  /// last token, whose logits it needs, and waits while another one is about to have it. Changes no bit: a row of the
  /// cache is the same whoever computes it.
  void share_prompts(std::vector<Active>& active) {
    std::map<std::span<const std::int32_t>, const Active*, LexicographicLess> owners;
    for (const Active& a : active)
      if (a.cached > 0) owners.try_emplace(a.request->prompt, &a);
    for (Active& a : active) {
      if (a.cached > 0) continue;
      const auto [owner, first] = owners.try_emplace(a.request->prompt, &a);
      const std::int64_t shared = static_cast<std::int64_t>(a.request->prompt.size()) - 1;
      a.waits = !first && owner->second->cached < shared;
      if (first || a.waits) continue;
      cache->copy(owner->second->slot, a.slot, shared);
      a.cached = shared;
    }
  }

  void schedule(std::vector<Active>& active, StepInput& in) {
    share_prompts(active);
    std::int64_t prefill_left = config.prefill_tokens;
    for (Active& a : active) {
      const std::int64_t wanted = a.length() - a.cached;
      a.scheduled = a.waits ? 0 : wanted == 1 ? 1 : std::min(wanted, prefill_left);
      if (wanted > 1) prefill_left -= a.scheduled;
      for (std::int64_t i = a.cached; i < a.cached + a.scheduled; ++i) {
        in.ids.push_back(a.token(i));
        in.positions.push_back(static_cast<std::int32_t>(i));
        in.write.push_back(cache->row(a.slot, i));
        in.begin.push_back(cache->row(a.slot, 0));
        in.end.push_back(cache->row(a.slot, i) + 1);
      }
      a.cached += a.scheduled;
      if (a.cached == a.length()) {
        in.last.push_back(static_cast<std::int64_t>(in.ids.size()) - 1);
        in.samplers.push_back(&a);
      }
    }
  }

  /// One forward and one sampled token for every sequence whose prompt is in the cache.
  void step(std::vector<Active>& active, const SamplingConfig& sampling) {
    StepInput in;
    schedule(active, in);
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
    for (const Active* a : in.samplers) {
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

  void sample(const at::Tensor& logits, const std::vector<Active*>& samplers, const SamplingConfig& sampling) {
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

  /// Puts a request into the free slot that holds the longest beginning of its prompt (any, unless reuse_prefix).
  Active start(const Request& request, Completion& completion) {
    std::size_t best = free_slots.size() - 1;
    std::int64_t kept = 0;
    for (std::size_t i = 0; config.reuse_prefix && i < free_slots.size(); ++i) {
      const std::vector<std::int32_t>& held = held_tokens[static_cast<std::size_t>(free_slots[i])];
      const std::size_t most = std::min(held.size(), request.prompt.size() - 1);
      std::int64_t same = 0;
      while (same < static_cast<std::int64_t>(most) && held[same] == request.prompt[same]) ++same;
      if (same > kept) best = i, kept = same;
    }
    completion.reused_tokens = kept;
    const core::RngKey key{request.seed, core::Purpose::Sampling, request.step, request.prompt_index,
                           request.sample_index};
    const std::int64_t slot = free_slots[best];
    free_slots.erase(free_slots.begin() + static_cast<std::ptrdiff_t>(best));
    held_tokens[static_cast<std::size_t>(slot)].clear();
    return {.request = &request, .completion = &completion, .slot = slot, .cached = kept, .rng = core::Rng(key)};
  }

  void release(const Active& a) {
    free_slots.push_back(a.slot);
    if (!config.reuse_prefix) return;
    std::vector<std::int32_t>& held = held_tokens[static_cast<std::size_t>(a.slot)];
    held = a.request->prompt;
    held.insert(held.end(), a.completion->ids.begin(), a.completion->ids.end());
    held.resize(static_cast<std::size_t>(a.cached));
  }

  bool finished(const Active& a, const SamplingConfig& sampling, const TokenCallback& on_token) const {
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
  std::int64_t capacity = 0;
  std::int64_t version = 0;
  std::unique_ptr<KvCache> cache;
  std::vector<std::int64_t> free_slots;  // the last one is taken first
  std::vector<std::vector<std::int32_t>> held_tokens;  // a slot -> whose rows it holds (reuse_prefix)
  std::unique_ptr<DecodeGraphs> graphs;  // on a GPU
  Sampler sampler;
};

Engine::Engine(std::shared_ptr<model::Decoder> model, std::vector<std::int32_t> eos_ids, const EngineConfig& config)
    : impl_(std::make_unique<Impl>(std::move(model), std::move(eos_ids), config)) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Engine Engine::open(const std::filesystem::path& folder, const EngineConfig& config, const std::string& dtype) {
  const at::Device device = tensor::device(config.device);
  std::shared_ptr<model::Decoder> model = model::load_hf_folder(folder, tensor::scalar_type(dtype));
  if (!device.is_cpu()) model->to(device);
  return Engine(std::move(model), model::load_eos_ids(folder), config);
}

std::vector<Completion> Engine::generate(const std::vector<Request>& requests, const SamplingConfig& sampling,
                                         const std::function<void(std::int64_t)>& progress,
                                         const TokenCallback& on_token) {
  const at::NoGradGuard no_grad;
  Impl& e = *impl_;
  validate(sampling);
  for (const Request& r : requests) e.check_request(r);
  std::vector<Completion> out(requests.size());
  if (!e.cache)
    e.cache = std::make_unique<KvCache>(*e.model, e.config.max_batch, e.capacity,
                                        e.config.numerics == "fast" && e.model->shape().latent_dim > 0);
  e.free_slots.clear();
  for (std::int64_t slot = e.config.max_batch; slot > 0; --slot) e.free_slots.push_back(slot - 1);
  e.held_tokens.resize(static_cast<std::size_t>(e.config.max_batch));
  std::vector<Active> active;
  std::size_t next = 0;
  std::int64_t done = 0;
  while (next < requests.size() || !active.empty()) {
    while (next < requests.size() && !e.free_slots.empty()) {
      const Request& r = requests[next];
      Completion& c = out[next++];
      c.version = e.version;
      c.prompt_index = r.prompt_index;
      c.sample_index = r.sample_index;
      active.push_back(e.start(r, c));
    }
    e.step(active, sampling);
    std::erase_if(active, [&](const Active& a) {
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
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    in.ids.push_back(ids[i]);
    in.positions.push_back(static_cast<std::int32_t>(i));
    in.begin.push_back(0);
    in.end.push_back(static_cast<std::int64_t>(i) + 1);
    targets.push_back(ids[i + 1]);
  }
  const model::Decoder& m = *impl_->model;
  const at::Device device = m.device();
  const model::ForwardInput input{to_tensor(in.ids, device),
                                  to_tensor(in.positions, device),
                                  {to_tensor(in.begin, device), to_tensor(in.end, device), {}},
                                  nullptr};
  const at::Tensor logp = m.logprobs(m.final_norm(m.stack(input)), to_tensor(targets, device), 1.0).logp.cpu();
  return {logp.const_data_ptr<float>(), logp.const_data_ptr<float>() + logp.numel()};
}

const std::vector<std::int32_t>& Engine::eos_ids() const { return impl_->eos; }
std::int64_t Engine::vocab_size() const { return impl_->model->shape().vocab_size; }
std::int64_t Engine::max_tokens() const { return impl_->capacity; }

std::int64_t Engine::num_active_parameters() const { return impl_->model->num_active_parameters(); }
void Engine::set_version(std::int64_t version) { impl_->version = version; }

}  // namespace r1::rollout
