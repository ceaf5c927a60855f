// Recorded decoding steps (decode_graph.h).
#include "r1/rollout/decode_graph.h"

#include <ATen/ops/stack.h>

#include <algorithm>

#include "r1/core/error.h"
#include "r1/tensor/device_graph.h"
#include "r1/tensor/ops/logprob.h"
#include "r1/tensor/ops/sample.h"

namespace r1::rollout {

namespace {

enum Line : std::int64_t { kIds, kBegin, kEnd, kWrite, kPositions, kBans, kLines };

/// Batch sizes that have a graph of their own: powers of 2, from 32 on multiples of 32.
std::int64_t padded(std::int64_t rows) {
  std::int64_t size = 1;
  while (size < rows && size < 32) size *= 2;
  return rows <= size ? size : (rows + 31) / 32 * 32;
}

template <class T, class V>
void fill(const at::Tensor& line, const std::vector<V>& values) {
  T* out = line.mutable_data_ptr<T>();
  for (std::int64_t i = 0; i < line.size(0); ++i) {
    const auto at = static_cast<std::size_t>(i);
    out[i] = static_cast<T>(values[at < values.size() ? at : 0]);
  }
}

/// [3, rows] float64: token, log-probability, log of the kept mass.
at::Tensor choose(const at::Tensor& logits, double temperature, const tensor::SampleInputs& inputs) {
  const tensor::SampledRows chosen = tensor::sample_rows(logits, temperature, inputs);
  const at::Tensor logp = tensor::row_logprobs(logits, chosen.token, temperature == 0.0 ? 1.0 : temperature);
  return at::stack({chosen.token.to(at::kDouble), logp.to(at::kDouble), chosen.log_kept_mass.to(at::kDouble)});
}

/// The first `count` rows of choose's result.
DecodedRows read_back(const at::Tensor& choice, std::int64_t count) {
  const at::Tensor out = choice.cpu();
  const double* p = out.const_data_ptr<double>();
  DecodedRows decoded;
  for (std::int64_t i = 0; i < count; ++i) {
    decoded.token.push_back(static_cast<std::int32_t>(p[i]));
    decoded.logp.push_back(static_cast<float>(p[out.size(1) + i]));
    decoded.log_kept_mass.push_back(static_cast<float>(p[2 * out.size(1) + i]));
  }
  return decoded;
}

}  // namespace

struct DecodeGraphs::Step {
  at::Tensor host, device;                  // [lines, rows] int64
  at::Tensor host_uniform, device_uniform;  // [rows] float32
  model::KvView view;
  at::Tensor out;  // of choose
  std::unique_ptr<tensor::DeviceGraph> graph;
};

DecodeGraphs::DecodeGraphs(const model::Decoder& model, KvCache& cache, std::vector<std::int64_t> banned)
    : model_(model), cache_(cache) {
  banned_ = at::empty({static_cast<std::int64_t>(banned.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(banned.begin(), banned.end(), banned_.mutable_data_ptr<std::int64_t>());
  banned_ = banned_.to(model.device());
}
DecodeGraphs::~DecodeGraphs() = default;

DecodeGraphs::Step& DecodeGraphs::step_of(std::int64_t rows, double temperature) {
  if (temperature != temperature_) steps_.clear();
  temperature_ = temperature;
  std::unique_ptr<Step>& step = steps_[rows];
  if (step) return *step;
  step = std::make_unique<Step>();
  Step& s = *step;
  const at::TensorOptions longs = at::TensorOptions().dtype(at::kLong), floats = at::TensorOptions().dtype(at::kFloat);
  s.host = at::empty({kLines, rows}, longs);
  s.host_uniform = at::empty({rows}, floats);
  s.device = at::zeros({kLines, rows}, longs.device(model_.device()));
  s.device_uniform = at::zeros({rows}, floats.device(model_.device()));
  s.view = cache_.view();
  s.view.write_rows = s.device.select(0, kWrite);
  return s;
}

DecodedRows DecodeGraphs::sample(const at::Tensor& logits, const DecodeRows& rows, double temperature) const {
  const auto count = static_cast<std::int64_t>(rows.uniform.size());
  const at::Tensor uniform = at::empty({count}, at::TensorOptions().dtype(at::kFloat));
  const at::Tensor bans = at::empty({count}, at::TensorOptions().dtype(at::kByte));
  fill<float>(uniform, rows.uniform);
  fill<std::uint8_t>(bans, rows.bans);
  return read_back(choose(logits, temperature, {uniform.to(logits.device()), banned_, bans.to(logits.device())}),
                   count);
}

DecodedRows DecodeGraphs::run(const DecodeRows& rows, double temperature) {
  const auto count = static_cast<std::int64_t>(rows.ids.size());
  R1_CHECK(count > 0, "a decoding step without rows");
  Step& s = step_of(padded(count), temperature);
  fill<std::int64_t>(s.host.select(0, kIds), rows.ids);
  fill<std::int64_t>(s.host.select(0, kBegin), rows.begin);
  fill<std::int64_t>(s.host.select(0, kEnd), rows.end);
  fill<std::int64_t>(s.host.select(0, kWrite), rows.write);
  fill<std::int64_t>(s.host.select(0, kPositions), rows.positions);
  fill<std::int64_t>(s.host.select(0, kBans), rows.bans);
  fill<float>(s.host_uniform, rows.uniform);
  s.device.copy_(s.host);
  s.device_uniform.copy_(s.host_uniform);
  if (!s.graph)
    s.graph = std::make_unique<tensor::DeviceGraph>([&] {
      const auto line = [&](Line which) { return s.device.select(0, which); };
      const model::ForwardInput input{
          line(kIds), line(kPositions).to(at::kInt), {.begin = line(kBegin), .end = line(kEnd)}, &s.view};
      const at::Tensor logits = model_.logits(model_.final_norm(model_.stack(input)));
      s.out = choose(logits, temperature, {s.device_uniform, banned_, line(kBans).to(at::kByte)});
    });
  s.graph->replay();
  return read_back(s.out, count);
}

}  // namespace r1::rollout
