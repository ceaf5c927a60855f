// r1 report RUN_DIR: makes the page and report.json of a finished run again, with this program's layout.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/monitor/console_sink.h"
#include "r1/pipeline/page/page.h"
#include "r1/pipeline/recipe.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct ReportVerbConfig {
  std::string out;
};
void fields(core::FieldVisitor& v, ReportVerbConfig& c) {
  v("out", c.out, "folder for report.html and report.json; empty: the run's report stage is made again");
}

void report(const fs::path& run, const ReportVerbConfig& config) {
  if (!fs::exists(run / "recipe.yaml")) user_error("{}: is no run directory (it has no recipe.yaml)", run.string());
  const pipeline::Recipe recipe = pipeline::load_recipe(run / "recipe.yaml", {});
  const pipeline::ReportData data =
      pipeline::gather_report(run, recipe.name, recipe.report, pipeline::reported_stages(recipe));
  fs::path out = config.out;
  if (config.out.empty()) {
    const pipeline::RunDirectory directory(run, recipe.name, core::dump_config(recipe));
    out = run / "report";
    fs::remove_all(out);
    monitor::ConsoleSink sink(monitor::console_on_stderr());
    pipeline::RunOptions options;
    options.only = {"report"};
    pipeline::run_stages(pipeline::make_stages(recipe), directory, sink, options);
  } else {
    core::write_file_atomic(out / "report.json", pipeline::report_json(data));
    core::write_file_atomic(out / "report.html", pipeline::report_html(data));
  }
  fmt::print("{}\n", (out / "report.html").string());
}

}  // namespace

void add_report_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("report", "make the page of a finished run again");
  auto config = std::make_shared<ReportVerbConfig>();
  auto run = std::make_shared<std::string>();
  verb->add_option("run", *run, "run directory")->required();
  add_options(*verb, *config);
  verb->callback([config, run] { report(*run, *config); });
}

}  // namespace r1::cli
