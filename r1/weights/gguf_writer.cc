// First everything is checked and the header made, then the tensors follow one at a time, converted in pieces. The file
// grows under a temporary name.
#include <ATen/ops/any.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isinf.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>
#include <utility>

#include "r1/core/error.h"
#include "r1/weights/gguf.h"
#include "r1/weights/gguf_blocks.h"
#include "r1/weights/partial_file.h"

namespace r1::weights {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 63;
constexpr std::int64_t kPieceElements = 1 << 20;  // converted and written at a time: a multiple of every block

template <class T>
void put(std::string& out, T value) {
  static_assert(std::is_arithmetic_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put(std::string& out, const std::string& text) {
  put(out, static_cast<std::uint64_t>(text.size()));
  out += text;
}

void put(std::string& out, const GgufArray& array) {
  put(out, static_cast<std::uint32_t>(array.index()));
  std::visit(
      [&]<class List>(const List& items) {
        if constexpr (std::is_same_v<List, std::monostate>) {
          R1_CHECK(false, "a metadata array without a type");
        } else {
          put(out, static_cast<std::uint64_t>(items.size()));
          for (const auto& item : items) put(out, static_cast<const typename List::value_type&>(item));
        }
      },
      array);
}

std::uint64_t alignment_of(const GgufMetadata& metadata) {
  if (!metadata.contains(kGgufAlignmentKey)) return kGgufDefaultAlignment;
  const auto* alignment = std::get_if<std::uint32_t>(&metadata.value(kGgufAlignmentKey));
  R1_CHECK(alignment != nullptr && std::has_single_bit(*alignment), "{} must be a u32 and a power of two",
           kGgufAlignmentKey);
  return *alignment;
}

std::uint64_t byte_count(const GgufOutput& tensor, GgufType type) {
  std::int64_t elements = 1;
  for (const std::int64_t size : tensor.shape) elements *= size;
  const GgufTypeInfo& info = gguf_type_info(type);
  return static_cast<std::uint64_t>(elements / info.block_elements * info.block_bytes);
}

bool can_write(GgufType type) {
  return type == GgufType::F32 || type == GgufType::F16 || type == GgufType::BF16 || can_quantize_gguf(type);
}

void check(const std::vector<GgufOutput>& tensors) {
  std::set<std::string_view> names;
  for (const GgufOutput& tensor : tensors) {
    R1_CHECK(names.insert(tensor.name).second, "two tensors are called '{}'", tensor.name);
    R1_CHECK(!tensor.name.empty() && tensor.name.size() <= kLongestName, "'{}': a GGUF tensor's name has 1 to {} bytes",
             tensor.name, kLongestName);
    R1_CHECK(!tensor.shape.empty() && tensor.shape.size() <= kGgufMaxDimensions,
             "tensor '{}' has {} dimensions, GGUF holds 1 to {}", tensor.name, tensor.shape.size(), kGgufMaxDimensions);
    R1_CHECK(std::ranges::all_of(tensor.shape, [](std::int64_t size) { return size > 0; }), "tensor '{}' is empty",
             tensor.name);
    R1_CHECK(can_write(tensor.type), "tensor '{}': {} can't be written; F32, F16, BF16, Q8_0 and Q4_0 can", tensor.name,
             gguf_type_info(tensor.type).name);
  }
}

std::string header_bytes(const std::vector<GgufOutput>& tensors, const GgufMetadata& metadata,
                         std::uint64_t alignment) {
  std::string out = "GGUF";
  put(out, kGgufVersion);
  put(out, static_cast<std::uint64_t>(tensors.size()));
  put(out, static_cast<std::uint64_t>(metadata.size()));
  for (const auto& [key, value] : metadata.entries()) {
    put(out, key);
    put(out, static_cast<std::uint32_t>(value.index()));
    std::visit([&](const auto& item) { put(out, item); }, value);
  }
  std::uint64_t offset = 0;
  for (const GgufOutput& tensor : tensors) {
    const GgufType type = stored_gguf_type(tensor.type, tensor.shape);
    put(out, tensor.name);
    put(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) {
      put(out, static_cast<std::uint64_t>(*size));
    }
    put(out, static_cast<std::uint32_t>(type));
    put(out, offset);
    offset += (byte_count(tensor, type) + alignment - 1) / alignment * alignment;
  }
  return out;
}

/// The bytes of a one-dimensional piece of a tensor in that type, or UserError when a value doesn't fit.
std::string converted(const at::Tensor& piece, GgufType type, const std::string& where) {
  const auto refuse = [&] {
    user_error("{} holds a value that {} can't hold (an infinity, a NaN or too large); write it as F32", where,
               gguf_type_info(type).name);
  };
  const at::Tensor values = piece.to(at::kFloat).contiguous();
  std::string out;
  if (can_quantize_gguf(type)) {
    const GgufTypeInfo& info = gguf_type_info(type);
    const std::int64_t num_blocks = values.numel() / info.block_elements;
    out.resize(static_cast<std::size_t>(num_blocks * info.block_bytes));
    if (!quantize_gguf(type, values.const_data_ptr<float>(), num_blocks, reinterpret_cast<std::uint8_t*>(out.data())))
      refuse();
    return out;
  }
  const at::ScalarType dtype =
      type == GgufType::F16 ? at::kHalf : (type == GgufType::BF16 ? at::kBFloat16 : at::kFloat);
  const at::Tensor rounded = values.to(dtype);
  if (at::any(at::isinf(rounded).logical_and(at::isfinite(values))).item<bool>()) refuse();
  out.assign(static_cast<const char*>(rounded.const_data_ptr()), rounded.nbytes());
  return out;
}

void append_tensor(PartialFile& out, const GgufOutput& output, const std::string& where) {
  const at::Tensor tensor = output.load();
  R1_CHECK(tensor.defined(), "{}: its load() gives nothing", where);
  R1_CHECK(tensor.sizes() == output.shape, "{}: its load() gives another shape than was announced", where);
  R1_CHECK(at::isFloatingType(tensor.scalar_type()), "{}: {} is no floating type", where,
           c10::toString(tensor.scalar_type()));
  const GgufType type = stored_gguf_type(output.type, output.shape);
  const at::Tensor flat = tensor.detach().to(at::kCPU).contiguous().flatten();
  for (std::int64_t begin = 0; begin < flat.numel(); begin += kPieceElements) {
    const std::int64_t size = std::min(kPieceElements, flat.numel() - begin);
    out.append(converted(flat.narrow(0, begin, size), type, where));
  }
}

}  // namespace

GgufOutput gguf_output(std::string name, const at::Tensor& tensor, GgufType type) {
  R1_CHECK(tensor.defined(), "tensor '{}' is undefined", name);
  return {.name = std::move(name), .shape = tensor.sizes().vec(), .type = type, .load = [tensor] { return tensor; }};
}

void write_gguf(const fs::path& file, const std::vector<GgufOutput>& tensors, const GgufMetadata& metadata) {
  check(tensors);
  const std::uint64_t alignment = alignment_of(metadata);
  const auto padding = [&](std::uint64_t size) {
    return std::string((alignment - size % alignment) % alignment, '\0');
  };
  PartialFile out(file);
  const std::string header = header_bytes(tensors, metadata, alignment);
  out.append(header + padding(header.size()));
  for (const GgufOutput& tensor : tensors) {
    append_tensor(out, tensor, fmt::format("{}: tensor '{}'", file.string(), gguf_printable(tensor.name)));
    out.append(padding(byte_count(tensor, stored_gguf_type(tensor.type, tensor.shape))));
  }
  out.finish();
}

}  // namespace r1::weights
