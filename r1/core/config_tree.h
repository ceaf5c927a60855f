// The YAML of a configuration as a tree whose every value knows where it stands, so that each message about it can say
// so. For config_load.cc only: the one place, beside config.cc's emitter, that knows yaml-cpp. Anchors and merge keys
// (<<: *anchor) are expanded to copies, so that a --set changes one place only.
#pragma once

#include <string>
#include <vector>

namespace r1::core {

struct ConfigNode {
  enum class Kind { Null, Scalar, Map, List };
  Kind kind = Kind::Null;
  std::string where;          // "file:line" or the --set item
  std::string text;           // Scalar
  bool quoted = false;        // Scalar
  bool is_set_path = false;   // Map: a step of a --set path, so it may also hold indices of a list
  std::vector<std::string> keys;
  std::vector<ConfigNode> values;   // Map: beside keys; List: the items
  std::vector<std::string> key_where;

  const ConfigNode* find(const std::string& key) const {
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (keys[i] == key) return &values[i];
    return nullptr;
  }
};

/// UserError with file and line for what is not YAML, for a key that stands twice, and for a second document.
ConfigNode parse_config_text(const std::string& text, const std::string& file_name);

/// "a.0.b=value" as a tree of one-key maps around the value, which is YAML.
ConfigNode parse_config_set(const std::string& item);

}  // namespace r1::core
