// A golden adapter of tools/golden/lora.py: made by PEFT on a golden base, and what PEFT computes with it.
#pragma once

#include <gtest/gtest.h>

#include <ATen/ops/cat.h>

#include "r1/model/adapter.h"
#include "tests/model/golden_case.h"

namespace r1::model::testing {

inline std::filesystem::path golden_root() { return std::filesystem::path(R1_SOURCE_DIR) / "tests/golden"; }

struct AdapterCase {
  std::filesystem::path folder;
  weights::SafetensorsReader golden;
  std::filesystem::path base;
  std::vector<std::vector<std::int64_t>> sequences;

  explicit AdapterCase(const std::string& name)
      : folder(golden_root() / "adapters" / name),
        golden(folder / "golden.safetensors"),
        base(golden_root() / golden.metadata().at("base")) {
    for (const char* key : {"ids.0", "ids.1"}) {
      const at::Tensor ids = golden.load(key);
      const std::int64_t* p = ids.const_data_ptr<std::int64_t>();
      sequences.emplace_back(p, p + ids.numel());
    }
  }
  std::shared_ptr<Decoder> load(at::ScalarType dtype) const { return load_with_adapter(base, folder, dtype); }
  at::Tensor logits() const { return at::cat({golden.load("logits.0"), golden.load("logits.1")}, 0); }
};

/// The packed sequences with virtual tokens in front of each, and which rows are real tokens.
struct Rows {
  std::vector<std::vector<std::int64_t>> sequences;
  at::Tensor real, targets;
};
inline Rows rows_of(const AdapterCase& c, const Decoder& model) {
  Rows out{c.sequences, {}, {}};
  const std::int64_t n = model.num_virtual_tokens();
  std::vector<std::int64_t> real;
  std::int64_t row = 0;
  for (auto& ids : out.sequences) {
    for (std::size_t i = 0; i < ids.size(); ++i) real.push_back(row + n + static_cast<std::int64_t>(i));
    for (std::int64_t i = n; i > 0; --i) ids.insert(ids.begin(), model.shape().vocab_size + i - 1);
    row += static_cast<std::int64_t>(ids.size());
  }
  out.real = at::empty({static_cast<std::int64_t>(real.size())}, at::TensorOptions().dtype(at::kLong));
  std::copy(real.begin(), real.end(), out.real.mutable_data_ptr<std::int64_t>());
  out.targets = targets_of(c.sequences, 1);
  return out;
}

/// Logits, loss and the gradients of the adapter, which are the only ones.
inline void expect_golden(const AdapterCase& c, at::ScalarType dtype, const Tolerances& tolerance,
                          const at::Device& device = at::kCPU) {
  const std::shared_ptr<Decoder> model = c.load(dtype);
  if (!device.is_cpu()) model->to(device);
  Rows rows = rows_of(c, *model);
  for (at::Tensor* t : {&rows.real, &rows.targets}) *t = t->to(device);
  const ForwardInput input = on_device(pack(rows.sequences), device);
  const at::Tensor normed = model->final_norm(model->stack(input).index_select(0, rows.real));
  EXPECT_LT(relative_error(model->logits(normed), c.logits()), tolerance.logits);
  const at::Tensor loss = -model->logprobs(normed, rows.targets, 1.0).logp.sum() /
                          static_cast<double>(rows.targets.ge(0).sum().item<std::int64_t>());
  const double reference = c.golden.load("loss").item<double>();
  EXPECT_NEAR(loss.item<double>(), reference, tolerance.loss * reference);
  loss.backward();
  std::size_t trained = 0;
  model->visit_parameters([&](const Parameter& p) {
    EXPECT_EQ(p.tensor->grad().defined(), p.tensor->requires_grad()) << p.name;
    if (!p.tensor->requires_grad()) return;
    const at::Tensor grad = p.tensor->grad();
    const at::NoGradGuard no_grad;
    *p.tensor = grad;
    ++trained;
  });
  const weights::NamedTensors gradients = adapter_tensors(*model);
  EXPECT_EQ(gradients.size(), trained);
  EXPECT_EQ(gradients.size(), weights::SafetensorsReader(c.folder / kAdapterTensorsFile).names().size());
  for (const auto& [name, grad] : gradients)
    EXPECT_LT(relative_error(grad, c.golden.load("grad." + name)), tolerance.gradients) << name;
}

}  // namespace r1::model::testing
