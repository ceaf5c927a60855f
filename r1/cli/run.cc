// r1 run RECIPE: every stage of a recipe, as far as it is not complete already; --plan says what that would be.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/core/log.h"
#include "r1/monitor/console_sink.h"
#include "r1/monitor/fan_out_sink.h"
#include "r1/monitor/jsonl_sink.h"
#include "r1/monitor/tensorboard_sink.h"
#include "r1/parallel/team.h"
#include "r1/pipeline/plan.h"
#include "r1/pipeline/recipe.h"
#include "r1/tensor/plugin.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct RunConfig {
  std::vector<std::string> set;
  std::string out;
  bool plan = false;
  std::string from;
  std::vector<std::string> only;
  std::int64_t nproc = 1;
};
void fields(core::FieldVisitor& v, RunConfig& c) {
  v("set", c.set, "settings over the recipe's: key=value, as zero.steps=50");
  v("out", c.out, "run directory; empty: runs/ and the recipe's name");
  v("plan", c.plan, "only print what would run, why, and what it takes");
  v("from", c.from, "run this stage and all that depend on it again, even if complete");
  v("nproc", c.nproc, "processes of this machine that share pre-training, SFT and every RL stage: as many as GPUs");
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

/// The other processes of a stage: this program with the hidden option --join.
std::unique_ptr<parallel::Team> make_team(const std::string& file, const RunConfig& config, const fs::path& place,
                                          const std::string& stage) {
  std::vector<std::string> command = {
      fs::read_symlink("/proc/self/exe").string(), "run", file, "--out", place.string(), "--join", stage};
  for (const std::string& set : config.set) command.insert(command.end(), {"--set", set});
  R1_LOG(info, "stage {} is shared by {} processes", stage, config.nproc);
  return std::make_unique<parallel::Team>(parallel::LaunchConfig{.processes = static_cast<int>(config.nproc)}, command,
                                          tensor::cuda_available());
}

/// What such a process does: the stage as it is now, its share.
void join_stage(const std::string& file, const RunConfig& config, const std::string& name) {
  const auto group = parallel::join_from_environment(tensor::cuda_available());
  const pipeline::Recipe recipe = pipeline::load_recipe(file, config.set);
  const pipeline::StageList stages = pipeline::make_stages(recipe);
  const pipeline::RunOptions options = options_of(file, config, recipe);
  const pipeline::ChangedStages changed =
      pipeline::changed_stages(stages, config.out, options.conditions, options.rebuild);
  for (const auto& stage : changed.sets.empty() ? stages : changed.stages)
    if (stage->name() == name)
      stage->run(
          {.run = config.out, .directory = fs::path(config.out) / name, .metrics = nullptr, .group = group.get()});
}

void run_recipe(const std::string& file, const RunConfig& config) {
  if (config.nproc < 1) user_error("--nproc {}: 1 or more", config.nproc);
  const pipeline::Recipe recipe = pipeline::load_recipe(file, config.set);
  const fs::path place = config.out.empty() ? fs::path("runs") / recipe.name : fs::path(config.out);
  const pipeline::StageList stages = pipeline::make_stages(recipe);
  pipeline::RunOptions options = options_of(file, config, recipe);
  if (config.nproc > 1) options.team = [&](const std::string& stage) { return make_team(file, config, place, stage); };
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
  auto join = std::make_shared<std::string>();
  verb->add_option("--join", *join)->group("");  // hidden
  verb->footer([] { return "Keys of a recipe (and of --set):\n" + core::config_help(pipeline::Recipe{}); });
  verb->callback([config, recipe, join] {
    if (join->empty())
      run_recipe(*recipe, *config);
    else
      join_stage(*recipe, *config, *join);
  });
}

}  // namespace r1::cli
