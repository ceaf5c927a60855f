// Training and rollout tokens/s of a model of a known shape with random weights on a GPU, one JSON object a line;
// bench/peers/gpu_speed.py runs it beside transformers. It asserts nothing.
//   gpu_speed SHAPE [--numerics exact|fast] [--what training|rollout] [--moments f32|bf16] [--steps 20] [--row-length
//   1024] [--rows 8] [--gradient-checkpointing on|off] [--cuda-graph on|off] [--profile FILE]
// --profile: a Chrome trace of three more steps, and on standard error the shares of time.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/model/families/llama/model.h"
#include "r1/rollout/engine.h"
#include "r1/tensor/device.h"
#include "r1/tensor/profile.h"
#include "r1/tensor/range.h"
#include "r1/train/optim/adamw.h"
#include "r1/train/step.h"
#include "r1/train/step_graph.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string shape, numerics = "fast", what = "training", moments = "f32", checkpointing = "off", graph = "off",
                     profile;
  std::int64_t steps = 20, row_length = 1024, rows = 8, sequences = 256;
};

Options parse(int argc, char** argv) {
  Options o;
  const std::map<std::string, std::string*> texts{
      {"--numerics", &o.numerics}, {"--what", &o.what},
      {"--moments", &o.moments},   {"--gradient-checkpointing", &o.checkpointing},
      {"--cuda-graph", &o.graph},  {"--profile", &o.profile}};
  const std::map<std::string, std::int64_t*> numbers{
      {"--steps", &o.steps}, {"--row-length", &o.row_length}, {"--rows", &o.rows}, {"--sequences", &o.sequences}};
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (i + 1 < argc && texts.contains(arg))
      *texts.at(arg) = argv[++i];
    else if (i + 1 < argc && numbers.contains(arg))
      *numbers.at(arg) = std::stoll(argv[++i]);
    else
      o.shape = arg;
  }
  return o;
}

r1::model::LlamaConfig llama(const std::string& type, std::int64_t hidden, std::int64_t inner, std::int64_t layers,
                             std::int64_t heads, std::int64_t kv_heads, std::int64_t vocab) {
  const std::int64_t width = hidden / heads, positions = 4096;
  return {.model_type = type,
          .vocab_size = vocab,
          .hidden_size = hidden,
          .intermediate_size = inner,
          .num_hidden_layers = layers,
          .num_attention_heads = heads,
          .num_key_value_heads = kv_heads,
          .head_dim = width,
          .max_position_embeddings = positions,
          .tie_word_embeddings = true,
          .rope = {.theta = 1e6, .dim = width, .positions = positions}};
}

std::shared_ptr<r1::model::Decoder> make_model(const std::string& shape) {
  std::shared_ptr<r1::model::Decoder> model;
  if (shape == "smollm2-135m")
    model = std::make_shared<r1::model::Llama>(llama("llama", 576, 1536, 30, 9, 3, 49152), at::kBFloat16);
  else if (shape == "qwen2.5-0.5b")
    model = std::make_shared<r1::model::Llama>(llama("qwen2", 896, 4864, 24, 14, 2, 151936), at::kBFloat16);
  else if (shape == "qwen2.5-1.5b")
    model = std::make_shared<r1::model::Llama>(llama("qwen2", 1536, 8960, 28, 12, 2, 151936), at::kBFloat16);
  else if (shape == "deepseek-v3-1.3b")
    model = std::make_shared<r1::model::DeepseekV3>(r1::model::DeepseekV3Config{.vocab_size = 32768,
                                                                                .hidden_size = 1024,
                                                                                .num_hidden_layers = 12,
                                                                                .num_attention_heads = 16,
                                                                                .q_lora_rank = 512,
                                                                                .kv_lora_rank = 256,
                                                                                .qk_nope_head_dim = 64,
                                                                                .qk_rope_head_dim = 32,
                                                                                .v_head_dim = 64,
                                                                                .intermediate_size = 2816,
                                                                                .moe_intermediate_size = 512,
                                                                                .first_k_dense_replace = 1,
                                                                                .n_routed_experts = 64,
                                                                                .n_shared_experts = 1,
                                                                                .num_experts_per_tok = 6,
                                                                                .rope_scaling = {},
                                                                                .max_position_embeddings = 4096},
                                                    at::kBFloat16);
  else
    r1::user_error("unknown shape '{}': smollm2-135m, qwen2.5-0.5b, qwen2.5-1.5b or deepseek-v3-1.3b", shape);
  model->to(r1::tensor::device("cuda"));
  const at::NoGradGuard no_grad;
  model->visit_parameters([](const r1::model::Parameter& p) {
    if (p.kind == r1::model::Parameter::Kind::Matrix) p.tensor->normal_(0.0, 0.02);
    if (p.kind == r1::model::Parameter::Kind::Norm) p.tensor->fill_(1.0);
  });
  return model;
}

/// Full rows of one document each, as the peer has them.
r1::data::PackedBatch full_rows(const Options& o, std::int64_t vocab) {
  r1::data::PackedBatch p;
  p.num_rows = o.rows;
  p.row_length = o.row_length;
  p.num_tokens = o.rows * o.row_length;
  p.num_targets = o.rows * (o.row_length - 1);
  r1::core::Rng rng({.seed = 2});
  for (std::int64_t i = 0; i < p.num_tokens; ++i) {
    p.ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab))));
    p.positions.push_back(static_cast<std::int32_t>(i % o.row_length));
    p.sequence_start.push_back(static_cast<std::int32_t>(i - i % o.row_length));
  }
  for (std::int64_t i = 0; i < p.num_tokens; ++i)
    p.labels.push_back((i + 1) % o.row_length == 0 ? r1::data::kIgnoredLabel : p.ids[static_cast<std::size_t>(i) + 1]);
  return p;
}

void print(const Options& o, const char* what, std::vector<double> rates, const std::string& more) {
  std::sort(rates.begin(), rates.end());
  std::printf(
      "{\"who\": \"r1\", \"what\": \"%s\", \"shape\": \"%s\", \"numerics\": \"%s\", \"tokens_per_second\": %.0f, "
      "\"min\": %.0f, \"max\": %.0f, \"peak_gib\": %.2f%s}\n",
      what, o.shape.c_str(), o.numerics.c_str(), rates[rates.size() / 2], rates.front(), rates.back(),
      static_cast<double>(r1::tensor::peak_device_bytes()) / (1 << 30), more.c_str());
  std::fflush(stdout);
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void bench_training(const Options& o, r1::model::Decoder& model) {
  const r1::data::PackedBatch rows = full_rows(o, model.shape().vocab_size);
  r1::train::OptimizerConfig moments;
  moments.moments = o.moments;
  r1::train::AdamW optimizer(model.parameters(), moments);
  r1::train::TrainConfig config;
  config.mtp_weight = 0.0;
  config.balance_loss_alpha = 0.0;
  config.micro_batch_rows = o.rows;
  config.numerics = o.numerics;
  config.gradient_checkpointing = o.checkpointing == "on";
  std::vector<double> rates;
  double first = 0.0, last = 0.0;
  r1::train::StepGraph graph;
  if (o.graph == "on") r1::train::StepGraph::check(model, config, o.shape);
  const auto update = [&] {
    last = (o.graph == "on" ? graph.accumulate_gradients(model, rows, config)
                            : r1::train::accumulate_gradients(model, rows, config))
               .loss;
    const r1::tensor::Range range("optimizer");
    optimizer.step(1e-4, std::min(1.0, 1.0 / (optimizer.grad_norm() + 1e-6)));
    r1::tensor::synchronize(model.device());
  };
  for (std::int64_t step = 0; step < o.steps + 5; ++step) {
    const Clock::time_point start = Clock::now();
    update();
    if (step == 0) first = last;
    if (step >= 5) rates.push_back(static_cast<double>(rows.num_tokens) / seconds_since(start));
  }
  print(o, "training", rates,
        fmt::format(", \"moments\": \"{}\", \"gradient_checkpointing\": \"{}\", \"cuda_graph\": \"{}\", "
                    "\"first_loss\": {:.4f}, \"last_loss\": {:.4f}",
                    o.moments, o.checkpointing, o.graph, first, last));
  if (o.profile.empty()) return;
  r1::tensor::Profile profile(model.device().is_cuda());
  for (int i = 0; i < 3; ++i) update();
  for (const std::string& line : r1::tensor::to_lines(profile.stop(o.profile)))
    std::fprintf(stderr, "%s\n", line.c_str());
}

void bench_rollout(const Options& o, const std::shared_ptr<r1::model::Decoder>& model) {
  constexpr std::int64_t kPrompt = 128, kNew = 512;
  r1::rollout::Engine engine(
      model, {1},
      {.max_batch = o.sequences, .max_tokens = kPrompt + kNew, .prefill_tokens = 16384, .numerics = o.numerics});
  std::vector<r1::rollout::Request> requests;
  for (std::int64_t i = 0; i < o.sequences; ++i) {
    r1::rollout::Request request{{}, 1, 0, static_cast<std::uint32_t>(i), 0};
    r1::core::Rng rng({.seed = 1, .prompt = request.prompt_index});
    for (std::int64_t t = 0; t < kPrompt; ++t)
      request.prompt.push_back(
          static_cast<std::int32_t>(3 + rng.below(static_cast<std::uint64_t>(model->shape().vocab_size - 3))));
    requests.push_back(request);
  }
  std::vector<double> rates;
  for (std::int64_t i = 0; i < 1 + o.steps; ++i) {
    const std::int64_t length = i == 0 ? 16 : kNew;
    const Clock::time_point start = Clock::now();
    engine.generate(requests, {.max_new_tokens = length, .min_new_tokens = length});
    if (i > 0) rates.push_back(static_cast<double>(o.sequences * kNew) / seconds_since(start));
  }
  print(o, "rollout", rates, fmt::format(", \"sequences\": {}", o.sequences));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    r1::tensor::open_cuda_plugin();
    const Options options = parse(argc, argv);
    const std::shared_ptr<r1::model::Decoder> model = make_model(options.shape);
    if (options.what == "rollout")
      bench_rollout(options, model);
    else
      bench_training(options, *model);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gpu_speed: %s\n", e.what());
    return 2;
  }
}
