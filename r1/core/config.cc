// The two visits that only read: dump (YAML that load_config takes back to the same values) and help (one line a
// field). Loading is in config_load.cc.
#include "r1/core/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "r1/core/error.h"

namespace r1::core {

namespace {

/// The shortest digits that read back to the same double; always with a point or an exponent, so that it looks like
/// one.
std::string number_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  const std::string digits = fmt::format("{}", value);
  return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
}

/// True for text that YAML of any version reads back as the same string without quotes.
bool is_plain_string(const std::string& text) {
  static const std::vector<std::string> kWords = {"true", "false", "null", "yes", "no", "on",
                                                  "off",  "y",     "n",    "nan", "inf"};
  const auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/'; };
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/' || text[0] == '_'))
    return false;
  if (!std::all_of(text.begin(), text.end(), allowed)) return false;
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

void emit(YAML::Emitter& out, bool value) { out << (value ? "true" : "false"); }
void emit(YAML::Emitter& out, std::int64_t value) { out << fmt::format("{}", value); }
void emit(YAML::Emitter& out, double value) { out << number_text(value); }
void emit(YAML::Emitter& out, const std::string& value) {
  if (!is_plain_string(value)) out << YAML::DoubleQuoted;
  out << value;
}
template <class T>
void emit(YAML::Emitter& out, const std::vector<T>& list) {
  out << YAML::Flow << YAML::BeginSeq;
  for (const T& item : list) emit(out, item);
  out << YAML::EndSeq;
}

class Dumper : public FieldVisitor {
 public:
  Dumper() { out_ << YAML::BeginMap; }
  std::string finish() {
    out_ << YAML::EndMap;
    R1_CHECK(out_.good(), "the configuration can't be written as YAML: {}", out_.GetLastError());
    return std::string(out_.c_str()) + "\n";
  }

 protected:
  void field(const char* name, bool& value, const char*) override { put(name, value); }
  void field(const char* name, std::int64_t& value, const char*) override { put(name, value); }
  void field(const char* name, double& value, const char*) override { put(name, value); }
  void field(const char* name, std::string& value, const char*) override { put(name, value); }
  void field(const char* name, std::vector<std::int64_t>& value, const char*) override { put(name, value); }
  void field(const char* name, std::vector<double>& value, const char*) override { put(name, value); }
  void field(const char* name, std::vector<std::string>& value, const char*) override { put(name, value); }
  void begin_struct(const char* name, const char*) override {
    out_ << YAML::Key << name << YAML::Value << YAML::BeginMap;
  }
  void end_struct() override { out_ << YAML::EndMap; }
  bool list_starts_empty(const char*) override { return false; }
  std::size_t begin_list(const char* name, std::size_t size, const char*) override {
    out_ << YAML::Key << name << YAML::Value;
    if (size == 0) out_ << YAML::Flow;
    out_ << YAML::BeginSeq;
    return size;
  }
  void end_list() override { out_ << YAML::EndSeq; }
  void begin_item(std::size_t) override { out_ << YAML::BeginMap; }
  void end_item() override { out_ << YAML::EndMap; }

 private:
  template <class T>
  void put(const char* name, const T& value) {
    out_ << YAML::Key << name << YAML::Value;
    emit(out_, value);
  }
  YAML::Emitter out_;
};

class Helper : public FieldVisitor {
 public:
  explicit Helper(const std::string& prefix)
      : prefixes_{prefix.empty() || prefix.ends_with('.') ? prefix : prefix + "."} {}

  /// The lines with their columns aligned (a path beyond 44 characters only shifts its own line).
  std::string finish() const {
    std::size_t width = 0;
    for (const Line& line : lines_) width = std::max(width, std::min<std::size_t>(line.left.size(), 44));
    std::string text;
    for (const Line& line : lines_) text += fmt::format("{:<{}}   {}\n", line.left, width, line.help);
    return text;
  }

 protected:
  void field(const char* name, bool& value, const char* help) override { put(name, "bool", value, help); }
  void field(const char* name, std::int64_t& value, const char* help) override { put(name, "int", value, help); }
  void field(const char* name, double& value, const char* help) override { put(name, "float", value, help); }
  void field(const char* name, std::string& value, const char* help) override { put(name, "string", value, help); }
  void field(const char* name, std::vector<std::int64_t>& value, const char* help) override {
    put(name, "list of int", value, help);
  }
  void field(const char* name, std::vector<double>& value, const char* help) override {
    put(name, "list of float", value, help);
  }
  void field(const char* name, std::vector<std::string>& value, const char* help) override {
    put(name, "list of string", value, help);
  }
  void begin_struct(const char* name, const char* help) override {
    lines_.push_back({fmt::format("{}{}", prefixes_.back(), name), help});
    prefixes_.push_back(fmt::format("{}{}.", prefixes_.back(), name));
  }
  void end_struct() override { prefixes_.pop_back(); }
  bool list_starts_empty(const char*) override { return false; }
  /// The default's items are counted, and one is shown: every item has the same fields.
  std::size_t begin_list(const char* name, std::size_t size, const char* help) override {
    lines_.push_back({fmt::format("{}{}  <list> = {} items", prefixes_.back(), name, size), help});
    prefixes_.push_back(fmt::format("{}{}.", prefixes_.back(), name));
    return 1;
  }
  void end_list() override { prefixes_.pop_back(); }
  void begin_item(std::size_t index) override { prefixes_.push_back(fmt::format("{}{}.", prefixes_.back(), index)); }
  void end_item() override { prefixes_.pop_back(); }

 private:
  struct Line {
    std::string left, help;
  };
  template <class T>
  void put(const char* name, const char* type, const T& value, const char* help) {
    YAML::Emitter out;
    emit(out, value);
    lines_.push_back({fmt::format("{}{}  <{}> = {}", prefixes_.back(), name, type, out.c_str()), help});
  }
  std::vector<std::string> prefixes_;
  std::vector<Line> lines_;
};

}  // namespace

std::string dump_config_fields(const FieldsFunction& visit) {
  Dumper dumper;
  visit(dumper);
  return dumper.finish();
}

std::string config_help_fields(const FieldsFunction& visit, const std::string& prefix) {
  Helper helper(prefix);
  visit(helper);
  return helper.finish();
}

}  // namespace r1::core
