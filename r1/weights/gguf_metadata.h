// The key-value part of a GGUF file ("general.architecture" = "llama"): every value type of the format, kept exactly,
// in the file's order, with getters for the type a reader expects. A getter's error is one line that names the file and
// the key. It knows no key's meaning (but "general.alignment", in gguf_header.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace r1::weights {

/// A list of one element type. The alternative's index is the format's number of the element type; number 9, an array
/// of arrays, exists in no model and is read from none.
using GgufArray = std::variant<std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
                               std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>,
                               std::vector<float>, std::vector<bool>, std::vector<std::string>, std::monostate,
                               std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>>;

/// One value. The alternative's index is the format's number of the type: u8 i8 u16 i16 u32 i32 f32 bool string array
/// u64 i64 f64.
using GgufValue = std::variant<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t,
                               float, bool, std::string, GgufArray, std::uint64_t, std::int64_t, double>;

/// "u32", "string", ...; for arrays "array of f32".
std::string gguf_value_type_name(const GgufValue& value);

/// `text` for an error message: control bytes replaced by '?', long text cut, so that the message stays one line.
std::string gguf_printable(std::string_view text);

class GgufMetadata {
 public:
  GgufMetadata() = default;
  /// `source` names the file in errors.
  explicit GgufMetadata(std::string source) : source_(std::move(source)) {}

  /// Appends a key, or replaces its value. The value's C++ type is its type in the file: std::uint32_t{8} is a u32.
  void set(const std::string& key, GgufValue value);

  bool contains(const std::string& key) const { return index_.contains(key); }
  std::size_t size() const { return entries_.size(); }
  /// All keys and values, in the file's order.
  const std::vector<std::pair<std::string, GgufValue>>& entries() const { return entries_; }

  // UserError, each, when the key is missing or its value is no such thing.
  const GgufValue& value(const std::string& key) const;
  /// Any integer type, if it fits.
  std::int64_t integer(const std::string& key) const;
  /// f32, f64 or any integer.
  double number(const std::string& key) const;
  bool boolean(const std::string& key) const;
  const std::string& text(const std::string& key) const;
  /// An array of any integer type.
  std::vector<std::int64_t> integers(const std::string& key) const;
  /// An array of f32, f64 or any integer type.
  std::vector<double> numbers(const std::string& key) const;
  std::vector<bool> booleans(const std::string& key) const;
  const std::vector<std::string>& texts(const std::string& key) const;

 private:
  [[noreturn]] void refuse(const std::string& key, std::string_view expected) const;
  template <class T>
  const T& get(const std::string& key, std::string_view expected) const;
  const GgufArray& array(const std::string& key, std::string_view expected) const;

  std::string source_ = "GGUF";
  std::vector<std::pair<std::string, GgufValue>> entries_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace r1::weights
