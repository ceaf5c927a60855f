// yaml-cpp's nodes are turned into ours at once: they share state and create what is looked up.
#include "r1/core/config_tree.h"

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <utility>

#include "r1/core/error.h"

namespace r1::core {

namespace {

constexpr int kMaxDepth = 64;  // deeper: an anchor that contains itself

using Where = std::function<std::string(const YAML::Mark&)>;

/// A merge key (<<: *anchor): keys of `from` that `node` does not have itself. As in YAML's own rule the merge is not
/// deep: a key that stands in both is the node's alone.
void merge(const ConfigNode& from, ConfigNode& node) {
  if (from.kind == ConfigNode::Kind::List) {
    for (const ConfigNode& item : from.values) merge(item, node);
    return;
  }
  if (from.kind != ConfigNode::Kind::Map)
    user_error("{}: << takes a mapping (<<: *anchor) or a list of them", from.where);
  for (std::size_t i = 0; i < from.keys.size(); ++i) {
    if (node.find(from.keys[i]) != nullptr) continue;
    node.keys.push_back(from.keys[i]);
    node.key_where.push_back(from.key_where[i]);
    node.values.push_back(from.values[i]);
  }
}

ConfigNode convert(const YAML::Node& yaml, const Where& where, int depth) {
  ConfigNode node;
  node.where = where(yaml.Mark());
  if (depth > kMaxDepth) user_error("{}: nested deeper than {} levels", node.where, kMaxDepth);
  if (yaml.IsScalar()) {
    node.kind = ConfigNode::Kind::Scalar;
    node.text = yaml.Scalar();
    node.quoted = yaml.Tag() == "!";
  } else if (yaml.IsSequence()) {
    node.kind = ConfigNode::Kind::List;
    for (const auto& item : yaml) node.values.push_back(convert(item, where, depth + 1));
  } else if (yaml.IsMap()) {
    node.kind = ConfigNode::Kind::Map;
    std::map<std::string, std::string> seen;
    std::vector<ConfigNode> merged;
    for (const auto& entry : yaml) {
      const std::string key_where = where(entry.first.Mark());
      if (!entry.first.IsScalar()) user_error("{}: a key must be a plain word", key_where);
      const std::string key = entry.first.Scalar();
      const auto [first, is_new] = seen.emplace(key, key_where);
      if (!is_new)
        user_error("{}: key '{}' stands here again (first at {}); keep one of the two", key_where, key, first->second);
      if (key == "<<") {
        merged.push_back(convert(entry.second, where, depth + 1));
        continue;
      }
      node.keys.push_back(key);
      node.key_where.push_back(key_where);
      node.values.push_back(convert(entry.second, where, depth + 1));
    }
    for (const ConfigNode& from : merged) merge(from, node);
  }
  return node;
}

ConfigNode parse(const std::string& text, const Where& where) {
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(text);
  } catch (const YAML::Exception& e) {
    user_error("{}: not valid YAML: {}", where(e.mark), e.msg);
  }
  if (documents.size() > 1) user_error("{}: a second YAML document starts here; keep one", where(documents[1].Mark()));
  if (documents.empty()) {
    ConfigNode empty;
    empty.where = where(YAML::Mark());
    return empty;
  }
  return convert(documents[0], where, 0);
}

}  // namespace

ConfigNode parse_config_text(const std::string& text, const std::string& file_name) {
  return parse(text, [&](const YAML::Mark& mark) {
    return fmt::format("{}:{}", file_name, mark.is_null() ? 1 : mark.line + 1);
  });
}

ConfigNode parse_config_set(const std::string& item) {
  std::string where = "--set " + item;
  const std::size_t equals = item.find('=');
  if (equals == std::string::npos || equals == 0) user_error("{}: write it as path.to.key=value", where);
  ConfigNode node = parse(item.substr(equals + 1), [&](const YAML::Mark&) { return where; });
  std::string path = item.substr(0, equals);
  while (true) {
    const std::size_t dot = path.rfind('.');
    const std::string key = dot == std::string::npos ? path : path.substr(dot + 1);
    if (key.empty()) user_error("{}: the path has an empty part; write it as path.to.key=value", where);
    ConfigNode step;
    step.kind = ConfigNode::Kind::Map;
    step.is_set_path = true;
    step.where = where;
    step.keys = {key};
    step.key_where = {where};
    step.values.push_back(std::move(node));
    node = std::move(step);
    if (dot == std::string::npos) return node;
    path.resize(dot);
  }
}

}  // namespace r1::core
