// The GRPO loss against the golden table (tools/golden/grpo.py: TRL's and R1's formulas in float64): losses to 1e-9,
// gradients to 1e-8; and that cutting an update into micro-batches does not change it.
#include "r1/rl/grpo_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace r1::rl {
namespace {

using Json = nlohmann::json;

Json golden() { return Json::parse(std::ifstream(std::string(R1_SOURCE_DIR) + "/tests/golden/grpo.json")); }

at::Tensor doubles(const std::vector<double>& values) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions().dtype(at::kDouble));
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<double>());
  return out;
}

/// The unmasked tokens of rows [first, last) as flat tensors.
GrpoTokens tokens_of(const Json& in, std::size_t first, std::size_t last) {
  std::map<std::string, std::vector<double>> flat;
  std::vector<std::int64_t> sequence;
  for (std::size_t b = first; b < last; ++b) {
    for (std::size_t t = 0; t < in["mask"][b].size(); ++t) {
      if (in["mask"][b][t] == 0) continue;
      for (const char* key : {"logp", "old_logp", "ref_logp"}) flat[key].push_back(in[key][b][t]);
      flat["advantage"].push_back(in["advantages"][b]);
      sequence.push_back(static_cast<std::int64_t>(b - first));
    }
  }
  at::Tensor ids = at::empty({static_cast<std::int64_t>(sequence.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(sequence.begin(), sequence.end(), ids.mutable_data_ptr<std::int64_t>());
  return {doubles(flat["logp"]).requires_grad_(true),
          doubles(flat["old_logp"]),
          doubles(flat["ref_logp"]),
          doubles(flat["advantage"]),
          ids,
          {},
          static_cast<std::int64_t>(last - first)};
}

GrpoLossConfig config_of(const Json& row, const Json& inputs) {
  static const std::map<std::string, std::string> kNormalizers = {
      {"sequence_mean", "seq_mean"}, {"token_mean", "token_global"}, {"constant", "constant"}};
  return {.clip_low = row["epsilon_low"],
          .clip_high = row["epsilon_high"],
          .delta = row["delta"].is_null() ? 0.0 : row["delta"].get<double>(),
          .kl_coefficient = row["beta"],
          .bias_correction_kl = row["bias_correction_kl"],
          .ratio_level = row["level"],
          .normalizer = kNormalizers.at(row["reduction"]),
          .constant_length = inputs["max_completion_length"]};
}

TEST(GrpoLoss, EqualsTheGoldenTable) {
  const Json g = golden();
  ASSERT_GE(g["losses"].size(), 10u);
  for (const Json& row : g["losses"]) {
    const GrpoTokens tokens = tokens_of(g["inputs"], 0, 2);
    const GrpoLoss out = grpo_loss(tokens, config_of(row, g["inputs"]), {2, 7, 1});
    EXPECT_NEAR(out.loss.item<double>(), row["loss"].get<double>(), 1e-9) << row["name"];
    out.loss.backward();
    const double* grad = tokens.logp.grad().const_data_ptr<double>();
    for (std::size_t b = 0; b < 2; ++b)
      for (std::size_t t = 0; t < 4; ++t)
        if (g["inputs"]["mask"][b][t] != 0) {
          EXPECT_NEAR(*grad++, row["gradient"][b][t].get<double>(), 1e-8) << row["name"] << b << t;
        }
    EXPECT_NEAR(out.kl_sum / 7.0, g["kl"]["k3"].get<double>(), 1e-12);
    if (row.contains("metrics")) {
      EXPECT_NEAR(out.clipped_low / 7.0, row["metrics"]["low_mean"].get<double>(), 1e-12) << row["name"];
      EXPECT_NEAR(out.clipped_high / 7.0, row["metrics"]["high_mean"].get<double>(), 1e-12) << row["name"];
    }
  }
}

TEST(GrpoLoss, MicroBatchesLeaveTheGradientAsItIs) {
  const Json in = golden()["inputs"];
  for (const char* normalizer : {"seq_mean", "token_global", "constant", "micro_batch"}) {
    const GrpoLossConfig config{.normalizer = normalizer, .constant_length = 8};
    const GrpoTokens whole = tokens_of(in, 0, 2), first = tokens_of(in, 0, 1), second = tokens_of(in, 1, 2);
    const double together = grpo_loss(whole, config, {2, 7, 1}).loss.item<double>();
    const double cut =
        (grpo_loss(first, config, {2, 7, 2}).loss + grpo_loss(second, config, {2, 7, 2}).loss).item<double>();
    if (std::string(normalizer) == "micro_batch") {
      EXPECT_NEAR(cut, -0.34284511496654, 1e-9) << "BNPO depends on the cut, and is known to";
    } else {
      EXPECT_NEAR(together, cut, 1e-12) << normalizer;
    }
  }
}

TEST(GrpoLoss, R1ClipOfTenCutsOnlyFarPositiveRatios) {
  GrpoTokens t = tokens_of(golden()["inputs"], 0, 1);
  t.logp = doubles({2.0, 2.0, -3.0}).requires_grad_(true);
  t.old_logp = doubles({-1.0, 0.0, 0.0});
  t.advantage = doubles({1.0, 1.0, -1.0});
  const GrpoLoss out = grpo_loss(t, {.clip_low = 10.0, .clip_high = 10.0}, {1, 3, 1});
  out.loss.backward();
  const double* g = t.logp.grad().const_data_ptr<double>();
  EXPECT_EQ(g[0], 0.0);  // e^3 > 11
  EXPECT_NEAR(g[1], -std::exp(2.0) / 3, 1e-12);
  EXPECT_NEAR(g[2], std::exp(-3.0) / 3, 1e-12);
}

}  // namespace
}  // namespace r1::rl
