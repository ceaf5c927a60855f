// One pass over metrics.jsonl. A record with a reward is reinforcement learning's; all others show loss and accuracy.
#include "r1/pipeline/page/curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// In the order in which they are shown; "*" stands for anything.
constexpr std::array kReinforcement = {"reward",
                                       "rewards/accuracy/mean",
                                       "completions/mean_length",
                                       "completions/language_consistency",
                                       "completions/reflection_words",
                                       "entropy",
                                       "kl",
                                       "watch/*",
                                       "rewards/format/mean",
                                       "rewards/*/mean",
                                       "completions/clipped_ratio",
                                       "frac_reward_zero_std",
                                       "grad_norm",
                                       "sampling/sampling_logp_difference/max"};
constexpr std::array kOther = {"loss", "accuracy"};
constexpr std::array kChanging = {"completions/mean_length", "completions/language_consistency",
                                  "completions/reflection_words"};

bool matches(const std::string& name, const std::string& pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string::npos) return name == pattern;
  return name.size() >= pattern.size() && name.starts_with(pattern.substr(0, star)) &&
         name.ends_with(pattern.substr(star + 1));
}

/// Place of a metric in a list of patterns; the list's length when it is in none.
template <class List>
std::size_t rank(const List& list, const std::string& name) {
  const auto same = [&](const char* pattern) { return matches(name, pattern); };
  return static_cast<std::size_t>(std::find_if(list.begin(), list.end(), same) - list.begin());
}

/// What decides where a curve stands.
struct Place {
  bool other = false;
  std::size_t stage = 0, training = 0, metric = 0;
  std::string name;
  auto operator<=>(const Place&) const = default;
};

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& stages) : stages_(stages) {}

  void add(const Json& record) {
    const std::string training = record.value("stage", "");
    const std::string stage = training.substr(0, training.find('/'));
    const auto found = std::find(stages_.begin(), stages_.end(), stage);
    const auto step = record.find("step");
    if (found == stages_.end() || step == record.end() || !step->is_number()) return;
    const std::size_t order = trainings_.emplace(training, trainings_.size()).first->second;
    const bool reinforcement = record.contains("reward");
    for (const auto& [name, value] : record.items()) {
      if (!value.is_number() || !std::isfinite(value.get<double>())) continue;
      const std::size_t metric = reinforcement ? rank(kReinforcement, name) : rank(kOther, name);
      if (metric == (reinforcement ? kReinforcement.size() : kOther.size())) continue;
      const Place place{!reinforcement, static_cast<std::size_t>(found - stages_.begin()), order, metric, name};
      Curve& curve = curves_[place];
      curve.stage = training;
      curve.metric = name;
      curve.reinforcement = reinforcement;
      curve.points.emplace_back(step->get<double>(), value.get<double>());
    }
  }

  std::vector<Curve> take() {
    std::vector<Curve> out;
    for (auto& [place, curve] : curves_) out.push_back(std::move(curve));
    return out;
  }

 private:
  const std::vector<std::string>& stages_;
  std::map<std::string, std::size_t> trainings_;  // by first record
  std::map<Place, Curve> curves_;
};

}  // namespace

std::string stage_of(const Curve& curve) { return curve.stage.substr(0, curve.stage.find('/')); }

std::vector<Curve> read_curves(const fs::path& file, const std::vector<std::string>& stages) {
  Reader reader(stages);
  std::istringstream lines(core::read_file(file));
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line, nullptr, false);
    if (!record.is_object()) user_error("{}: holds a line that is no metrics record", file.string());
    reader.add(record);
  }
  std::vector<Curve> curves = reader.take();
  for (Curve& curve : curves)
    if (curve.stage == "zero" && rank(kChanging, curve.metric) < kChanging.size())
      curve.change = change_point(curve.points);
  return curves;
}

}  // namespace r1::pipeline
