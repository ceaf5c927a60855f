// Logits, loss and every gradient of tiny DeepSeek-V3 models against transformers' (tools/golden/deepseek_v3.py):
// float32 here, the reference in float64.
#include <gtest/gtest.h>

#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <filesystem>

#include "r1/model/families/deepseek_v3/checkpoint.h"
#include "tests/model/batches.h"

namespace r1::model {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/deepseek_v3";

double relative_error(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor expected = want.to(at::kDouble);
  const double scale = std::max(1e-12, at::linalg_vector_norm(expected).item<double>());
  return at::linalg_vector_norm(got.to(at::kDouble) - expected).item<double>() / scale;
}

std::vector<std::int64_t> to_vector(const at::Tensor& ids) {
  const std::int64_t* p = ids.const_data_ptr<std::int64_t>();
  return {p, p + ids.numel()};
}

struct Case {
  std::shared_ptr<DeepseekV3> model;
  weights::SafetensorsReader golden;
  std::vector<std::vector<std::int64_t>> sequences;

  explicit Case(const std::string& name)
      : model(load_hf_folder(kGolden / name, at::kFloat)), golden(kGolden / name / "golden.safetensors") {
    for (const char* key : {"ids.0", "ids.1"}) sequences.push_back(to_vector(golden.load(key)));
  }
};

/// Next-token targets of packed documents; -1 at each document's last token (and `depth` tokens further ahead for MTP).
at::Tensor targets_of(const std::vector<std::vector<std::int64_t>>& documents, std::size_t ahead) {
  std::vector<std::int64_t> all;
  for (const auto& d : documents)
    for (std::size_t i = 0; i < d.size(); ++i) all.push_back(i + ahead < d.size() ? d[i + ahead] : -1);
  at::Tensor out = at::empty({static_cast<std::int64_t>(all.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(all.begin(), all.end(), out.mutable_data_ptr<std::int64_t>());
  return out;
}

void expect_gradients(DeepseekV3& model, const weights::SafetensorsReader& golden, const std::string& prefix) {
  // The gradients take the parameters' places, so that they come out under their names on disk.
  model.visit_parameters([&](const Parameter& p) {
    const at::Tensor grad = p.tensor->grad().defined() ? p.tensor->grad() : at::zeros_like(*p.tensor);
    const at::NoGradGuard no_grad;
    *p.tensor = grad;
  });
  int compared = 0;
  for (const auto& [name, grad] : hf_tensors(model)) {
    if (!golden.contains(prefix + name)) continue;
    EXPECT_LT(relative_error(grad, golden.load(prefix + name)), 2e-4) << prefix << name;
    ++compared;
  }
  EXPECT_GT(compared, 20);
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, LogitsLossAndGradients) {
  Case c(GetParam());
  const ForwardInput input = testing::pack(c.sequences);
  const at::Tensor normed = c.model->final_norm(c.model->stack(input));
  const at::Tensor logits = c.model->logits(normed);
  const at::Tensor want = at::cat({c.golden.load("logits.0"), c.golden.load("logits.1")}, 0);
  EXPECT_LT(relative_error(logits, want), 1e-5);

  const at::Tensor targets = targets_of(c.sequences, 1);
  const tensor::TokenLogprobs out = c.model->logprobs(normed, targets, 1.0);
  const double predicted = static_cast<double>(targets.ge(0).sum().item<std::int64_t>());
  const at::Tensor loss = -out.logp.sum() / predicted;
  const double reference = c.golden.load("loss").item<double>();
  EXPECT_NEAR(loss.item<double>(), reference, 2e-6 * reference);
  loss.backward();
  expect_gradients(*c.model, c.golden, "grad.");
}

INSTANTIATE_TEST_SUITE_P(DeepseekV3, Golden, ::testing::Values("moe", "yarn", "odd", "mtp"));

TEST(GoldenMtp, LogitsLossAndGradients) {
  Case c("mtp");
  std::vector<std::vector<std::int64_t>> inputs, next;
  for (const auto& s : c.sequences) {
    inputs.emplace_back(s.begin(), s.end() - 1);
    next.emplace_back(s.begin() + 1, s.end());
  }
  const ForwardInput input = testing::pack(inputs);
  const at::Tensor normed = c.model->mtp(c.model->stack(input), testing::pack(next).ids, input);
  const at::Tensor want = at::cat({c.golden.load("mtp_logits.0"), c.golden.load("mtp_logits.1")}, 0);
  EXPECT_LT(relative_error(c.model->logits(normed), want), 1e-5);

  const tensor::TokenLogprobs out = c.model->logprobs(normed, targets_of(next, 1), 1.0);
  const at::Tensor sum = -out.logp.sum();
  const double reference = c.golden.load("mtp_nll_sum").item<double>();
  EXPECT_NEAR(sum.item<double>(), reference, 2e-6 * reference);
  (sum / c.golden.load("mtp_count").item<double>()).backward();
  expect_gradients(*c.model, c.golden, "grad_mtp.");
}

TEST(HfFolder, RoundTripIsBitIdentical) {
  Case c("moe");
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "r1_hf_round_trip";
  std::filesystem::create_directories(folder);
  write_hf_files(*c.model, {}, folder);
  const weights::SafetensorsReader before(kGolden / "moe" / "model.safetensors"), after(folder);
  ASSERT_EQ(before.names(), after.names());
  for (const std::string& name : before.names()) {
    const at::Tensor a = before.load(name), b = after.load(name);
    EXPECT_TRUE(a.scalar_type() == b.scalar_type() && a.equal(b)) << name;
  }
  EXPECT_EQ(load_eos_ids(folder), std::vector<std::int32_t>{1});
}

}  // namespace
}  // namespace r1::model
