// Nothing of the header is trusted: every number is checked before it is used in arithmetic, as a position or as a
// size. Counts are compared with the bytes that follow and the least that one item takes.
#include "r1/weights/gguf_header.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "r1/core/error.h"
#include "r1/weights/gguf_cursor.h"
#include "r1/weights/mapped_file.h"

namespace r1::weights {

namespace {

constexpr std::uint64_t kLongestName = 65535;  // the format's limit for keys
constexpr std::uint64_t kLeastKeyBytes = 8 + 4 + 1;
constexpr std::uint64_t kLeastTensorBytes = 8 + 4 + 8 + 4 + 8;
constexpr std::uint32_t kArrayType = 9;

std::uint32_t read_version(GgufCursor& in) {
  const std::string where = "header";
  const std::string_view magic = in.take(4, where);
  if (magic != "GGUF") {
    user_error("{}: no GGUF file: it begins with '{}', not 'GGUF'{}", in.file(), gguf_printable(magic),
               magic == "FUGG" ? " (a big-endian file; convert it to little endian)" : "");
  }
  const auto version = in.number<std::uint32_t>(where);
  if (version != 0 && (version & 0xffffU) == 0) {
    user_error("{}: a big-endian GGUF file; only little endian is read, convert it", in.file());
  }
  if (version != 2 && version != kGgufVersion) {
    user_error("{}: GGUF version {}; versions 2 and 3 are read, convert it with a current tool", in.file(), version);
  }
  return version;
}

/// A count of items of at least `least` bytes each, checked against what follows.
std::uint64_t read_count(GgufCursor& in, const std::string& where, std::uint64_t least, std::string_view what) {
  const auto count = in.number<std::uint64_t>(where);
  if (count > in.rest() / least) {
    user_error("{}: {}: says {} {}, but only {} bytes follow; the file is cut off or damaged", in.file(), where, count,
               what, in.rest());
  }
  return count;
}

/// Reads one element or value of type T.
template <class T>
T read_value(GgufCursor& in, const std::string& where) {
  if constexpr (std::is_same_v<T, std::string>) {
    return std::string(in.text(where));
  } else if constexpr (std::is_same_v<T, bool>) {
    const auto byte = in.number<std::uint8_t>(where);
    if (byte > 1) user_error("{}: {}: a bool must be 0 or 1, not {}; the file is damaged", in.file(), where, byte);
    return byte == 1;
  } else {
    return in.number<T>(where);
  }
}

GgufArray read_array(GgufCursor& in, const std::string& where);

/// Calls `read` with the type that has number `index` in the variant, as a null pointer.
template <class Variant, class Read, std::size_t... kIndices>
Variant read_alternative(std::size_t index, const Read& read, std::index_sequence<kIndices...>) {
  Variant out;
  ((index == kIndices ? static_cast<void>(out.template emplace<kIndices>(
                            read(static_cast<std::variant_alternative_t<kIndices, Variant>*>(nullptr))))
                      : static_cast<void>(0)),
   ...);
  return out;
}

template <class Variant, class Read>
Variant read_alternative(std::size_t index, const Read& read) {
  return read_alternative<Variant>(index, read, std::make_index_sequence<std::variant_size_v<Variant>>());
}

GgufValue read_typed_value(GgufCursor& in, const std::string& where) {
  const auto type = in.number<std::uint32_t>(where);
  if (type >= std::variant_size_v<GgufValue>) {
    user_error("{}: {}: unknown value type {}; types 0 to 12 exist, the file is damaged", in.file(), where, type);
  }
  return read_alternative<GgufValue>(type, [&]<class T>(const T*) -> T {
    if constexpr (std::is_same_v<T, GgufArray>) {
      return read_array(in, where);
    } else {
      return read_value<T>(in, where);
    }
  });
}

GgufArray read_array(GgufCursor& in, const std::string& where) {
  const auto type = in.number<std::uint32_t>(where);
  if (type == kArrayType) user_error("{}: {}: an array of arrays; no model has one, it isn't read", in.file(), where);
  if (type >= std::variant_size_v<GgufArray>) {
    user_error("{}: {}: an array of unknown type {}; the file is damaged", in.file(), where, type);
  }
  return read_alternative<GgufArray>(type, [&]<class List>(const List*) -> List {
    List items;
    if constexpr (!std::is_same_v<List, std::monostate>) {
      using T = typename List::value_type;
      constexpr std::uint64_t least = std::is_same_v<T, std::string> ? sizeof(std::uint64_t) : sizeof(T);
      const std::uint64_t count = read_count(in, where, least, "array elements");
      items.reserve(count);
      for (std::uint64_t i = 0; i < count; ++i) items.push_back(read_value<T>(in, where));
    }
    return items;
  });
}

GgufMetadata read_metadata(GgufCursor& in, std::uint64_t count) {
  GgufMetadata out(in.file());
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key(in.text(fmt::format("metadata key {} of {}", i + 1, count), kLongestName));
    const std::string where = fmt::format("metadata key '{}'", gguf_printable(key));
    if (out.contains(key)) user_error("{}: {} stands twice; the file is damaged", in.file(), where);
    out.set(key, read_typed_value(in, where));
  }
  return out;
}

std::uint64_t alignment_of(const GgufMetadata& metadata, const std::string& file) {
  if (!metadata.contains(kGgufAlignmentKey)) return kGgufDefaultAlignment;
  const auto* alignment = std::get_if<std::uint32_t>(&metadata.value(kGgufAlignmentKey));
  if (alignment == nullptr || !std::has_single_bit(*alignment)) {
    user_error("{}: metadata key '{}' must be a u32 and a power of two; the file is damaged", file, kGgufAlignmentKey);
  }
  return *alignment;
}

std::vector<std::int64_t> read_shape(GgufCursor& in, const std::string& where) {
  const auto num_dimensions = in.number<std::uint32_t>(where);
  if (num_dimensions < 1 || num_dimensions > kGgufMaxDimensions) {
    user_error("{}: {}: {} dimensions; a tensor has 1 to {}, the file is damaged", in.file(), where, num_dimensions,
               kGgufMaxDimensions);
  }
  std::vector<std::int64_t> shape(num_dimensions);
  for (auto size = shape.rbegin(); size != shape.rend(); ++size) {
    const auto in_file = in.number<std::uint64_t>(where);
    if (in_file < 1 || !std::in_range<std::int64_t>(in_file)) {
      user_error("{}: {}: a dimension of {}; the file is damaged", in.file(), where, in_file);
    }
    *size = static_cast<std::int64_t>(in_file);
  }
  return shape;
}

/// Bytes of a tensor of that shape and type; UserError when the number does not fit or a row is no number of blocks.
std::uint64_t byte_count(const GgufTensorInfo& info, const std::string& file, const std::string& where) {
  const GgufTypeInfo& type = gguf_type_info(info.type);
  if (info.shape.back() % type.block_elements != 0) {
    user_error("{}: {}: rows of {} elements, but {} stores blocks of {}; the file is damaged", file, where,
               info.shape.back(), type.name, type.block_elements);
  }
  std::int64_t bytes = type.block_bytes;
  bool overflow = __builtin_mul_overflow(bytes, info.shape.back() / type.block_elements, &bytes);
  for (std::size_t i = 0; i + 1 < info.shape.size(); ++i) {
    overflow = overflow || __builtin_mul_overflow(bytes, info.shape[i], &bytes);
  }
  std::int64_t elements = 1;  // a type below a byte an element has fewer bytes than elements
  for (const std::int64_t size : info.shape) overflow = overflow || __builtin_mul_overflow(elements, size, &elements);
  if (overflow) user_error("{}: {}: its shape has more bytes than any file; the file is damaged", file, where);
  return static_cast<std::uint64_t>(bytes);
}

/// One tensor's entry. [begin, end) stay relative to the data.
std::pair<std::string, GgufTensorInfo> read_tensor(GgufCursor& in, const std::string& place) {
  const std::string name(in.text(place, kLongestName));
  const std::string where = fmt::format("tensor '{}'", gguf_printable(name));
  GgufTensorInfo info;
  info.shape = read_shape(in, where);
  const auto type = in.number<std::uint32_t>(where);
  const GgufTypeInfo* known = find_gguf_type(type);
  if (known == nullptr)
    user_error("{}: {}: unknown tensor type {}; the file is damaged or newer", in.file(), where, type);
  info.type = known->type;
  info.begin = in.number<std::uint64_t>(where);
  const std::uint64_t bytes = byte_count(info, in.file(), where);
  if (info.begin > std::numeric_limits<std::uint64_t>::max() - bytes) {
    user_error("{}: {}: its data would begin at data byte {}; the file is damaged", in.file(), where, info.begin);
  }
  info.end = info.begin + bytes;
  return {name, std::move(info)};
}

/// Moves every tensor from data bytes to file bytes, once it is known to lie in the file, aligned and alone.
void place_tensors(GgufHeader& header, std::uint64_t alignment, std::uint64_t file_size, const std::string& file) {
  const std::uint64_t data_size = file_size > header.data_begin ? file_size - header.data_begin : 0;
  std::vector<std::pair<std::uint64_t, const std::string*>> order;
  for (auto& item : header.tensors) {
    const std::string& name = item.first;
    GgufTensorInfo& info = item.second;
    const auto complain = [&](const std::string& what) {
      user_error("{}: tensor '{}': {}; the file is cut off or damaged", file, gguf_printable(name), what);
    };
    if (info.begin % alignment != 0)
      complain(fmt::format("begins at data byte {}, no multiple of {}", info.begin, alignment));
    if (info.end > data_size) complain(fmt::format("ends at data byte {}, but the file has {}", info.end, data_size));
    info.begin += header.data_begin;
    info.end += header.data_begin;
    order.emplace_back(info.begin, &name);
  }
  std::ranges::sort(order, {}, &std::pair<std::uint64_t, const std::string*>::first);
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (header.tensors.at(*order[i - 1].second).end > order[i].first) {
      user_error("{}: tensors '{}' and '{}' overlap; the file is damaged", file, gguf_printable(*order[i - 1].second),
                 gguf_printable(*order[i].second));
    }
  }
}

}  // namespace

GgufHeader parse_gguf_header(std::string_view bytes, const std::string& file) {
  GgufCursor in(bytes, file);
  GgufHeader header;
  header.version = read_version(in);
  const std::uint64_t num_tensors = read_count(in, "header", kLeastTensorBytes, "tensors");
  const std::uint64_t num_keys = read_count(in, "header", kLeastKeyBytes, "metadata keys");
  header.metadata = read_metadata(in, num_keys);
  const std::uint64_t alignment = alignment_of(header.metadata, file);
  for (std::uint64_t i = 0; i < num_tensors; ++i) {
    auto [name, info] = read_tensor(in, fmt::format("tensor {} of {}", i + 1, num_tensors));
    if (header.tensors.contains(name)) {
      user_error("{}: tensor '{}' stands twice; the file is damaged", file, gguf_printable(name));
    }
    header.tensors.emplace(std::move(name), std::move(info));
  }
  header.data_begin = (in.position() + alignment - 1) / alignment * alignment;
  place_tensors(header, alignment, bytes.size(), file);
  return header;
}

GgufMetadata read_gguf_metadata(const std::filesystem::path& file) {
  const MappedFile mapped(file);
  return std::move(parse_gguf_header(mapped.bytes(), file.string()).metadata);
}

}  // namespace r1::weights
