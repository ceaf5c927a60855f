// r1 run RECIPE: every stage of a recipe, as far as it is not complete already; --plan says what that would be.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/log.h"
#include "r1/monitor/console_sink.h"
#include "r1/monitor/fan_out_sink.h"
#include "r1/monitor/jsonl_sink.h"
#include "r1/monitor/tensorboard_sink.h"
#include "r1/pipeline/plan.h"
#include "r1/pipeline/recipe.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct RunConfig {
  std::vector<std::string> set;
  std::string out;
  bool plan = false;
  std::string from;
  std::vector<std::string> only;
};
void fields(core::FieldVisitor& v, RunConfig& c) {
  v("set", c.set, "settings over the recipe's: key=value, as zero.steps=50");
  v("out", c.out, "run directory; empty: runs/ and the recipe's name");
  v("plan", c.plan, "only print what would run, why, and what it takes");
  v("from", c.from, "run this stage and all that depend on it again, even if complete");
  v("only", c.only, "look at these stages alone: STAGE[,STAGE]");
}

monitor::FanOutSink make_sinks(const fs::path& run) {
  std::vector<std::unique_ptr<core::MetricSink>> sinks;
  sinks.push_back(std::make_unique<monitor::ConsoleSink>(monitor::console_on_stderr()));
  sinks.push_back(std::make_unique<monitor::JsonlSink>(run));
  sinks.push_back(std::make_unique<monitor::TensorBoardSink>(run / "tensorboard"));
  return monitor::FanOutSink(std::move(sinks));
}

void print_checks(const fs::path& run, const pipeline::Recipe& recipe) {
  const pipeline::ReportData data =
      pipeline::gather_report(run, recipe.name, recipe.report, pipeline::reported_stages(recipe));
  for (const pipeline::Check& check : data.checks)
    fmt::print("{:<30} {:>12.6g}  {:<10} {}\n", check.name, check.value, check.target,
               check.target.empty() ? ""
               : check.pass         ? "pass"
                                    : "FAIL");
  fmt::print("page: {}\n", (run / "report" / "report.html").string());
}

pipeline::RunOptions options_of(const std::string& file, const RunConfig& config, const pipeline::Recipe& recipe) {
  pipeline::RunOptions options;
  options.conditions = recipe.conditions;
  options.from = config.from;
  options.only = config.only;
  options.rebuild = [&file, &config](const std::vector<std::string>& changes) {
    std::vector<std::string> sets = config.set;
    sets.insert(sets.end(), changes.begin(), changes.end());
    return pipeline::make_stages(pipeline::load_recipe(file, sets));
  };
  return options;
}

void run_recipe(const std::string& file, const RunConfig& config) {
  const pipeline::Recipe recipe = pipeline::load_recipe(file, config.set);
  const fs::path place = config.out.empty() ? fs::path("runs") / recipe.name : fs::path(config.out);
  const pipeline::StageList stages = pipeline::make_stages(recipe);
  const pipeline::RunOptions options = options_of(file, config, recipe);
  if (config.plan) {
    fmt::print("{}", pipeline::to_text(pipeline::plan_run(stages, place, recipe.name, options)));
    return;
  }
  pipeline::check_run(stages, place, options);
  pipeline::check_machine(recipe);
  const pipeline::RunDirectory directory(place, recipe.name, core::dump_config(recipe));
  monitor::FanOutSink sinks = make_sinks(place);
  const std::vector<pipeline::StageOutcome> outcomes = pipeline::run_stages(stages, directory, sinks, options);
  // A part of a run has no report, or that of an earlier one.
  if (std::any_of(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.manifest.stage == "report"; }))
    print_checks(place, recipe);
}

}  // namespace

void add_run_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("run", "run a recipe, or what of it is not complete yet");
  auto config = std::make_shared<RunConfig>();
  auto recipe = std::make_shared<std::string>();
  verb->add_option("recipe", *recipe, "recipe file (YAML)")->required();
  add_options(*verb, *config);
  for (const char* list : {"--set", "--only"})
    verb->get_option(list)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
  verb->get_option("--only")->delimiter(',');
  verb->footer([] { return "Keys of a recipe (and of --set):\n" + core::config_help(pipeline::Recipe{}); });
  verb->callback([config, recipe] { run_recipe(*recipe, *config); });
}

}  // namespace r1::cli
