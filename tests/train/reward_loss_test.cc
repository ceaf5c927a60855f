// Losses of reward models and their gradients against closed forms in float64, far from 0 too; and that cutting an
// update into micro-batches does not change them.
#include "r1/train/reward_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace r1::train {
namespace {

const std::vector<double> kChosen = {0.3, -1.2, 2.5, 40.0, -35.0, 0.0};
const std::vector<double> kRejected = {-0.4, 0.9, 2.5, -30.0, 20.0, 0.0};
const std::vector<double> kLabels = {1.0, 0.0, 0.25, 1.0, 1.0, 0.0};

at::Tensor tensor_of(const std::vector<double>& values, std::size_t first, std::size_t last) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(last - first)}, at::TensorOptions().dtype(at::kDouble));
  std::copy(values.begin() + static_cast<std::ptrdiff_t>(first), values.begin() + static_cast<std::ptrdiff_t>(last),
            out.mutable_data_ptr<double>());
  return out;
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double sigmoid(double x) { return std::exp(-softplus(-x)); }

struct Result {
  double loss = 0.0;
  std::vector<double> chosen, rejected;  // gradients
};

void append(std::vector<double>& out, const at::Tensor& grad) {
  const double* p = grad.const_data_ptr<double>();
  out.insert(out.end(), p, p + grad.numel());
}

/// The loss and its gradients over all of kChosen in runs of `size`.
Result pairwise(double center, std::size_t size) {
  Result out;
  for (std::size_t first = 0; first < kChosen.size(); first += size) {
    const std::size_t last = std::min(kChosen.size(), first + size);
    at::Tensor chosen = tensor_of(kChosen, first, last).requires_grad_(true);
    at::Tensor rejected = tensor_of(kRejected, first, last).requires_grad_(true);
    const at::Tensor loss = pairwise_loss(chosen, rejected, center, static_cast<std::int64_t>(kChosen.size()));
    loss.backward();
    out.loss += loss.item<double>();
    append(out.chosen, chosen.grad());
    append(out.rejected, rejected.grad());
  }
  return out;
}

Result pointwise(std::size_t size) {
  Result out;
  for (std::size_t first = 0; first < kChosen.size(); first += size) {
    const std::size_t last = std::min(kChosen.size(), first + size);
    at::Tensor scores = tensor_of(kChosen, first, last).requires_grad_(true);
    const at::Tensor loss =
        pointwise_loss(scores, tensor_of(kLabels, first, last), static_cast<std::int64_t>(kChosen.size()));
    loss.backward();
    out.loss += loss.item<double>();
    append(out.chosen, scores.grad());
  }
  return out;
}

TEST(PairwiseLoss, ValueAndGradientsAreTheFormulas) {
  const auto n = static_cast<double>(kChosen.size());
  for (const double center : {0.0, 0.01}) {
    const Result got = pairwise(center, kChosen.size());
    double loss = 0.0;
    for (std::size_t i = 0; i < kChosen.size(); ++i) {
      const double c = kChosen[i], r = kRejected[i];
      loss += (softplus(r - c) + center * (c + r) * (c + r)) / n;
      const double pull = sigmoid(r - c) / n, push = 2.0 * center * (c + r) / n;
      EXPECT_NEAR(got.chosen[i], -pull + push, 1e-14) << i << " center " << center;
      EXPECT_NEAR(got.rejected[i], pull + push, 1e-14) << i << " center " << center;
    }
    EXPECT_NEAR(got.loss, loss, 1e-12 * loss);
  }
  EXPECT_NEAR(pairwise(0.0, 6).rejected[5], 0.5 / n, 1e-15);  // equal scores: half a pull
}

TEST(PointwiseLoss, ValueAndGradientsAreTheFormulas) {
  const auto n = static_cast<double>(kChosen.size());
  const Result got = pointwise(kChosen.size());
  double loss = 0.0;
  for (std::size_t i = 0; i < kChosen.size(); ++i) {
    const double s = kChosen[i], y = kLabels[i];
    loss += (softplus(s) - y * s) / n;
    EXPECT_NEAR(got.chosen[i], (sigmoid(s) - y) / n, 1e-14) << i;
  }
  EXPECT_NEAR(got.loss, loss, 1e-12 * loss);
}

TEST(RewardLosses, DoNotDependOnMicroBatches) {
  const Result whole = pairwise(0.01, 6), points = pointwise(6);
  for (const std::size_t size : {1u, 4u}) {
    const Result cut = pairwise(0.01, size);
    EXPECT_NEAR(cut.loss, whole.loss, 1e-12 * whole.loss) << size;
    EXPECT_EQ(cut.chosen, whole.chosen) << size;
    EXPECT_EQ(cut.rejected, whole.rejected) << size;
    const Result cut_points = pointwise(size);
    EXPECT_NEAR(cut_points.loss, points.loss, 1e-12 * points.loss) << size;
    EXPECT_EQ(cut_points.chosen, points.chosen) << size;
  }
}

}  // namespace
}  // namespace r1::train
