// From items to rows (one a problem), from rows to groups.
#include "r1/eval/evaluation.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "r1/core/error.h"

namespace r1::eval {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Sums over the samples of one problem.
struct Row {
  std::int64_t samples = 0;
  std::int64_t correct = 0;
  std::int64_t lenient = 0;
  std::int64_t formatted = 0;
  std::int64_t tokens = 0;
  std::int64_t truncated = 0;
  std::array<std::int64_t, 4> outcomes{};
};

bool is_correct(const EvalItem& item) { return item.verdict.part("accuracy") >= 1.0; }

std::vector<Row> rows_of(const std::vector<EvalItem>& items, std::size_t num_problems) {
  std::vector<Row> rows(num_problems);
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (const EvalItem& item : items) {
    R1_CHECK(item.problem >= 0 && static_cast<std::size_t>(item.problem) < num_problems, "item of problem {} of {}",
             item.problem, num_problems);
    R1_CHECK(seen.emplace(item.problem, item.sample).second, "problem {}: sample {} occurs twice", item.problem,
             item.sample);
    Row& row = rows[static_cast<std::size_t>(item.problem)];
    ++row.samples;
    row.correct += is_correct(item);
    row.lenient += item.lenient_correct;
    row.formatted += item.verdict.part("format") >= 1.0;
    row.tokens += item.num_tokens;
    row.truncated += !item.finished;
    ++row.outcomes.at(static_cast<std::size_t>(item.verdict.outcome));
  }
  for (std::size_t p = 0; p < num_problems; ++p)
    R1_CHECK(rows[p].samples >= 1 && rows[p].samples == rows[0].samples, "problem {} has {} samples, problem 0 has {}",
             p, rows[p].samples, rows[0].samples);
  for (const auto& [problem, sample] : seen)
    R1_CHECK(sample >= 0 && sample < rows[0].samples, "problem {}: sample index {} of {}", problem, sample,
             rows[0].samples);
  return rows;
}

std::vector<std::int64_t> resolve_ks(std::vector<std::int64_t> ks, std::int64_t samples) {
  if (ks.empty()) {
    for (std::int64_t k = 2; k <= samples; k *= 2) ks.push_back(k);
    if (samples > 1) ks.push_back(samples);
  }
  std::sort(ks.begin(), ks.end());
  ks.erase(std::unique(ks.begin(), ks.end()), ks.end());
  std::erase(ks, 1);
  for (const std::int64_t k : ks)
    R1_CHECK(k >= 1 && k <= samples, "pass@{} needs {} samples, there are {}", k, k, samples);
  return ks;
}

double fraction(std::int64_t count, std::int64_t of) {
  return of == 0 ? kNaN : static_cast<double>(count) / static_cast<double>(of);
}

GroupReport group_report(const std::vector<Row>& rows, std::span<const std::int64_t> ks,
                         const BootstrapConfig& bootstrap) {
  std::vector<std::vector<double>> columns(2 + ks.size());
  Row sum;
  for (const Row& row : rows) {
    columns[0].push_back(fraction(row.correct, row.samples));
    columns[1].push_back(fraction(row.lenient, row.samples));
    for (std::size_t i = 0; i < ks.size(); ++i) columns[2 + i].push_back(pass_at_k(row.samples, row.correct, ks[i]));
    sum.samples += row.samples;
    sum.formatted += row.formatted;
    sum.tokens += row.tokens;
    sum.truncated += row.truncated;
    for (std::size_t o = 0; o < sum.outcomes.size(); ++o) sum.outcomes[o] += row.outcomes[o];
  }
  const std::vector<Estimate> estimates = bootstrap_means(columns, bootstrap);
  GroupReport report;
  report.num_problems = static_cast<std::int64_t>(rows.size());
  report.pass_at_1 = estimates[0];
  report.lenient_accuracy = estimates[1];
  for (std::size_t i = 0; i < ks.size(); ++i) report.pass_at_k.emplace_back(ks[i], estimates[2 + i]);
  report.format_rate = fraction(sum.formatted, sum.samples);
  report.mean_tokens = fraction(sum.tokens, sum.samples);
  report.truncated_share = fraction(sum.truncated, sum.samples);
  report.majority_share = kNaN;
  report.outcomes = sum.outcomes;
  return report;
}

// What must be said to be right: for countdown the answer's text is one of many, its task is what two problems can
// share.
std::string truth_of(const data::Problem& problem) {
  return problem.verifier == "countdown" && !problem.tests.empty() ? problem.tests[0] : problem.answer;
}

// "" means all families in a report, so problems without a family get a name.
std::string family_of(const data::Problem& problem) { return problem.family.empty() ? "(none)" : problem.family; }

std::map<std::string, double> majority_shares(const std::vector<data::Problem>& problems) {
  std::map<std::string, std::vector<std::string>> truths;
  for (const data::Problem& problem : problems) truths[family_of(problem)].push_back(truth_of(problem));
  std::map<std::string, double> shares;
  for (auto& [family, answers] : truths) shares[family] = majority_share(std::move(answers));
  return shares;
}

}  // namespace

EvalReport aggregate(const std::vector<EvalItem>& items, const std::vector<data::Problem>& problems,
                     const AggregateConfig& config) {
  R1_CHECK(!problems.empty(), "an evaluation without problems");
  const std::vector<Row> rows = rows_of(items, problems.size());
  const std::vector<std::int64_t> ks = resolve_ks(config.ks, rows[0].samples);
  const std::map<std::string, double> shares = majority_shares(problems);
  const auto in_headline = [&](const std::string& family) { return shares.at(family) <= config.majority_threshold; };

  EvalReport report;
  report.samples_per_problem = rows[0].samples;
  report.majority_threshold = config.majority_threshold;
  std::vector<Row> headline;
  std::map<std::string, std::vector<Row>> by_family;
  std::map<std::pair<std::string, std::int64_t>, std::vector<Row>> by_level;
  for (std::size_t p = 0; p < problems.size(); ++p) {
    const std::string family = family_of(problems[p]);
    by_family[family].push_back(rows[p]);
    by_level[{family, problems[p].difficulty}].push_back(rows[p]);
    if (!in_headline(family)) continue;
    headline.push_back(rows[p]);
    report.headline_pass_at_1.push_back(fraction(rows[p].correct, rows[p].samples));
  }
  report.all = group_report(rows, ks, config.bootstrap);
  report.headline = group_report(headline, ks, config.bootstrap);
  const auto add = [&](std::vector<GroupReport>& out, const std::string& family, std::int64_t level,
                       const std::vector<Row>& members) {
    GroupReport group = group_report(members, ks, config.bootstrap);
    group.family = family;
    group.level = level;
    group.majority_share = shares.at(family);
    group.in_headline = in_headline(family);
    out.push_back(std::move(group));
  };
  for (const auto& [family, members] : by_family) add(report.families, family, 0, members);
  for (const auto& [key, members] : by_level) add(report.levels, key.first, key.second, members);
  return report;
}

Estimate compare_pass_at_1(const EvalReport& before, const EvalReport& after, const BootstrapConfig& config) {
  return bootstrap_difference(before.headline_pass_at_1, after.headline_pass_at_1, config);
}

}  // namespace r1::eval
