// Our side of the speed bench: training and rollout tokens/s of a recipe's model on this machine, one JSON object a
// line, the same work that bench/peers/transformers_peer.py does on the same weights. It writes the weights for the
// peer; bench/peers/compare.py runs both and prints the ratios. It asserts nothing.
//   model_speed RECIPE.yaml FOLDER [--dtype f32|bf16] [--repeats 5] [--what training]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/kernels/parallel.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/pipeline/recipe.h"
#include "r1/rollout/engine.h"
#include "r1/tensor/dtype.h"
#include "r1/train/optim/adamw.h"
#include "r1/train/step.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kPromptLength = 16, kNewTokens = 128, kRows = 8, kRowLength = 256;

struct Options {
  std::string recipe, folder, dtype = "f32", what = "exact,fast,training";
  int repeats = 5;
};

Options parse(int argc, char** argv) {
  Options o;
  std::vector<std::string> plain;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--dtype" && i + 1 < argc)
      o.dtype = argv[++i];
    else if (arg == "--what" && i + 1 < argc)
      o.what = argv[++i];
    else if (arg == "--repeats" && i + 1 < argc)
      o.repeats = std::stoi(argv[++i]);
    else
      plain.push_back(arg);
  }
  if (plain.size() != 2)
    r1::user_error(
        "usage: model_speed RECIPE.yaml FOLDER [--dtype f32|bf16] [--repeats N] [--what exact,fast,training]");
  o.recipe = plain[0];
  o.folder = plain[1];
  return o;
}

/// Calls `work` once to warm up and `repeats` times, then prints the median tokens/s with the spread.
template <class Work>
void measure(const std::string& what, int repeats, double tokens, const Work& work) {
  work();
  std::vector<double> rates;
  for (int i = 0; i < repeats; ++i) {
    const Clock::time_point start = Clock::now();
    work();
    rates.push_back(tokens / std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::sort(rates.begin(), rates.end());
  std::printf("{%s, \"tokens_per_second\": %.1f, \"min\": %.1f, \"max\": %.1f, \"threads\": %d}\n", what.c_str(),
              rates[rates.size() / 2], rates.front(), rates.back(), r1::kernels::num_threads());
  std::fflush(stdout);
}

void bench_rollout(const std::shared_ptr<r1::model::DeepseekV3>& model, const Options& options,
                   const std::string& numerics) {
  for (const std::int64_t batch : {1, 16, 64}) {
    r1::rollout::Engine engine(model, {1},
                               {.max_batch = batch, .max_tokens = kPromptLength + kNewTokens, .numerics = numerics});
    std::vector<r1::rollout::Request> requests;
    for (std::int64_t i = 0; i < batch; ++i) {
      r1::rollout::Request request{{}, 1, 0, static_cast<std::uint32_t>(i), 0};
      r1::core::Rng rng({.seed = 1, .prompt = request.prompt_index});
      for (std::int64_t t = 0; t < kPromptLength; ++t)
        request.prompt.push_back(
            static_cast<std::int32_t>(3 + rng.below(static_cast<std::uint64_t>(model->config().vocab_size - 3))));
      requests.push_back(request);
    }
    const r1::rollout::SamplingConfig sampling{.max_new_tokens = kNewTokens, .min_new_tokens = kNewTokens};
    measure(fmt::format(R"("what": "rollout", "numerics": "{}", "batch": {})", numerics, batch), options.repeats,
            static_cast<double>(batch * kNewTokens), [&] { engine.generate(requests, sampling); });
  }
}

/// Full rows of one document each, as the peer has them.
r1::data::PackedBatch full_rows(std::int64_t vocab) {
  r1::data::PackedBatch p;
  p.num_rows = kRows;
  p.row_length = kRowLength;
  p.num_tokens = kRows * kRowLength;
  p.num_targets = kRows * (kRowLength - 1);
  r1::core::Rng rng({.seed = 2});
  for (std::int64_t i = 0; i < p.num_tokens; ++i) {
    p.ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab))));
    p.positions.push_back(static_cast<std::int32_t>(i % kRowLength));
    p.sequence_start.push_back(static_cast<std::int32_t>(i - i % kRowLength));
  }
  for (std::int64_t i = 0; i < p.num_tokens; ++i)
    p.labels.push_back((i + 1) % kRowLength == 0 ? r1::data::kIgnoredLabel : p.ids[static_cast<std::size_t>(i) + 1]);
  return p;
}

void bench_training(const std::shared_ptr<r1::model::DeepseekV3>& model, const Options& options) {
  const r1::data::PackedBatch rows = full_rows(model->config().vocab_size);
  r1::train::AdamW optimizer(model->parameters(), {});
  r1::train::TrainConfig config;
  config.mtp_weight = 0.0;
  config.balance_loss_alpha = 0.0;
  config.micro_batch_rows = kRows;
  measure(fmt::format(R"("what": "training", "rows": {}, "length": {})", kRows, kRowLength), options.repeats,
          static_cast<double>(rows.num_tokens), [&] {
            r1::train::accumulate_gradients(*model, rows, config);
            optimizer.step(1e-4, std::min(1.0, 1.0 / (optimizer.grad_norm() + 1e-6)));
          });
}

void run(const Options& options) {
  r1::pipeline::Recipe recipe;
  r1::core::load_config(options.recipe, {}, recipe);
  r1::model::DeepseekV3Config config = recipe.model;
  if (config.vocab_size == 0) config.vocab_size = recipe.tokenizer.vocab_size;
  config.num_nextn_predict_layers = 0;
  const auto model = std::make_shared<r1::model::DeepseekV3>(config, r1::tensor::scalar_type(options.dtype), 1);
  std::filesystem::create_directories(options.folder);
  r1::model::write_hf_files(*model, {}, options.folder);
  const auto wanted = [&](const char* part) { return options.what.find(part) != std::string::npos; };
  for (const char* numerics : {"exact", "fast"})
    if (wanted(numerics)) bench_rollout(model, options, numerics);
  if (wanted("training")) bench_training(model, options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "model_speed: %s\n", e.what());
    return 2;
  }
}
