// r1 run RECIPE: every stage of a recipe, as far as it is not complete already.
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
#include "r1/pipeline/recipe.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct RunConfig {
  std::vector<std::string> set;
  std::string out;
};
void fields(core::FieldVisitor& v, RunConfig& c) {
  v("set", c.set, "settings over the recipe's: key=value, as zero.steps=50");
  v("out", c.out, "run directory; empty: runs/ and the recipe's name");
}

monitor::FanOutSink make_sinks(const fs::path& run) {
  std::vector<std::unique_ptr<core::MetricSink>> sinks;
  sinks.push_back(std::make_unique<monitor::ConsoleSink>(monitor::console_on_stderr()));
  sinks.push_back(std::make_unique<monitor::JsonlSink>(run));
  sinks.push_back(std::make_unique<monitor::TensorBoardSink>(run / "tensorboard"));
  return monitor::FanOutSink(std::move(sinks));
}

void print_checks(const fs::path& run, const pipeline::Recipe& recipe) {
  const pipeline::ReportData data = pipeline::gather_report(run, recipe.name, recipe.report);
  for (const pipeline::Check& check : data.checks)
    fmt::print("{:<30} {:>12.6g}  {:<10} {}\n", check.name, check.value, check.target,
               check.target.empty() ? ""
               : check.pass         ? "pass"
                                    : "FAIL");
  fmt::print("page: {}\n", (run / "report" / "report.html").string());
}

void run_recipe(const std::string& file, const RunConfig& config) {
  const pipeline::Recipe recipe = pipeline::load_recipe(file, config.set);
  const fs::path place = config.out.empty() ? fs::path("runs") / recipe.name : fs::path(config.out);
  const pipeline::StageList stages = pipeline::make_stages(recipe);
  pipeline::check_outside_inputs(stages, place);
  const pipeline::RunDirectory directory(place, recipe.name, core::dump_config(recipe));
  monitor::FanOutSink sinks = make_sinks(place);
  pipeline::run_stages(stages, directory, sinks);
  print_checks(place, recipe);
}

}  // namespace

void add_run_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("run", "run a recipe, or what of it is not complete yet");
  auto config = std::make_shared<RunConfig>();
  auto recipe = std::make_shared<std::string>();
  verb->add_option("recipe", *recipe, "recipe file (YAML)")->required();
  add_options(*verb, *config);
  verb->get_option("--set")->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
  verb->footer([] { return "Keys of a recipe (and of --set):\n" + core::config_help(pipeline::Recipe{}); });
  verb->callback([config, recipe] { run_recipe(*recipe, *config); });
}

}  // namespace r1::cli
