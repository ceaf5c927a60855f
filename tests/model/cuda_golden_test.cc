// The golden models on a GPU: in float32 with the CPU's tolerances, in bf16 within what bf16 rounds, with both kinds of
// attention; and the rows of a batch on their own.
#include <gtest/gtest.h>

#include "r1/core/rng.h"
#include "r1/model/families/llama/model.h"
#include "tests/model/adapter_case.h"
#include "tests/model/golden_case.h"
#include "tests/support/cuda.h"

namespace r1::model {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(R1_SOURCE_DIR) / "tests/golden";

// The gradient of a key's bias all but cancels in the softmax: bf16 leaves a fifth of it as noise. All gradients
// together agree far better (error_of_all_gradients).
constexpr testing::Tolerances kBfloat16{2e-2, 1e-2, 0.25};

class CudaGolden : public ::testing::TestWithParam<const char*> {
 protected:
  void check(at::ScalarType dtype, const testing::Tolerances& tolerance, bool exact) {
    testing::GoldenCase c(kGolden / GetParam(), dtype);
    c.model->to(tensor::device("cuda"));
    EXPECT_GT(testing::expect_golden(c, tolerance, exact), 5);
    EXPECT_LT(error_of_all_gradients(c), dtype == at::kFloat ? 1e-5 : 4e-2);
  }

  /// Of all parameters as one vector; expect_golden has put the gradients into the parameters' places.
  static double error_of_all_gradients(const testing::GoldenCase& c) {
    double error = 0.0, size = 0.0;
    for (const auto& [name, grad] : hf_tensors(*c.model)) {
      if (!c.golden.contains("grad." + name)) continue;
      const at::Tensor want = c.golden.load("grad." + name).to(at::kDouble);
      error += (grad.cpu().to(at::kDouble) - want).square().sum().item<double>();
      size += want.square().sum().item<double>();
    }
    return std::sqrt(error / size);
  }
};

TEST_P(CudaGolden, Float32) {
  R1_NEEDS_CUDA();
  check(at::kFloat, {1e-5, 2e-6, 2e-4}, true);
}

TEST_P(CudaGolden, Bfloat16Exact) {
  R1_NEEDS_CUDA();
  check(at::kBFloat16, kBfloat16, true);
}

TEST_P(CudaGolden, Bfloat16Fast) {
  R1_NEEDS_CUDA();
  check(at::kBFloat16, kBfloat16, false);
}

INSTANTIATE_TEST_SUITE_P(Families, CudaGolden,
                         ::testing::Values("llama/llama", "llama/llama_bias_llama3", "llama/llama_yarn", "llama/qwen2",
                                           "llama/qwen3", "deepseek_v3/moe", "deepseek_v3/yarn", "deepseek_v3/odd"));

TEST(CudaAdapterGolden, LogitsLossAndGradients) {
  R1_NEEDS_CUDA();
  for (const char* name : {"llama", "qwen2", "deepseek_v3", "prompt"}) {
    const testing::AdapterCase c(name);
    testing::expect_golden(c, at::kFloat, {1e-5, 2e-6, 2e-4}, tensor::device("cuda"));
    testing::expect_golden(c, at::kBFloat16, {4e-2, 1e-2, 0.25}, tensor::device("cuda"));
  }
}

/// A model with the head sizes that real ones have.
std::shared_ptr<Llama> qwen_like(at::ScalarType dtype) {
  const LlamaConfig c{.model_type = "qwen2",
                      .vocab_size = 4096,
                      .hidden_size = 896,
                      .intermediate_size = 4864,
                      .num_hidden_layers = 2,
                      .num_attention_heads = 14,
                      .num_key_value_heads = 2,
                      .head_dim = 64,
                      .max_position_embeddings = 512,
                      .tie_word_embeddings = true,
                      .rope = {.dim = 64, .positions = 512}};
  return std::make_shared<Llama>(c, dtype, 7);
}

std::vector<std::int64_t> random_document(std::int64_t length, std::uint32_t index) {
  core::Rng rng({.seed = 5, .prompt = index});
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < length; ++i) ids.push_back(static_cast<std::int64_t>(rng.below(4096)));
  return ids;
}

TEST(CudaRows, DependOnNothingElseInExactNumerics) {
  R1_NEEDS_CUDA();
  const at::NoGradGuard no_grad;
  const std::shared_ptr<Llama> model = qwen_like(at::kBFloat16);
  model->to(tensor::device("cuda"));
  std::vector<std::vector<std::int64_t>> documents;
  for (std::uint32_t i = 0; i < 9; ++i) documents.push_back(random_document(3 + 41 * i, i));
  const auto logits = [&](const std::vector<std::vector<std::int64_t>>& d) {
    return model->logits(model->final_norm(model->stack(on_device(testing::pack(d), model->device()))));
  };
  const at::Tensor together = logits(documents);
  std::int64_t first = 0;
  for (const auto& d : documents) {
    const auto length = static_cast<std::int64_t>(d.size());
    EXPECT_TRUE(together.narrow(0, first, length).equal(logits({d}))) << "document of " << length;
    first += length;
  }
}

TEST(CudaRows, FastAttentionAgreesWithExact) {
  R1_NEEDS_CUDA();
  const at::NoGradGuard no_grad;
  const std::shared_ptr<Llama> model = qwen_like(at::kBFloat16);
  model->to(tensor::device("cuda"));
  ForwardInput input = on_device(testing::pack({random_document(300, 1), random_document(77, 2)}), model->device());
  const at::Tensor exact = model->stack(input);
  input.ranges.exact = false;
  EXPECT_LT(testing::relative_error(model->stack(input), exact.cpu()), 1e-2);
}

TEST(CudaRows, FastAttentionOfEqualDocumentsHasTheSameGradients) {
  R1_NEEDS_CUDA();
  std::vector<at::Tensor> gradients;
  for (const bool exact : {true, false}) {
    const std::shared_ptr<Llama> model = qwen_like(at::kBFloat16);
    model->to(tensor::device("cuda"));
    ForwardInput input = on_device(testing::pack({random_document(128, 1), random_document(128, 2)}), model->device());
    input.ranges.exact = exact;
    model->stack(input).square().mean().backward();
    gradients.push_back(model->parameters().at(1).tensor->grad());  // q_proj or the first norm: through all attention
  }
  EXPECT_LT(testing::relative_error(gradients[1], gradients[0].cpu()), 3e-2);
}

}  // namespace
}  // namespace r1::model
