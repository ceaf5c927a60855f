// Nothing of the header is trusted: every number is checked before it is used in arithmetic or as a position.
#include "r1/weights/safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/json_depth.h"

namespace r1::weights {

namespace {

using Json = nlohmann::json;
using c10::ScalarType;

constexpr std::array<std::pair<std::string_view, ScalarType>, 11> kDtypes = {{{"F64", ScalarType::Double},
                                                                              {"F32", ScalarType::Float},
                                                                              {"F16", ScalarType::Half},
                                                                              {"BF16", ScalarType::BFloat16},
                                                                              {"F8_E4M3", ScalarType::Float8_e4m3fn},
                                                                              {"I64", ScalarType::Long},
                                                                              {"I32", ScalarType::Int},
                                                                              {"I16", ScalarType::Short},
                                                                              {"I8", ScalarType::Char},
                                                                              {"U8", ScalarType::Byte},
                                                                              {"BOOL", ScalarType::Bool}}};

constexpr std::string_view kMetadataKey = "__metadata__";

/// Refuses a key that stands twice in one object: JSON would silently keep the last one.
class DuplicateKeys {
 public:
  explicit DuplicateKeys(const std::string& file) : file_(file) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys_[depth + 1].clear();
    if (event == Json::parse_event_t::key && !keys_[depth].insert(parsed.get<std::string>()).second) {
      user_error("{}: '{}' stands twice in the header; the file is damaged", file_, parsed.get<std::string>());
    }
    return true;
  }

 private:
  const std::string& file_;
  std::map<int, std::set<std::string>> keys_;
};

std::string_view header_text(std::string_view bytes, const std::string& file) {
  constexpr std::size_t kLengthBytes = 8;
  if (bytes.size() < kLengthBytes) {
    user_error("{}: only {} bytes, a safetensors file has at least {}; the file is cut off", file, bytes.size(),
               kLengthBytes);
  }
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  const std::uint64_t rest = bytes.size() - kLengthBytes;
  if (length > kMaxHeaderBytes || length > rest) {
    user_error(
        "{}: the header should be {} bytes long, but {} bytes follow (at most {} are accepted); the file is cut off or "
        "no safetensors file",
        file, length, rest, kMaxHeaderBytes);
  }
  return bytes.substr(kLengthBytes, length);
}

Json parse_json(std::string_view text, const std::string& file) {
  if (text.empty() || text.front() != '{') user_error("{}: the header is no JSON object; no safetensors file", file);
  core::check_json_depth(text, file);
  try {
    DuplicateKeys duplicates(file);
    return Json::parse(
        text, [&](int depth, Json::parse_event_t event, Json& parsed) { return duplicates(depth, event, parsed); });
  } catch (const Json::exception& e) {
    user_error("{}: the header is no valid JSON ({}); the file is damaged", file, e.what());
  }
}

/// A list of whole numbers >= 0 that fit into int64, or UserError.
std::vector<std::int64_t> numbers(const Json& value, const std::string& where) {
  std::vector<std::int64_t> out;
  const bool list = value.is_array();
  for (const Json& item : list ? value : Json::array()) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > INT64_MAX) break;
    out.push_back(item.get<std::int64_t>());
  }
  if (!list || out.size() != value.size()) user_error("{} is no list of whole numbers; the file is damaged", where);
  return out;
}

ScalarType dtype_of(const Json& value, const std::string& where) {
  const std::string name =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', true, Json::error_handler_t::replace);
  for (const auto& [known, dtype] : kDtypes) {
    if (name == known) return dtype;
  }
  user_error("{}: unknown dtype {}; known are F64 F32 F16 BF16 F8_E4M3 I64 I32 I16 I8 U8 BOOL", where, name);
}

/// Bytes of a tensor of that shape; UserError when the number does not fit.
std::uint64_t byte_count(const TensorInfo& info, const std::string& where) {
  std::int64_t bytes = static_cast<std::int64_t>(c10::elementSize(info.dtype));
  bool empty = false;
  for (const std::int64_t size : info.shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes)) {
      user_error("{}: its shape has more bytes than any file; the file is damaged", where);
    }
  }
  return empty ? 0 : static_cast<std::uint64_t>(bytes);
}

/// One entry of the header; offsets stay relative to the data. `data_size` is the number of data bytes the file has.
TensorInfo parse_tensor(const Json& entry, std::uint64_t data_size, const std::string& where) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets")) {
    user_error("{}: its entry must hold exactly dtype, shape and data_offsets; the file is damaged", where);
  }
  TensorInfo info;
  info.dtype = dtype_of(entry["dtype"], where);
  info.shape = numbers(entry["shape"], where + ": shape");
  const std::vector<std::int64_t> offsets = numbers(entry["data_offsets"], where + ": data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    user_error("{}: data_offsets must be [begin, end] with begin <= end; the file is damaged", where);
  }
  info.begin = static_cast<std::uint64_t>(offsets[0]);
  info.end = static_cast<std::uint64_t>(offsets[1]);
  if (info.end > data_size) {
    user_error("{}: ends at data byte {}, but the file has {}; the file is cut off", where, info.end, data_size);
  }
  const std::uint64_t expected = byte_count(info, where);
  if (info.end - info.begin != expected) {
    user_error("{}: {} bytes for a shape of {}; the file is damaged", where, info.end - info.begin, expected);
  }
  return info;
}

/// The tensors must cover the data from its first to its last byte, each byte once.
void check_coverage(const std::map<std::string, TensorInfo>& tensors, std::uint64_t data_size,
                    const std::string& file) {
  std::vector<std::pair<const std::string*, const TensorInfo*>> order;
  for (const auto& [name, info] : tensors) order.emplace_back(&name, &info);
  std::ranges::sort(order, {}, [](const auto& item) {
    return std::tuple<std::uint64_t, std::uint64_t, std::string_view>(item.second->begin, item.second->end,
                                                                      *item.first);
  });
  std::uint64_t covered = 0;
  for (const auto& [name, info] : order) {
    if (info->begin != covered) {
      user_error("{}: tensor '{}' begins at data byte {}, expected {}; the file is damaged", file, *name, info->begin,
                 covered);
    }
    covered = info->end;
  }
  if (covered != data_size) {
    user_error("{}: {} data bytes belong to no tensor; the file is damaged", file, data_size - covered);
  }
}

Metadata parse_metadata(const Json& entry, const std::string& file) {
  Metadata out;
  if (!entry.is_object()) user_error("{}: __metadata__ is no object; the file is damaged", file);
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) user_error("{}: __metadata__ '{}' is no text; the file is damaged", file, key);
    out[key] = value.get<std::string>();
  }
  return out;
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view bytes, const std::string& file) {
  const std::string_view text = header_text(bytes, file);
  const std::uint64_t data_begin = 8 + text.size();
  const std::uint64_t data_size = bytes.size() - data_begin;
  SafetensorsHeader header;
  const Json json = parse_json(text, file);
  for (const auto& [name, entry] : json.items()) {
    if (name == kMetadataKey) {
      header.metadata = parse_metadata(entry, file);
    } else {
      header.tensors[name] = parse_tensor(entry, data_size, fmt::format("{}: tensor '{}'", file, name));
    }
  }
  check_coverage(header.tensors, data_size, file);
  for (auto& [name, info] : header.tensors) {
    info.begin += data_begin;
    info.end += data_begin;
  }
  return header;
}

std::string_view safetensors_dtype_name(ScalarType dtype) {
  for (const auto& [name, known] : kDtypes) {
    if (dtype == known) return name;
  }
  return {};
}

}  // namespace r1::weights
