// (gguf_outputs.h)
#include "r1/model/gguf_outputs.h"

#include <ATen/ops/any.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/stack.h>

#include "r1/core/error.h"
#include "r1/weights/name_map.h"

namespace r1::model {

namespace {

namespace fs = std::filesystem;
using Shape = std::vector<std::int64_t>;
using weights::GgufReader;
using weights::GgufType;
using weights::SafetensorsReader;

/// Rows 0 h/2 1 h/2+1 ... of each of `heads` heads <-> rows 0 1 2 ... (GgufTensor::interleaved_heads).
at::Tensor swap_halves(const at::Tensor& rows, std::int64_t heads, bool to_gguf) {
  if (heads == 0) return rows;
  const std::int64_t pairs = rows.size(0) / heads / 2, rest = rows.numel() / rows.size(0);
  const Shape cut = to_gguf ? Shape{heads, 2, pairs, rest} : Shape{heads, pairs, 2, rest};
  return rows.reshape(cut).transpose(1, 2).reshape(rows.sizes());
}

void check_shape(const Shape& shape, const Shape& expected, const std::string& where) {
  if (shape != expected)
    user_error("{} has shape {}, the configuration asks for {}", where, fmt::join(shape, "x"),
               fmt::join(expected, "x"));
}

std::int64_t rank_of(const GgufTensor& tensor) { return tensor.shape[1]; }
Shape keys_shape(const GgufTensor& tensor) { return {tensor.latent.heads, rank_of(tensor), tensor.latent.nope}; }
Shape values_shape(const GgufTensor& tensor) { return {tensor.latent.heads, tensor.latent.value, rank_of(tensor)}; }

/// kv_b_proj by heads: [heads, nope + value, rank].
at::Tensor by_heads(const at::Tensor& kv, const GgufTensor& tensor) {
  return kv.view({tensor.latent.heads, tensor.latent.nope + tensor.latent.value, rank_of(tensor)});
}

at::Tensor keys_of(const at::Tensor& kv, const GgufTensor& tensor) {
  return by_heads(kv, tensor).narrow(1, 0, tensor.latent.nope).transpose(1, 2).contiguous();
}

at::Tensor values_of(const at::Tensor& kv, const GgufTensor& tensor) {
  return by_heads(kv, tensor).narrow(1, tensor.latent.nope, tensor.latent.value).contiguous();
}

at::Tensor joined(const at::Tensor& keys, const at::Tensor& values, const GgufTensor& tensor) {
  return at::cat({keys.transpose(1, 2), values}, 1).reshape(tensor.shape);
}

weights::SafetensorsOutput joined_output(const GgufReader& reader, const GgufTensor& tensor,
                                         std::optional<at::ScalarType> wanted, const fs::path& file) {
  const auto& [heads, nope, value, keys, values] = tensor.latent;
  check_shape(reader.info(keys).shape, keys_shape(tensor), where_of(file, keys));
  check_shape(reader.info(values).shape, values_shape(tensor), where_of(file, values));
  const at::ScalarType stored = weights::stored_dtype(reader.info(keys).type), dtype = wanted.value_or(stored);
  const auto load = [&reader, tensor, dtype, stored, where = where_of(file, keys)] {
    const at::Tensor k = reader.load(tensor.latent.keys, stored), v = reader.load(tensor.latent.values, stored);
    return converted(joined(k, v, tensor), dtype, where);
  };
  return {.name = tensor.hf, .shape = tensor.shape, .dtype = dtype, .load = load};
}

}  // namespace

at::Tensor converted(const at::Tensor& from, at::ScalarType dtype, const std::string& where) {
  if (from.scalar_type() == dtype) return from;
  at::Tensor to = from.to(dtype);
  if (dtype == at::kHalf && at::any(at::isinf(to).logical_and(at::isfinite(from))).item<bool>())
    user_error("{} holds a number that f16 can't hold; write it as bf16 or f32", where);
  return to;
}

std::string where_of(const fs::path& file, const std::string& tensor) {
  return fmt::format("{}: tensor '{}'", file.string(), weights::gguf_printable(tensor));
}

std::vector<weights::SafetensorsOutput> folder_outputs(const GgufReader& reader, const GgufTensor& tensor,
                                                       std::optional<at::ScalarType> wanted, const fs::path& file) {
  if (tensor.latent.heads > 0 && !reader.contains(tensor.gguf)) return {joined_output(reader, tensor, wanted, file)};
  const weights::GgufTensorInfo& info = reader.info(tensor.gguf);
  const std::string where = where_of(file, tensor.gguf);
  const at::ScalarType stored = weights::stored_dtype(info.type), dtype = wanted.value_or(stored);
  Shape shape = tensor.shape;
  if (tensor.experts > 0) shape.insert(shape.begin(), tensor.experts);
  check_shape(info.shape, shape, where);
  if (tensor.experts == 0) {
    const auto load = [&reader, tensor, where, stored, dtype] {
      return swap_halves(converted(reader.load(tensor.gguf, stored), dtype, where), tensor.interleaved_heads, false);
    };
    return {{.name = tensor.hf, .shape = tensor.shape, .dtype = dtype, .load = load}};
  }
  std::vector<weights::SafetensorsOutput> out;
  for (std::int64_t i = 0; i < tensor.experts; ++i) {
    const auto load = [&reader, name = tensor.gguf, i, where, stored, dtype] {
      return converted(reader.load_slice(name, i, stored), dtype, where);
    };
    out.push_back({.name = weights::numbered_name(tensor.hf, i), .shape = tensor.shape, .dtype = dtype, .load = load});
  }
  return out;
}

std::vector<weights::GgufOutput> gguf_outputs(const SafetensorsReader& reader, const GgufTensor& tensor, GgufType type,
                                              const fs::path& folder) {
  if (tensor.stays_f32) type = GgufType::F32;
  const std::vector<std::string> names = names_in_folder(tensor);
  for (const std::string& name : names) check_shape(reader.info(name).shape, tensor.shape, where_of(folder, name));
  if (tensor.latent.heads > 0) {
    const auto keys = [&reader, tensor] { return keys_of(reader.load(tensor.hf), tensor); };
    const auto values = [&reader, tensor] { return values_of(reader.load(tensor.hf), tensor); };
    return {{.name = tensor.latent.keys, .shape = keys_shape(tensor), .type = type, .load = keys},
            {.name = tensor.latent.values, .shape = values_shape(tensor), .type = type, .load = values}};
  }
  if (tensor.experts == 0) {
    const auto load = [&reader, tensor] { return swap_halves(reader.load(tensor.hf), tensor.interleaved_heads, true); };
    return {{.name = tensor.gguf, .shape = tensor.shape, .type = type, .load = load}};
  }
  const auto load = [&reader, names] {
    std::vector<at::Tensor> experts;
    for (const std::string& name : names) experts.push_back(reader.load(name));
    return at::stack(experts);
  };
  Shape shape = tensor.shape;
  shape.insert(shape.begin(), tensor.experts);
  return {{.name = tensor.gguf, .shape = shape, .type = type, .load = load}};
}

std::vector<std::string> names_in_folder(const GgufTensor& tensor) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < tensor.experts; ++i) names.push_back(weights::numbered_name(tensor.hf, i));
  if (tensor.experts == 0) names.push_back(tensor.hf);
  return names;
}

std::vector<std::string> names_in_gguf(const GgufTensor& tensor) {
  if (tensor.latent.heads == 0) return {tensor.gguf};
  return {tensor.gguf, tensor.latent.keys, tensor.latent.values};
}

}  // namespace r1::model
