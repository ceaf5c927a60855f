// Divergences against the golden table (tools/golden/distill.py: the definitions in float64, gradients by autograd) and
// finite differences; the chunked sum over a vocabulary against whole logits in float64.
#include "r1/train/distill_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/rng.h"

namespace r1::train {
namespace {

using Json = nlohmann::json;

at::Tensor matrix(const Json& rows) {
  const auto count = static_cast<std::int64_t>(rows.size()), width = static_cast<std::int64_t>(rows[0].size());
  at::Tensor out = at::empty({count, width}, at::TensorOptions().dtype(at::kDouble));
  double* p = out.mutable_data_ptr<double>();
  for (const Json& row : rows)
    for (const Json& value : row) *p++ = value;
  return out;
}

at::Tensor random_matrix(std::int64_t rows, std::int64_t columns, std::uint32_t index, double scale) {
  at::Tensor out = at::empty({rows, columns}, at::TensorOptions().dtype(at::kDouble));
  core::Rng rng({.seed = 6, .prompt = index});
  for (std::int64_t i = 0; i < rows * columns; ++i) out.mutable_data_ptr<double>()[i] = scale * rng.normal();
  return out;
}

double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

const std::vector<DivergenceConfig> kKinds = {{"forward", 0.5, 1.0}, {"reverse", 0.5, 0.7}, {"jsd", 0.3, 1.6}};

TEST(RowDivergence, EqualsTheGoldenTable) {
  const Json golden = Json::parse(std::ifstream(std::string(R1_SOURCE_DIR) + "/tests/golden/distill.json"));
  ASSERT_EQ(golden["cases"].size(), 21u);
  const at::Tensor teacher = matrix(golden["teacher"]), student = matrix(golden["student"]);
  for (const Json& row : golden["cases"]) {
    const DivergenceConfig config{row["kind"], row["beta"], row["temperature"]};
    const RowDivergence out = row_divergence(teacher, student, config);
    const at::Tensor value = matrix(Json::array({row["value"]})).squeeze(0), gradient = matrix(row["gradient"]);
    EXPECT_LT(largest(out.value - value), 1e-12) << row["kind"] << row["beta"] << row["temperature"];
    EXPECT_LT(largest(out.gradient - gradient), 1e-12) << row["kind"] << row["beta"] << row["temperature"];
  }
}

TEST(RowDivergence, GradientIsThatOfFiniteDifferences) {
  const at::Tensor teacher = random_matrix(1, 17, 0, 2.0), student = random_matrix(1, 17, 1, 2.0);
  for (const DivergenceConfig& config : kKinds) {
    const at::Tensor gradient = row_divergence(teacher, student, config).gradient;
    for (std::int64_t v = 0; v < 17; ++v) {
      const auto moved = [&](double by) {
        at::Tensor logits = student.clone();
        logits.mutable_data_ptr<double>()[v] += by;
        return row_divergence(teacher, logits, config).value.item<double>();
      };
      const double slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      EXPECT_NEAR(gradient.const_data_ptr<double>()[v], slope, 1e-9) << config.kind << v;
    }
  }
}

TEST(RowDivergence, IsZeroBetweenEquals) {
  const at::Tensor logits = random_matrix(3, 40, 2, 3.0).to(at::kFloat);
  for (const DivergenceConfig& config : kKinds) {
    EXPECT_LT(largest(row_divergence(logits, logits, config).value), 1e-6) << config.kind;
    EXPECT_LT(largest(row_divergence(logits, logits, config).gradient), 1e-6) << config.kind;
  }
}

/// 40 rows over 40000 tokens are three chunks; widths of teacher and student differ.
TEST(DivergenceSum, ChunksGiveWhatWholeLogitsGive) {
  const std::int64_t rows = 40, vocab = 40000;
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    tensor::LinearWeight teacher_head, student_head;
    teacher_head.weight = random_matrix(vocab, 16, 3, 0.5).to(type);
    student_head.weight = random_matrix(vocab, 8, 4, 0.5).to(type).requires_grad_(true);
    const at::Tensor taught = random_matrix(rows, 16, 5, 1.0).to(type);
    const at::Tensor learned = random_matrix(rows, 8, 6, 1.0).to(type).requires_grad_(true);
    const double tolerance = type == at::kFloat ? 2e-5 : 2e-2;
    for (const DivergenceConfig& config : kKinds) {
      (divergence_sum({taught, teacher_head}, {learned, student_head}, config) / 7.0).backward();
      const at::Tensor h = learned.detach().to(at::kDouble), w = student_head.weight.detach().to(at::kDouble);
      const RowDivergence whole = row_divergence(taught.to(at::kDouble).matmul(teacher_head.weight.to(at::kDouble).t()),
                                                 h.matmul(w.t()), config);
      const at::NoGradGuard no_grad;
      const double sum = divergence_sum({taught, teacher_head}, {learned, student_head}, config).item<double>();
      EXPECT_NEAR(sum, whole.value.sum().item<double>(), 1e-5 * sum) << config.kind;
      const at::Tensor dh = whole.gradient.matmul(w) / 7.0, dw = whole.gradient.t().matmul(h) / 7.0;
      EXPECT_LT(largest(learned.grad().to(at::kDouble) - dh), tolerance * largest(dh)) << config.kind;
      EXPECT_LT(largest(student_head.weight.grad().to(at::kDouble) - dw), tolerance * largest(dw)) << config.kind;
      learned.mutable_grad().reset();
      student_head.weight.mutable_grad().reset();
    }
  }
}

TEST(DivergenceSum, RefusesVocabulariesAndSettingsThatDoNotFit) {
  tensor::LinearWeight five, six;
  five.weight = at::zeros({5, 8});
  six.weight = at::zeros({6, 8});
  const at::Tensor rows = at::zeros({2, 8});
  EXPECT_THROW(divergence_sum({rows, five}, {rows, six}, {}), Error);
  EXPECT_THROW(validate({"kl", 0.5, 1.0}, "distill"), UserError);
  EXPECT_THROW(validate({"jsd", 1.5, 1.0}, "distill"), UserError);
  EXPECT_THROW(validate({"forward", 0.5, 0.0}, "distill"), UserError);
  EXPECT_NO_THROW(validate({"jsd", 1.0, 2.0}, "distill"));
}

}  // namespace
}  // namespace r1::train
