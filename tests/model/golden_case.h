// A golden case of tools/golden: a tiny checkpoint made by transformers, and what transformers computes with it.
#pragma once

#include <gtest/gtest.h>

#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <filesystem>

#include "r1/model/checkpoint.h"
#include "tests/model/batches.h"

namespace r1::model::testing {

inline double relative_error(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor expected = want.to(at::kDouble);
  const double scale = std::max(1e-12, at::linalg_vector_norm(expected).item<double>());
  return at::linalg_vector_norm(got.cpu().to(at::kDouble) - expected).item<double>() / scale;
}

struct GoldenCase {
  std::shared_ptr<Decoder> model;
  weights::SafetensorsReader golden;
  std::vector<std::vector<std::int64_t>> sequences;

  GoldenCase(const std::filesystem::path& folder, at::ScalarType dtype)
      : model(load_hf_folder(folder, dtype)), golden(folder / "golden.safetensors") {
    for (const char* key : {"ids.0", "ids.1"}) {
      const at::Tensor ids = golden.load(key);
      const std::int64_t* p = ids.const_data_ptr<std::int64_t>();
      sequences.emplace_back(p, p + ids.numel());
    }
  }
  at::Tensor logits() const { return at::cat({golden.load("logits.0"), golden.load("logits.1")}, 0); }
};

/// Targets of packed documents, `ahead` tokens further on; -1 where a document has none.
inline at::Tensor targets_of(const std::vector<std::vector<std::int64_t>>& documents, std::size_t ahead) {
  std::vector<std::int64_t> all;
  for (const auto& d : documents)
    for (std::size_t i = 0; i < d.size(); ++i) all.push_back(i + ahead < d.size() ? d[i + ahead] : -1);
  at::Tensor out = at::empty({static_cast<std::int64_t>(all.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(all.begin(), all.end(), out.mutable_data_ptr<std::int64_t>());
  return out;
}

/// Every gradient of the model against the golden one of its name on disk; returns how many there were.
inline int expect_gradients(Decoder& model, const weights::SafetensorsReader& golden, const std::string& prefix,
                            double tolerance) {
  // The gradients take the parameters' places, so that they come out under their names on disk.
  model.visit_parameters([&](const Parameter& p) {
    const at::Tensor grad = p.tensor->grad().defined() ? p.tensor->grad() : at::zeros_like(*p.tensor);
    const at::NoGradGuard no_grad;
    *p.tensor = grad;
  });
  int compared = 0;
  for (const auto& [name, grad] : hf_tensors(model)) {
    if (!golden.contains(prefix + name)) continue;
    EXPECT_LT(relative_error(grad, golden.load(prefix + name)), tolerance) << prefix << name;
    ++compared;
  }
  return compared;
}

/// Logits, loss and gradients of next-token prediction.
struct Tolerances {
  double logits, loss, gradients;
};
inline int expect_golden(GoldenCase& c, const Tolerances& tolerance, bool exact = true) {
  ForwardInput input = on_device(pack(c.sequences), c.model->device());
  input.ranges.exact = exact;
  const at::Tensor normed = c.model->final_norm(c.model->stack(input));
  EXPECT_LT(relative_error(c.model->logits(normed), c.logits()), tolerance.logits);
  const at::Tensor targets = targets_of(c.sequences, 1).to(c.model->device());
  const at::Tensor loss = -c.model->logprobs(normed, targets, 1.0).logp.sum() /
                          static_cast<double>(targets.ge(0).sum().item<std::int64_t>());
  const double reference = c.golden.load("loss").item<double>();
  EXPECT_NEAR(loss.item<double>(), reference, tolerance.loss * reference);
  loss.backward();
  return expect_gradients(*c.model, c.golden, "grad.", tolerance.gradients);
}

}  // namespace r1::model::testing
