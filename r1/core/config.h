// Configuration: a struct with defaults beside its owner and one function
//     void fields(core::FieldVisitor& v, MyConfig& c) { v("steps", c.steps, "optimizer updates"); ... }
// Loading YAML, `--set a.b=c`, dumping the resolved values, `--help`, hashing and the unknown-key error (with the
// nearest key) all come from that one function. Field types: bool, int64_t, double, std::string, vectors of the last
// three, structs that have fields() themselves, and vectors of such structs. yaml-cpp stays inside
// config_tree.cc and config.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace r1::core {

class FieldVisitor;

/// True for a struct T that has a `void fields(FieldVisitor&, T&)` found by argument-dependent lookup.
template <class T>
concept HasFields = requires(FieldVisitor& v, T& c) { fields(v, c); };

/// What a fields() function talks to. One implementation loads (config_load.cc), one dumps, one prints help
/// (config.cc).
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  template <class T>
  void operator()(const char* name, T& value, const char* help) {
    if constexpr (HasFields<T>) {
      begin_struct(name, help);
      fields(*this, value);
      end_struct();
    } else {
      field(name, value, help);
    }
  }
  template <HasFields T>
  void operator()(const char* name, std::vector<T>& list, const char* help) {
    if (list_starts_empty(name)) list.clear();
    list.resize(begin_list(name, list.size(), help));
    for (std::size_t i = 0; i < list.size(); ++i) {
      begin_item(i);
      fields(*this, list[i]);
      end_item();
    }
    end_list();
  }

 protected:
  virtual void field(const char* name, bool& value, const char* help) = 0;
  virtual void field(const char* name, std::int64_t& value, const char* help) = 0;
  virtual void field(const char* name, double& value, const char* help) = 0;
  virtual void field(const char* name, std::string& value, const char* help) = 0;
  virtual void field(const char* name, std::vector<std::int64_t>& value, const char* help) = 0;
  virtual void field(const char* name, std::vector<double>& value, const char* help) = 0;
  virtual void field(const char* name, std::vector<std::string>& value, const char* help) = 0;
  virtual void begin_struct(const char* name, const char* help) = 0;
  virtual void end_struct() = 0;
  /// True when the list's present items are not the start of what it shall hold (the file brings its own).
  virtual bool list_starts_empty(const char* name) = 0;
  /// Returns the number of items the list shall have (a loader's file may say another than `size`).
  virtual std::size_t begin_list(const char* name, std::size_t size, const char* help) = 0;
  virtual void end_list() = 0;
  virtual void begin_item(std::size_t index) = 0;
  virtual void end_item() = 0;
};

using FieldsFunction = std::function<void(FieldVisitor&)>;

// The type-erased work; use the templates below.
void load_config_fields(const std::string& yaml_text, const std::string& file_name,
                        const std::vector<std::string>& sets, const FieldsFunction& visit);
std::string dump_config_fields(const FieldsFunction& visit);
std::string config_help_fields(const FieldsFunction& visit, const std::string& prefix);

/// Fills `config` from a YAML file, then applies `--set path.to.key=value` items (value in YAML syntax; lists by index:
/// a.0.b=1). Keys that are absent keep their defaults. UserError names file, line, key and the nearest known key.
template <HasFields T>
void load_config(const std::filesystem::path& file, const std::vector<std::string>& sets, T& config);

/// The same from YAML text; `file_name` is used in messages only.
template <HasFields T>
void load_config_text(const std::string& yaml_text, const std::string& file_name, const std::vector<std::string>& sets,
                      T& config) {
  load_config_fields(yaml_text, file_name, sets, [&](FieldVisitor& v) { fields(v, config); });
}

/// The resolved configuration as YAML that load_config reads back to the same values.
template <HasFields T>
std::string dump_config(const T& config) {
  T copy = config;
  return dump_config_fields([&](FieldVisitor& v) { fields(v, copy); });
}

/// One line a field: `path.to.key  <type> = default   help`.
template <HasFields T>
std::string config_help(const T& defaults, const std::string& prefix = "") {
  T copy = defaults;
  return config_help_fields([&](FieldVisitor& v) { fields(v, copy); }, prefix);
}

std::string read_config_file(const std::filesystem::path& file);

template <HasFields T>
void load_config(const std::filesystem::path& file, const std::vector<std::string>& sets, T& config) {
  load_config_text(read_config_file(file), file.string(), sets, config);
}

}  // namespace r1::core
