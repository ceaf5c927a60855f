// One visitor over the fields; CLI11 does the parsing. A list of structs is no option: such settings belong into a
// recipe.
#include "r1/cli/options.h"

#include <cstdint>
#include <vector>

#include "r1/core/error.h"

namespace r1::cli {

namespace {

class OptionVisitor : public core::FieldVisitor {
 public:
  explicit OptionVisitor(CLI::App& app) : app_(app) {}

 protected:
  void field(const char* name, bool& value, const char* help) override {
    app_.add_flag("--" + path(name), value, help)->capture_default_str();
  }
  void field(const char* name, std::int64_t& value, const char* help) override { add(name, value, help); }
  void field(const char* name, double& value, const char* help) override { add(name, value, help); }
  void field(const char* name, std::string& value, const char* help) override { add(name, value, help); }
  void field(const char* name, std::vector<std::int64_t>& value, const char* help) override { add(name, value, help); }
  void field(const char* name, std::vector<double>& value, const char* help) override { add(name, value, help); }
  void field(const char* name, std::vector<std::string>& value, const char* help) override { add(name, value, help); }
  void begin_struct(const char* name, const char*) override { prefix_.push_back(name); }
  void end_struct() override { prefix_.pop_back(); }
  bool list_starts_empty(const char*) override { return false; }
  std::size_t begin_list(const char* name, std::size_t, const char*) override {
    throw Error(std::string("a verb's option can't be a list of structs: ") + name);
  }
  void end_list() override {}
  void begin_item(std::size_t) override {}
  void end_item() override {}

 private:
  template <class T>
  void add(const char* name, T& value, const char* help) {
    app_.add_option("--" + path(name), value, help)->capture_default_str();
  }
  std::string path(const char* name) const {
    std::string out;
    for (const std::string& part : prefix_) out += part + ".";
    return out + name;
  }

  CLI::App& app_;
  std::vector<std::string> prefix_;
};

}  // namespace

void add_options(CLI::App& app, const core::FieldsFunction& visit) {
  OptionVisitor visitor(app);
  visit(visitor);
}

}  // namespace r1::cli
