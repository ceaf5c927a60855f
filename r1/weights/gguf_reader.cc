// Opening checks every header; afterwards a load is one lookup and a view, or one pass over the blocks on all cores.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "r1/core/error.h"
#include "r1/core/threads.h"
#include "r1/weights/gguf.h"
#include "r1/weights/gguf_blocks.h"
#include "r1/weights/mapped_file.h"

namespace r1::weights {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPartKey = "split.no";
constexpr const char* kPartCountKey = "split.count";
constexpr std::int64_t kChunkElements = 1 << 16;  // dequantised at a time: a multiple of every block, and fits the L2

/// libtorch's dtype of a type that is no block type.
std::optional<at::ScalarType> plain_dtype(GgufType type) {
  switch (type) {
    case GgufType::F32:
      return at::kFloat;
    case GgufType::F16:
      return at::kHalf;
    case GgufType::BF16:
      return at::kBFloat16;
    case GgufType::F64:
      return at::kDouble;
    case GgufType::I8:
      return at::kChar;
    case GgufType::I16:
      return at::kShort;
    case GgufType::I32:
      return at::kInt;
    case GgufType::I64:
      return at::kLong;
    default:
      return std::nullopt;
  }
}

/// A view of the bytes that keeps the file mapped; a copy when they are not aligned.
at::Tensor view_of(const std::shared_ptr<MappedFile>& file, const GgufTensorInfo& info, at::ScalarType dtype) {
  const at::TensorOptions options = at::TensorOptions().dtype(dtype);
  char* begin = file->data() + info.begin;
  if (reinterpret_cast<std::uintptr_t>(begin) % c10::elementSize(dtype) == 0) {
    return at::from_blob(begin, info.shape, [file](void*) {}, options);
  }
  at::Tensor copy = at::empty(info.shape, options);
  std::memcpy(copy.data_ptr(), begin, info.end - info.begin);
  return copy;
}

at::Tensor dequantized(const std::uint8_t* blocks, const GgufTensorInfo& info, at::ScalarType dtype) {
  const GgufTypeInfo& type = gguf_type_info(info.type);
  at::Tensor out = at::empty(info.shape, at::TensorOptions().dtype(dtype));
  const std::int64_t count = out.numel();
  char* const data = static_cast<char*>(out.data_ptr());
  const auto convert_chunk = [&](std::size_t chunk) {
    const std::int64_t begin = static_cast<std::int64_t>(chunk) * kChunkElements;
    const std::int64_t size = std::min(kChunkElements, count - begin);
    const std::uint8_t* source = blocks + begin / type.block_elements * type.block_bytes;
    char* const target = data + begin * static_cast<std::int64_t>(c10::elementSize(dtype));
    const std::int64_t num_blocks = size / type.block_elements;
    if (dtype == at::kFloat) return dequantize_gguf(info.type, source, num_blocks, reinterpret_cast<float*>(target));
    std::vector<float> values(static_cast<std::size_t>(size));
    dequantize_gguf(info.type, source, num_blocks, values.data());
    at::from_blob(target, {size}, at::TensorOptions().dtype(dtype)).copy_(at::from_blob(values.data(), {size}));
  };
  core::parallel_for(static_cast<std::size_t>((count + kChunkElements - 1) / kChunkElements), 0, convert_chunk);
  return out;
}

/// "dir/name-00001-of-00003.gguf" with another number, or nothing when the name is no such one.
std::optional<fs::path> part_path(const fs::path& first, std::int64_t part, std::int64_t count) {
  const std::string name = first.filename().string();
  const auto suffix = [&](std::int64_t number) { return fmt::format("-{:05}-of-{:05}.gguf", number, count); };
  if (!name.ends_with(suffix(1))) return std::nullopt;
  return first.parent_path() / (name.substr(0, name.size() - suffix(1).size()) + suffix(part));
}

std::int64_t part_count(const GgufMetadata& metadata) {
  return metadata.contains(kPartCountKey) ? metadata.integer(kPartCountKey) : 1;
}

}  // namespace

at::ScalarType stored_dtype(GgufType type) {
  const std::optional<at::ScalarType> plain = plain_dtype(type);
  return plain && at::isFloatingType(*plain) ? *plain : at::kFloat;
}

GgufReader::GgufReader(const fs::path& file) : path_(file) {
  metadata_ = open_file(file);
  if (part_count(metadata_) > 1) open_other_parts();
}

GgufMetadata GgufReader::open_file(const fs::path& file) {
  const auto mapped = std::make_shared<MappedFile>(file);
  GgufHeader header = parse_gguf_header(mapped->bytes(), file.string());
  for (auto& [name, info] : header.tensors) {
    if (!entries_.try_emplace(name, Entry{std::move(info), mapped}).second) {
      user_error("{}: tensor '{}' stands in an earlier part too; the parts do not belong together", file.string(),
                 gguf_printable(name));
    }
  }
  return std::move(header.metadata);
}

void GgufReader::open_other_parts() {
  const std::int64_t count = part_count(metadata_);
  if (metadata_.integer(kPartKey) != 0 || !part_path(path_, 2, count)) {
    user_error("{}: one of {} parts ({} {}); open the first, '...-00001-of-{:05}.gguf', with the others beside it",
               path_.string(), count, kPartKey, metadata_.integer(kPartKey), count);
  }
  for (std::int64_t part = 2; part <= count; ++part) {
    const fs::path file = *part_path(path_, part, count);
    const GgufMetadata metadata = open_file(file);
    if (metadata.integer(kPartKey) != part - 1 || part_count(metadata) != count) {
      user_error("{}: has {} {} of {} parts, expected {} of {}; the parts do not belong together", file.string(),
                 kPartKey, metadata.integer(kPartKey), part_count(metadata), part - 1, count);
    }
  }
}

std::vector<std::string> GgufReader::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

const GgufReader::Entry& GgufReader::find(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) user_error("{}: holds no tensor '{}'", path_.string(), gguf_printable(name));
  return found->second;
}

at::Tensor GgufReader::load(const std::string& name, at::ScalarType dtype) const {
  return load(find(name), name, dtype);
}

at::Tensor GgufReader::load_slice(const std::string& name, std::int64_t index, at::ScalarType dtype) const {
  Entry entry = find(name);
  std::vector<std::int64_t>& shape = entry.info.shape;
  R1_CHECK(shape.size() > 1 && index >= 0 && index < shape[0], "slice {} of tensor '{}'", index, name);
  const std::uint64_t bytes = (entry.info.end - entry.info.begin) / static_cast<std::uint64_t>(shape[0]);
  entry.info.begin += static_cast<std::uint64_t>(index) * bytes;
  entry.info.end = entry.info.begin + bytes;
  shape.erase(shape.begin());
  return load(entry, name, dtype);
}

at::Tensor GgufReader::load(const Entry& entry, const std::string& name, at::ScalarType dtype) const {
  R1_CHECK(at::isFloatingType(dtype), "weights can't be loaded as {}", c10::toString(dtype));
  const auto& [info, file] = entry;
  if (const auto plain = plain_dtype(info.type)) return view_of(file, info, *plain).to(dtype);
  if (!can_dequantize_gguf(info.type)) {
    user_error(
        "{}: tensor '{}' is stored as {}, which isn't read; take a file of type F32, F16, BF16, Q8_0, Q4_0, Q4_1, "
        "Q5_0, Q5_1, Q4_K, Q5_K or Q6_K",
        path_.string(), gguf_printable(name), gguf_type_info(info.type).name);
  }
  return dequantized(reinterpret_cast<const std::uint8_t*>(file->data()) + info.begin, info, dtype);
}

}  // namespace r1::weights
