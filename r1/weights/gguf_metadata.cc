// The getters widen; they never round an integer or cut it off.
#include "r1/weights/gguf_metadata.h"

#include <array>
#include <concepts>
#include <limits>
#include <type_traits>

#include "r1/core/error.h"
#include "r1/core/nearest.h"

namespace r1::weights {

namespace {

constexpr std::array<std::string_view, std::variant_size_v<GgufValue>> kTypeNames = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};
static_assert(std::variant_size_v<GgufArray> == kTypeNames.size());

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

template <class T>
concept Number = Integer<T> || std::floating_point<T>;

template <class T>
struct IsList : std::false_type {};
template <Number T>
struct IsList<std::vector<T>> : std::true_type {};

bool fits(Integer auto value) { return std::in_range<std::int64_t>(value); }

}  // namespace

std::string gguf_value_type_name(const GgufValue& value) {
  const std::string name(kTypeNames[value.index()]);
  const auto* array = std::get_if<GgufArray>(&value);
  return array == nullptr ? name : fmt::format("array of {}", kTypeNames[array->index()]);
}

std::string gguf_printable(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  if (text.size() > kLongest) out += "...";
  return out;
}

void GgufMetadata::set(const std::string& key, GgufValue value) {
  const auto [place, added] = index_.try_emplace(key, entries_.size());
  if (added) {
    entries_.emplace_back(key, std::move(value));
  } else {
    entries_[place->second].second = std::move(value);
  }
}

const GgufValue& GgufMetadata::value(const std::string& key) const {
  const auto found = index_.find(key);
  if (found != index_.end()) return entries_[found->second].second;
  std::vector<std::string> known;
  for (const auto& [name, value] : entries_) known.push_back(name);
  const std::string near = core::nearest(key, known);
  user_error("{}: the metadata has no key '{}'{}", source_, gguf_printable(key),
             near.empty() ? "" : fmt::format("; the nearest is '{}'", gguf_printable(near)));
}

void GgufMetadata::refuse(const std::string& key, std::string_view expected) const {
  user_error("{}: metadata key '{}' holds {}, expected {}", source_, gguf_printable(key),
             gguf_value_type_name(value(key)), expected);
}

template <class T>
const T& GgufMetadata::get(const std::string& key, std::string_view expected) const {
  const T* found = std::get_if<T>(&value(key));
  if (found == nullptr) refuse(key, expected);
  return *found;
}

const GgufArray& GgufMetadata::array(const std::string& key, std::string_view expected) const {
  return get<GgufArray>(key, expected);
}

std::int64_t GgufMetadata::integer(const std::string& key) const {
  return std::visit(
      [&]<class T>(const T& item) -> std::int64_t {
        if constexpr (Integer<T>) {
          if (fits(item)) return static_cast<std::int64_t>(item);
        }
        refuse(key, "an integer below 2^63");
      },
      value(key));
}

double GgufMetadata::number(const std::string& key) const {
  return std::visit(
      [&]<class T>(const T& item) -> double {
        if constexpr (Number<T>) return static_cast<double>(item);
        refuse(key, "a number");
      },
      value(key));
}

bool GgufMetadata::boolean(const std::string& key) const { return get<bool>(key, "a bool"); }

const std::string& GgufMetadata::text(const std::string& key) const { return get<std::string>(key, "a string"); }

std::vector<std::int64_t> GgufMetadata::integers(const std::string& key) const {
  constexpr std::string_view kExpected = "an array of integers below 2^63";
  return std::visit(
      [&]<class T>(const T& items) -> std::vector<std::int64_t> {
        if constexpr (IsList<T>::value) {
          if constexpr (Integer<typename T::value_type>) {
            for (const auto item : items) {
              if (!fits(item)) refuse(key, kExpected);
            }
            return {items.begin(), items.end()};
          }
        }
        refuse(key, kExpected);
      },
      array(key, kExpected));
}

std::vector<double> GgufMetadata::numbers(const std::string& key) const {
  constexpr std::string_view kExpected = "an array of numbers";
  return std::visit(
      [&]<class T>(const T& items) -> std::vector<double> {
        if constexpr (IsList<T>::value) return {items.begin(), items.end()};
        refuse(key, kExpected);
      },
      array(key, kExpected));
}

std::vector<bool> GgufMetadata::booleans(const std::string& key) const {
  const auto* items = std::get_if<std::vector<bool>>(&array(key, "an array of bool"));
  if (items == nullptr) refuse(key, "an array of bool");
  return *items;
}

const std::vector<std::string>& GgufMetadata::texts(const std::string& key) const {
  const auto* items = std::get_if<std::vector<std::string>>(&array(key, "an array of strings"));
  if (items == nullptr) refuse(key, "an array of strings");
  return *items;
}

}  // namespace r1::weights
