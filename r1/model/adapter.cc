// Adapters (adapter.h).
#include "r1/model/adapter.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/log.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/model/lora_file.h"
#include "r1/tensor/dtype.h"

namespace r1::model {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kAdapterStream = 2;  // RngKey::sample of adapters; the decoder's parameters have 0, heads 1
constexpr std::string_view kWeight = ".weight";

/// A layer that may have an adapter.
struct Module {
  std::string name;  // model.layers.0.self_attn.q_proj
  tensor::LinearWeight* linear;
  std::uint32_t index;  // of its weight among the model's parameters
};

/// MTP modules left out: no other program has them in its model.
std::vector<Module> modules_of(Decoder& model) {
  const std::string layers = "model.layers.";
  std::vector<Module> out;
  std::uint32_t index = 0;
  model.visit_parameters([&](const Parameter& p) {
    const std::uint32_t own = index++;
    if (p.linear == nullptr || std::stoll(p.name.substr(layers.size())) >= model.shape().num_hidden_layers) return;
    out.push_back({p.name.substr(0, p.name.size() - kWeight.size()), p.linear, own});
  });
  return out;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

/// As PEFT matches: the whole name or its end after a dot.
bool matches(const std::string& module, const std::string& target) {
  return module == target || module.ends_with("." + target);
}

/// The targets, also those written with commas in between.
std::vector<std::string> split(const std::vector<std::string>& lists) {
  std::vector<std::string> out;
  for (const std::string& list : lists) {
    for (std::size_t begin = 0; begin <= list.size();) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      out.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return out;
}

std::vector<Module> chosen(const std::vector<Module>& modules, const AdapterConfig& config, const std::string& where) {
  std::set<std::string> known, wanted;
  for (const Module& m : modules) known.insert(last_part(m.name));
  for (const std::string& target : split(config.target_modules)) {
    for (const Module& m : modules)
      if (target == "all-linear" || matches(m.name, target)) wanted.insert(m.name);
    const bool found = std::any_of(modules.begin(), modules.end(),
                                   [&](const Module& m) { return target == "all-linear" || matches(m.name, target); });
    if (!found)
      user_error(
          "{}.target_modules: '{}' is no linear layer that takes an adapter; {} and all-linear are (experts, "
          "routers, embed_tokens and lm_head take none)",
          where, target, fmt::join(known, ", "));
  }
  std::vector<Module> out;
  std::copy_if(modules.begin(), modules.end(), std::back_inserter(out),
               [&](const Module& m) { return wanted.contains(m.name); });
  return out;
}

void freeze_all(Decoder& model) {
  model.visit_parameters([](const Parameter& p) { p.tensor->requires_grad_(false); });
}

at::Tensor trainable(const std::vector<std::int64_t>& sizes, const at::TensorOptions& options) {
  return at::zeros(sizes, options).requires_grad_(true);
}

tensor::LowRank& attach(tensor::LinearWeight& linear, std::int64_t r, double scaling) {
  const at::TensorOptions options = linear.weight.options().requires_grad(false);
  linear.adapter = std::make_shared<tensor::LowRank>();
  linear.adapter->a.weight = trainable({r, linear.weight.size(1)}, options);
  linear.adapter->b.weight = trainable({linear.weight.size(0), r}, options);
  linear.adapter->scaling = scaling;
  return *linear.adapter;
}

/// Fills `out` with make(rng), element by element.
template <class Make>
void fill(const at::Tensor& out, std::uint64_t seed, std::uint32_t index, const Make& make) {
  const at::NoGradGuard no_grad;
  const at::Tensor values = tensor::empty_f32(out.sizes());
  core::Rng rng({.seed = seed, .purpose = core::Purpose::Init, .prompt = index, .sample = kAdapterStream});
  float* p = values.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) p[i] = static_cast<float>(make(rng));
  out.copy_(values);
}

at::Tensor prompt_rows(Decoder& model, std::int64_t count) {
  return trainable({count, model.shape().hidden_size}, at::TensorOptions().dtype(model.dtype()).device(model.device()));
}

void add_prompt(Decoder& model, const AdapterConfig& config, std::uint64_t seed, const std::vector<std::int32_t>& ids) {
  const at::Tensor rows = prompt_rows(model, config.num_virtual_tokens);
  if (ids.empty()) {
    fill(rows, seed, 0, [](core::Rng& rng) { return rng.normal(); });
  } else {
    const at::NoGradGuard no_grad;
    const at::Tensor table = *model.parameters().front().tensor;
    for (std::int64_t i = 0; i < rows.size(0); ++i)
      rows.select(0, i).copy_(table.select(0, ids[static_cast<std::size_t>(i) % ids.size()]));
  }
  model.set_virtual_tokens(rows);
}

void warn_of_experts(Decoder& model, const std::vector<Module>& adapted) {
  if (model.shape().n_routed_experts == 0) return;
  if (std::any_of(adapted.begin(), adapted.end(), [](const Module& m) { return m.name.ends_with("gate_proj"); }))
    R1_LOG(info, "the routed experts have no adapters: only dense and shared feed-forward layers do");
}

/// Before anything of that size is allocated.
void check_shape(const weights::SafetensorsReader& reader, const std::string& tensor,
                 const std::vector<std::int64_t>& expected) {
  const std::vector<std::int64_t>& shape = reader.info(tensor).shape;
  if (shape != expected)
    user_error("{}: tensor '{}' has shape {}, {} and the base model ask for {}", kAdapterTensorsFile, tensor,
               fmt::join(shape, "x"), kAdapterConfigFile, fmt::join(expected, "x"));
}

void load_lora(Decoder& model, const LoraFile& file) {
  const AdapterConfig& config = file.config();
  weights::CheckpointTensors tensors(file.reader(), {});
  std::map<std::string, tensor::LinearWeight*> modules;
  for (const Module& m : modules_of(model)) modules[m.name] = m.linear;
  for (const auto& [name, pair] : file.pairs()) {
    const auto found = modules.find(name);
    if (found == modules.end())
      user_error("{}: the base model has no linear layer '{}' that takes an adapter", file.name(), name);
    const at::Tensor& weight = found->second->weight;
    check_shape(file.reader(), pair.a, {config.r, weight.size(1)});
    check_shape(file.reader(), pair.b, {weight.size(0), config.r});
    const tensor::LowRank& adapter = attach(*found->second, config.r, config.scaling());
    const at::NoGradGuard no_grad;
    tensors.copy_to(adapter.a.weight.detach(), pair.a);
    tensors.copy_to(adapter.b.weight.detach(), pair.b);
  }
}

void load_prompt(Decoder& model, const AdapterConfig& config, const std::string& file) {
  const weights::SafetensorsReader reader(file);
  weights::CheckpointTensors tensors(reader, {});
  check_shape(reader, kPromptEmbeddings, {config.num_virtual_tokens, model.shape().hidden_size});
  const at::Tensor rows = prompt_rows(model, config.num_virtual_tokens);
  {
    const at::NoGradGuard no_grad;
    tensors.copy_to(rows.detach(), kPromptEmbeddings);
  }
  if (const auto unread = tensors.unread(); !unread.empty())
    user_error("{}: tensor '{}' is none of prompt tuning's", file, unread.front());
  model.set_virtual_tokens(rows);
}

/// The adapted layers as PEFT's target_modules: the last part of a name where all layers of that name are adapted, else
/// the whole name.
std::vector<std::string> target_modules(Decoder& model) {
  std::set<std::string> partly, targets;
  for (const Module& m : modules_of(model))
    if (!m.linear->adapter) partly.insert(last_part(m.name));
  for (const Module& m : modules_of(model))
    if (m.linear->adapter) targets.insert(partly.contains(last_part(m.name)) ? m.name : last_part(m.name));
  return {targets.begin(), targets.end()};
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size)
void add_adapter(Decoder& model, const AdapterConfig& config, std::uint64_t seed, const std::string& where,
                 const std::vector<std::int32_t>& init_ids) {
  validate(config, where);
  freeze_all(model);
  if (config.type == "prompt_tuning") {
    if (config.num_virtual_tokens >= model.shape().max_position_embeddings)
      user_error("{}.num_virtual_tokens is {}: the model takes {} tokens (max_position_embeddings)", where,
                 config.num_virtual_tokens, model.shape().max_position_embeddings);
    return add_prompt(model, config, seed, init_ids);
  }
  const std::vector<Module> adapted = chosen(modules_of(model), config, where);
  for (const Module& m : adapted) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(m.linear->weight.size(1)));
    fill(attach(*m.linear, config.r, config.scaling()).a.weight, seed, m.index,
         [&](core::Rng& rng) { return (2.0 * rng.uniform() - 1.0) * bound; });
  }
  warn_of_experts(model, adapted);
}

AdapterConfig load_adapter(Decoder& model, const fs::path& folder) {
  const AdapterConfig config = read_peft_config(folder).config;
  freeze_all(model);
  if (config.type == "lora")
    load_lora(model, LoraFile(folder));
  else
    load_prompt(model, config, (folder / kAdapterTensorsFile).string());
  return config;
}

std::shared_ptr<Decoder> load_with_adapter(const fs::path& folder, const fs::path& adapter, at::ScalarType dtype) {
  std::shared_ptr<Decoder> model = load_hf_folder(folder, dtype);
  if (!adapter.empty()) load_adapter(*model, adapter);
  return model;
}

weights::NamedTensors adapter_tensors(Decoder& model) {
  weights::NamedTensors out;
  model.visit_parameters([&](const Parameter& p) {
    if (is_adapter_parameter(p.name)) out.emplace_back(peft_name(p.name), p.tensor->detach());
  });
  return out;
}

void write_adapter(Decoder& model, const AdapterConfig& config, const std::string& base_model, const fs::path& folder) {
  AdapterConfig written = config;
  if (written.type == "lora") written.target_modules = target_modules(model);
  weights::NamedTensors tensors = adapter_tensors(model);
  for (auto& [name, tensor] : tensors) tensor = tensor.cpu();
  core::write_file_atomic(folder / kAdapterConfigFile, to_peft_json(written, base_model, model.shape().hidden_size));
  weights::write_safetensors(folder / kAdapterTensorsFile, tensors);
}

void merge_adapter(Decoder& model) {
  const at::NoGradGuard no_grad;
  for (const Module& m : modules_of(model)) {
    if (!m.linear->adapter) continue;
    m.linear->weight.copy_(tensor::merged_weight(*m.linear));
    m.linear->adapter = nullptr;
  }
}

}  // namespace r1::model
