// Deterministic bytes: JSON keys sorted, no time, no random order; the data order depends on dtypes and names alone.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/weights/safetensors.h"

namespace r1::weights {

namespace {

using Json = nlohmann::json;

/// Sorted by name and checked, so that whatever can't be written fails before a file is touched.
NamedTensors checked(NamedTensors tensors) {
  std::ranges::sort(tensors, {}, [](const auto& item) { return std::string_view(item.first); });
  const std::string* previous = nullptr;
  for (const auto& [name, tensor] : tensors) {
    R1_CHECK(previous == nullptr || *previous != name, "two tensors are called '{}'", name);
    R1_CHECK(name != "__metadata__", "a tensor can't be called '{}': the format reserves it", name);
    R1_CHECK(tensor.defined(), "tensor '{}' is undefined", name);
    R1_CHECK(!safetensors_dtype_name(tensor.scalar_type()).empty(), "tensor '{}': safetensors has no name for dtype {}",
             name, c10::toString(tensor.scalar_type()));
    previous = &name;
  }
  return tensors;
}

std::string header_bytes(const NamedTensors& in_data_order, const Metadata& metadata) {
  Json json = Json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : in_data_order) {
    const std::uint64_t end = offset + tensor.nbytes();
    json[name] = {{"dtype", safetensors_dtype_name(tensor.scalar_type())},
                  {"shape", tensor.sizes().vec()},
                  {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  R1_CHECK(text.size() <= kMaxHeaderBytes, "a header of {} bytes: write several shards", text.size());
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(text.size() >> (8 * i)));
  return out + text;
}

std::uint64_t total_bytes(const NamedTensors& tensors) {
  std::uint64_t total = 0;
  for (const auto& [name, tensor] : tensors) total += tensor.nbytes();
  return total;
}

/// Cuts name-ordered tensors into runs of at most `max_bytes`; a larger tensor gets a run of its own.
std::vector<NamedTensors> cut_into_shards(const NamedTensors& tensors, std::uint64_t max_bytes) {
  std::vector<NamedTensors> shards(1);
  std::uint64_t filled = 0;
  for (const auto& item : tensors) {
    if (!shards.back().empty() && filled + item.second.nbytes() > max_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += item.second.nbytes();
    shards.back().push_back(item);
  }
  return shards;
}

}  // namespace

std::string safetensors_bytes(const NamedTensors& tensors, const Metadata& metadata) {
  NamedTensors order = checked(tensors);
  std::ranges::stable_sort(order, std::ranges::greater{}, [](const auto& item) { return item.second.element_size(); });
  std::string out = header_bytes(order, metadata);
  out.reserve(out.size() + total_bytes(order));
  for (const auto& [name, tensor] : order) {
    const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
    out.append(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes());
  }
  return out;
}

void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors, const Metadata& metadata) {
  core::write_file_atomic(file, safetensors_bytes(tensors, metadata));
}

void write_sharded_safetensors(const std::filesystem::path& folder, const NamedTensors& tensors,
                               std::uint64_t max_shard_bytes, const Metadata& metadata) {
  R1_CHECK(max_shard_bytes > 0, "a shard must hold at least one byte");
  const std::vector<NamedTensors> shards = cut_into_shards(checked(tensors), max_shard_bytes);
  if (shards.size() == 1) return write_safetensors(folder / "model.safetensors", shards.front(), metadata);
  Json weight_map = Json::object();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    for (const auto& [name, tensor] : shards[i]) weight_map[name] = file;
    write_safetensors(folder / file, shards[i], metadata);
  }
  const Json index = {{"metadata", {{"total_size", total_bytes(tensors)}}}, {"weight_map", weight_map}};
  core::write_file_atomic(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

}  // namespace r1::weights
