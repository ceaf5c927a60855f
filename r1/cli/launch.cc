// r1 launch --nproc N -- VERB ...: one r1 verb in N processes of this machine, one for each GPU or share of the cores.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/parallel/launcher.h"

namespace r1::cli {

void add_launch_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand(
      "launch", "run a verb in several processes that train together: r1 launch --nproc 2 -- sft MODEL ...");
  auto config = std::make_shared<parallel::LaunchConfig>();
  auto words = std::make_shared<std::vector<std::string>>();
  verb->add_option("--nproc", config->processes, "processes: as many as GPUs, on CPUs as sockets")->required();
  verb->add_option("--master_port", config->master_port, "port where they meet; default: one that is free");
  verb->add_option("--timeout", config->timeout, "seconds that one process waits for another");
  verb->add_option("verb", *words, "what each process runs, after --: sft and its options")->required();
  verb->callback([config, words] {
    std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string()};
    command.insert(command.end(), words->begin(), words->end());
    if (const int code = parallel::launch(*config, command); code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace r1::cli
