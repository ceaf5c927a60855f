// Deterministic bytes: JSON keys sorted, no time, no random order; the data order depends on dtypes and names alone.
// Everything is checked and the header made before a file is touched; then the tensors follow one at a time.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/weights/partial_file.h"
#include "r1/weights/safetensors.h"

namespace r1::weights {

namespace {

using Json = nlohmann::json;
using Outputs = std::vector<SafetensorsOutput>;

Outputs outputs_of(const NamedTensors& tensors) {
  Outputs out;
  for (const auto& [name, tensor] : tensors) {
    R1_CHECK(tensor.defined(), "tensor '{}' is undefined", name);
    out.push_back({.name = name, .shape = tensor.sizes().vec(), .dtype = tensor.scalar_type(), .load = [t = tensor] {
                     return t;
                   }});
  }
  return out;
}

/// Sorted by name and checked, so that whatever can't be written fails before a file is touched.
Outputs checked(Outputs tensors) {
  std::ranges::sort(tensors, {}, [](const auto& item) { return std::string_view(item.name); });
  const std::string* previous = nullptr;
  for (const auto& [name, shape, dtype, load] : tensors) {
    R1_CHECK(previous == nullptr || *previous != name, "two tensors are called '{}'", name);
    R1_CHECK(name != "__metadata__", "a tensor can't be called '{}': the format reserves it", name);
    R1_CHECK(!safetensors_dtype_name(dtype).empty(), "tensor '{}': safetensors has no name for dtype {}", name,
             c10::toString(dtype));
    previous = &name;
  }
  return tensors;
}

std::string header_bytes(const Outputs& in_data_order, const Metadata& metadata) {
  Json json = Json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const SafetensorsOutput& tensor : in_data_order) {
    const std::uint64_t end = offset + tensor.num_bytes();
    json[tensor.name] = {
        {"dtype", safetensors_dtype_name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  R1_CHECK(text.size() <= kMaxHeaderBytes, "a header of {} bytes: write several shards", text.size());
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(text.size() >> (8 * i)));
  return out + text;
}

std::uint64_t total_bytes(const Outputs& tensors) {
  std::uint64_t total = 0;
  for (const SafetensorsOutput& tensor : tensors) total += tensor.num_bytes();
  return total;
}

/// Cuts name-ordered tensors into runs of at most `max_bytes`; a larger tensor gets a run of its own.
std::vector<Outputs> cut_into_shards(Outputs tensors, std::uint64_t max_bytes) {
  std::vector<Outputs> shards(1);
  std::uint64_t filled = 0;
  for (SafetensorsOutput& item : tensors) {
    if (!shards.back().empty() && filled + item.num_bytes() > max_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += item.num_bytes();
    shards.back().push_back(std::move(item));
  }
  return shards;
}

/// Hands the bytes of a file of these (checked) tensors to `append`, piece by piece.
void emit(Outputs tensors, const Metadata& metadata, const std::function<void(std::string_view)>& append) {
  std::ranges::stable_sort(tensors, std::ranges::greater{},
                           [](const auto& item) { return c10::elementSize(item.dtype); });
  append(header_bytes(tensors, metadata));
  for (const SafetensorsOutput& output : tensors) {
    const at::Tensor tensor = output.load();
    R1_CHECK(tensor.defined() && tensor.sizes() == output.shape && tensor.scalar_type() == output.dtype,
             "tensor '{}': its load() gives another shape or dtype than was announced", output.name);
    const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
    append({static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()});
  }
}

void write_file(const std::filesystem::path& file, Outputs tensors, const Metadata& metadata) {
  PartialFile out(file);
  emit(std::move(tensors), metadata, [&](std::string_view bytes) { out.append(bytes); });
  out.finish();
}

}  // namespace

std::uint64_t SafetensorsOutput::num_bytes() const {
  std::uint64_t bytes = c10::elementSize(dtype);
  for (const std::int64_t size : shape) bytes *= static_cast<std::uint64_t>(size);
  return bytes;
}

std::string safetensors_bytes(const NamedTensors& tensors, const Metadata& metadata) {
  std::string out;
  emit(checked(outputs_of(tensors)), metadata, [&](std::string_view bytes) { out += bytes; });
  return out;
}

void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors, const Metadata& metadata) {
  write_file(file, checked(outputs_of(tensors)), metadata);
}

void write_sharded_safetensors(const std::filesystem::path& folder, std::vector<SafetensorsOutput> tensors,
                               std::uint64_t max_shard_bytes, const Metadata& metadata) {
  R1_CHECK(max_shard_bytes > 0, "a shard must hold at least one byte");
  tensors = checked(std::move(tensors));
  const std::uint64_t total = total_bytes(tensors);
  std::vector<Outputs> shards = cut_into_shards(std::move(tensors), max_shard_bytes);
  if (shards.size() == 1) return write_file(folder / "model.safetensors", std::move(shards.front()), metadata);
  Json weight_map = Json::object();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    for (const SafetensorsOutput& tensor : shards[i]) weight_map[tensor.name] = file;
    write_file(folder / file, std::move(shards[i]), metadata);
  }
  const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  core::write_file_atomic(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

void write_sharded_safetensors(const std::filesystem::path& folder, const NamedTensors& tensors,
                               std::uint64_t max_shard_bytes, const Metadata& metadata) {
  write_sharded_safetensors(folder, outputs_of(tensors), max_shard_bytes, metadata);
}

}  // namespace r1::weights
