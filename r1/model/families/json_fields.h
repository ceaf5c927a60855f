// config.json by key: a value of the kind that is asked for, or one line that names file, key and what stands there. It
// knows no family.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>

#include "r1/core/error.h"

namespace r1::model {

class JsonFields {
 public:
  using Json = nlohmann::ordered_json;

  /// `where` opens every message: the file, and the object's key in it if it is not the file's own.
  JsonFields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) user_error("{}: no JSON object", where_);
  }

  /// There, and not null.
  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  template <class T>
  T get(const char* key) const {
    if (!has(key)) user_error("{}: {} is missing", where_, key);
    return convert<T>(key);
  }
  template <class T>
  T get(const char* key, const T& otherwise) const {
    return has(key) ? convert<T>(key) : otherwise;
  }
  /// An object inside this one.
  JsonFields object(const char* key) const { return {object_[key], where_ + ": " + key}; }
  /// UserError when `key` is there with another value: what we can't do must not be passed over.
  template <class T>
  void only(const char* key, const T& supported) const {
    const T value = get<T>(key, supported);
    if (value != supported) user_error("{}: {} '{}' is not supported; {} is", where_, key, value, supported);
  }
  const std::string& where() const { return where_; }

 private:
  template <class T>
  T convert(const char* key) const {
    const Json& value = object_[key];
    const bool fits = std::is_same_v<T, bool>           ? value.is_boolean()
                      : std::is_same_v<T, std::int64_t> ? fits_int64(value)
                      : std::is_same_v<T, double>       ? value.is_number()
                      : std::is_same_v<T, std::string>  ? value.is_string()
                                                        : fits_list(value);
    if (!fits) user_error("{}: {} is {}: that is no value of its kind", where_, key, value.dump());
    return value.get<T>();
  }
  static bool fits_int64(const Json& value) {
    return value.is_number_integer() && (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
  }
  static bool fits_list(const Json& value) {
    for (const Json& item : value.is_array() ? value : Json::array())
      if (!fits_int64(item)) return false;
    return value.is_array();
  }

  const Json& object_;
  std::string where_;
};

}  // namespace r1::model
