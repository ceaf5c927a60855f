// r1: one program for the whole recipe. Started with the hidden verb it is a reward worker (reward/worker.h), before
// anything else.
#include "r1/cli/verbs.h"
#include "r1/parallel/world.h"
#include "r1/pipeline/reward_worker.h"
#include "r1/tensor/plugin.h"

int main(int argc, char** argv) {
  if (const auto code = r1::pipeline::run_as_reward_worker(argc, argv)) return *code;
  r1::parallel::choose_local_gpu();
  r1::tensor::open_cuda_plugin();  // before anything asks libtorch for CUDA
  return r1::cli::run_program(argc, argv);
}
