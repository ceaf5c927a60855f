// Loading: one visit over the fields takes from the tree of the file (config_tree.h) what they name. What no field took
// is an unknown key. Each --set item is such a tree of its own, visited after the file.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "r1/core/config.h"
#include "r1/core/config_tree.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/nearest.h"

namespace r1::core {

namespace {

using Node = ConfigNode;

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return "empty";
    case Node::Kind::Scalar:
      return node.quoted ? "\"" + node.text + "\"" : "'" + node.text + "'";
    case Node::Kind::Map:
      return "a mapping";
    case Node::Kind::List:
      return "a list";
  }
  return "";
}

[[noreturn]] void wrong_type(const Node& node, const std::string& path, const char* expected) {
  user_error("{}: '{}' must be {}, but is {}", node.where, path, expected, describe(node));
}

bool is_plain_null(const Node& node) {
  return node.kind == Node::Kind::Null || (node.kind == Node::Kind::Scalar && !node.quoted &&
                                           (node.text.empty() || node.text == "~" || node.text == "null"));
}

template <class Number>
bool parse_number(const std::string& text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

void read_value(const Node& node, const std::string& path, bool& value) {
  const bool is_word = node.kind == Node::Kind::Scalar && !node.quoted;
  if (!is_word || (node.text != "true" && node.text != "false")) wrong_type(node, path, "true or false");
  value = node.text == "true";
}

void read_value(const Node& node, const std::string& path, std::int64_t& value) {
  const bool is_word = node.kind == Node::Kind::Scalar && !node.quoted;
  if (!is_word || !parse_number(node.text, value)) wrong_type(node, path, "an integer");
}

void read_value(const Node& node, const std::string& path, double& value) {
  static const std::map<std::string, double> kSpecial = {{".inf", HUGE_VAL},
                                                         {"+.inf", HUGE_VAL},
                                                         {"-.inf", -HUGE_VAL},
                                                         {".nan", std::numeric_limits<double>::quiet_NaN()}};
  const bool is_word = node.kind == Node::Kind::Scalar && !node.quoted;
  if (is_word && kSpecial.contains(node.text)) {
    value = kSpecial.at(node.text);
    return;
  }
  const bool has_digits = node.text.find_first_of("0123456789") != std::string::npos;  // not "inf", "nan"
  if (!is_word || !has_digits || !parse_number(node.text, value)) wrong_type(node, path, "a number");
}

void read_value(const Node& node, const std::string& path, std::string& value) {
  if (node.kind != Node::Kind::Scalar || is_plain_null(node))
    wrong_type(node, path, "a string (\"\" for an empty one)");
  value = node.text;
}

/// The index that a --set path names, or an error that says what there is.
std::size_t index_of(const std::string& key, std::size_t size, const Node& node, const std::string& path) {
  std::size_t index = 0;
  if (!parse_number(key, index) || std::to_string(index) != key)
    user_error("{}: '{}' is a list; name an item by its index, e.g. {}.0", node.where, path, path);
  if (index >= size) user_error("{}: list '{}' has {} items, there is no index {}", node.where, path, size, index);
  return index;
}

template <class T>
void read_list(const Node& node, const std::string& path, std::vector<T>& list) {
  if (node.kind == Node::Kind::Map && node.is_set_path) {
    const std::size_t index = index_of(node.keys[0], list.size(), node, path);
    T value{};
    read_value(node.values[0], fmt::format("{}.{}", path, index), value);
    list[index] = value;
    return;
  }
  if (node.kind != Node::Kind::List) wrong_type(node, path, "a list ([] for an empty one)");
  list.clear();
  for (std::size_t i = 0; i < node.values.size(); ++i) {
    T value{};
    read_value(node.values[i], fmt::format("{}.{}", path, i), value);
    list.push_back(std::move(value));
  }
}

/// One visit with one tree. A frame is a struct (or an item of a list) with the names its fields have asked for.
class Loader : public FieldVisitor {
 public:
  explicit Loader(const Node& root) { push(&root, ""); }

  /// After the visit: throws for the first key that no field asked for.
  void finish() {
    leave_struct();
    for (const Unknown& unknown : unknown_) report(unknown);
  }

 protected:
  void field(const char* name, bool& value, const char*) override { scalar(name, value); }
  void field(const char* name, std::int64_t& value, const char*) override { scalar(name, value); }
  void field(const char* name, double& value, const char*) override { scalar(name, value); }
  void field(const char* name, std::string& value, const char*) override { scalar(name, value); }
  void field(const char* name, std::vector<std::int64_t>& value, const char*) override { list(name, value); }
  void field(const char* name, std::vector<double>& value, const char*) override { list(name, value); }
  void field(const char* name, std::vector<std::string>& value, const char*) override { list(name, value); }
  void begin_struct(const char* name, const char*) override {
    const Node* node = take(name);
    push(node, path_of(name));
  }
  void end_struct() override { leave_struct(); }
  bool list_starts_empty(const char* name) override {
    const Node* node = frames_.back().node == nullptr ? nullptr : frames_.back().node->find(name);
    return node != nullptr && !node->is_set_path;
  }
  std::size_t begin_list(const char* name, std::size_t size, const char*) override {
    const Node* node = take(name);
    const std::string path = path_of(name);
    const bool by_index = node != nullptr && node->is_set_path;
    if (by_index) index_of(node->keys[0], size, *node, path);
    if (node != nullptr && !by_index && node->kind != Node::Kind::List)
      wrong_type(*node, path, "a list ([] for an empty one)");
    frames_.push_back({node, path, {}});
    return node == nullptr || by_index ? size : node->values.size();
  }
  void end_list() override { frames_.pop_back(); }
  void begin_item(std::size_t index) override {
    const Frame& list = frames_.back();
    const Node* item = nullptr;
    if (list.node != nullptr)
      item = list.node->is_set_path ? list.node->find(std::to_string(index)) : &list.node->values[index];
    push(item, fmt::format("{}.{}", list.path, index));
  }
  void end_item() override { leave_struct(); }

 private:
  struct Frame {
    const Node* node;
    std::string path;
    std::vector<std::string> names;
  };
  struct Unknown {
    std::string where, parent, key;
    std::vector<std::string> siblings;
  };

  std::string path_of(const std::string& name) const { return join(frames_.back().path, name); }
  static std::string join(const std::string& parent, const std::string& name) {
    return parent.empty() ? name : parent + "." + name;
  }

  void push(const Node* node, const std::string& path) {
    if (node != nullptr && is_plain_null(*node)) node = nullptr;  // "pretrain:" with every key commented out
    if (node != nullptr && node->kind != Node::Kind::Map) {
      wrong_type(*node, path.empty() ? "the configuration" : path, "a mapping of keys to values");
    }
    frames_.push_back({node, path, {}});
  }

  /// The value of field `name` in the present struct, or null.
  const Node* take(const char* name) {
    Frame& frame = frames_.back();
    frame.names.emplace_back(name);
    known_.insert(path_of(name));
    return frame.node == nullptr ? nullptr : frame.node->find(name);
  }

  template <class T>
  void scalar(const char* name, T& value) {
    if (const Node* node = take(name)) read_value(*node, path_of(name), value);
  }
  template <class T>
  void list(const char* name, std::vector<T>& value) {
    if (const Node* node = take(name)) read_list(*node, path_of(name), value);
  }

  void leave_struct() {
    const Frame& frame = frames_.back();
    for (std::size_t i = 0; frame.node != nullptr && i < frame.node->keys.size(); ++i) {
      const std::string& key = frame.node->keys[i];
      const bool is_known = std::find(frame.names.begin(), frame.names.end(), key) != frame.names.end();
      if (!is_known) unknown_.push_back({frame.node->key_where[i], frame.path, key, frame.names});
    }
    frames_.pop_back();
  }

  /// Suggests the nearest sibling, else the nearest name elsewhere, else lists the siblings.
  [[noreturn]] void report(const Unknown& unknown) const {
    const std::string path = join(unknown.parent, unknown.key);
    std::string hint;
    if (const std::string sibling = nearest(unknown.key, unknown.siblings); !sibling.empty())
      hint = join(unknown.parent, sibling);
    const auto last_name = [](const std::string& known) { return known.substr(known.rfind('.') + 1); };
    std::vector<std::string> names;
    for (const std::string& known : known_) names.push_back(last_name(known));
    const std::string name = nearest(unknown.key, names);
    for (const std::string& known : known_)
      if (hint.empty() && last_name(known) == name) hint = known;
    if (!hint.empty()) user_error("{}: unknown key '{}'; did you mean '{}'?", unknown.where, path, hint);
    user_error("{}: unknown key '{}'; the keys here are: {}", unknown.where, path, fmt::join(unknown.siblings, ", "));
  }

  std::vector<Frame> frames_;
  std::set<std::string> known_;
  std::vector<Unknown> unknown_;
};

void visit_with(const Node& root, const FieldsFunction& visit) {
  Loader loader(root);
  visit(loader);
  loader.finish();
}

}  // namespace

void load_config_fields(const std::string& yaml_text, const std::string& file_name,
                        const std::vector<std::string>& sets, const FieldsFunction& visit) {
  visit_with(parse_config_text(yaml_text, file_name), visit);
  for (const std::string& item : sets) visit_with(parse_config_set(item), visit);
}

std::string read_config_file(const std::filesystem::path& file) { return read_file(file); }

}  // namespace r1::core
