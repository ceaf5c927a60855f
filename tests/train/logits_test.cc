// write_logits against transformers' logits, loss and gradients (tools/golden/), under their names on disk.
#include "r1/train/logits.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "tests/model/golden_case.h"

namespace r1::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kGolden = fs::path(R1_SOURCE_DIR) / "tests/golden";

/// A name of this test's own in the temporary folder.
fs::path scratch(const std::string& name) {
  std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::replace(test.begin(), test.end(), '/', '_');
  return fs::path(::testing::TempDir()) / ("r1_logits_" + test + "_" + name);
}

/// The golden case's own ids as --ids takes them.
std::string ids_file(const weights::SafetensorsReader& golden) {
  nlohmann::json lists = nlohmann::json::array();
  for (const char* key : {"ids.0", "ids.1"}) {
    const at::Tensor ids = golden.load(key);
    const std::int64_t* p = ids.const_data_ptr<std::int64_t>();
    lists.push_back(std::vector<std::int64_t>(p, p + ids.numel()));
  }
  core::write_file_atomic(scratch("ids.json"), lists.dump());
  return scratch("ids.json").string();
}

struct Case {
  const char* folder;
  const char* dtype;
  double logits, loss, gradients;  // relative tolerances
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.folder << " " << c.dtype; }

class LogitsGolden : public ::testing::TestWithParam<Case> {};

TEST_P(LogitsGolden, LogitsLogprobsLossAndGradients) {
  const Case& c = GetParam();
  const weights::SafetensorsReader golden(kGolden / c.folder / "golden.safetensors");
  const fs::path file = scratch("out.safetensors");
  const LogitsReport report = write_logits(
      kGolden / c.folder, {.ids = ids_file(golden), .out = file.string(), .grads = true, .dtype = c.dtype});
  const weights::SafetensorsReader out(file);
  std::int64_t predicted = 0;
  double nll = 0.0;
  for (const char* number : {"0", "1"}) {
    const at::Tensor want = golden.load(std::string("logits.") + number);
    const at::Tensor got = out.load(std::string("logits.") + number);
    EXPECT_LT(model::testing::relative_error(got, want), c.logits);
    const at::Tensor logprobs = out.load(std::string("logprobs.") + number);
    ASSERT_EQ(logprobs.numel(), want.size(0) - 1);
    predicted += logprobs.numel();
    nll -= logprobs.to(at::kDouble).sum().item<double>();
  }
  EXPECT_EQ(report.predicted, predicted);
  EXPECT_EQ(report.loss, out.load("loss").item<double>());
  EXPECT_NEAR(report.loss, nll / static_cast<double>(predicted), 1e-12 * report.loss);
  const double loss = golden.load("loss").item<double>();
  EXPECT_NEAR(report.loss, loss, c.loss * loss);
  int compared = 0;
  for (const std::string& name : golden.names()) {
    if (!name.starts_with("grad.")) continue;
    EXPECT_LT(model::testing::relative_error(out.load(name), golden.load(name)), c.gradients) << name;
    ++compared;
  }
  EXPECT_GT(compared, 15);
}

INSTANTIATE_TEST_SUITE_P(
    Families, LogitsGolden,
    ::testing::Values(Case{"llama/llama", "f64", 1e-9, 1e-9, 1e-9}, Case{"llama/llama", "f32", 1e-5, 1e-6, 1e-4},
                      Case{"llama/llama_bias_llama3", "f64", 1e-9, 1e-9, 1e-9},
                      Case{"llama/qwen2", "f64", 1e-9, 1e-9, 1e-9}, Case{"llama/qwen3", "f64", 1e-9, 1e-9, 1e-9},
                      Case{"deepseek_v3/moe", "f64", 1e-9, 1e-9, 1e-7},  // its gradients are rounded to float32
                      Case{"deepseek_v3/moe", "f32", 1e-5, 2e-6, 2e-4}, Case{"llama/llama", "bf16", 4e-2, 1e-2, 1e-1}));

TEST(Logits, GradientsOfTrainedParametersOnly) {
  const weights::SafetensorsReader golden(kGolden / "deepseek_v3/mtp/golden.safetensors");
  const fs::path folder = kGolden / "deepseek_v3/mtp", file = scratch("out.safetensors");
  const std::string ids = ids_file(golden);
  write_logits(folder, {.ids = ids, .out = file.string()});
  EXPECT_EQ(weights::SafetensorsReader(file).names().size(), 5U);  // two lists and the loss

  write_logits(folder, {.ids = ids, .out = file.string(), .grads = true});
  const weights::SafetensorsReader out(file);
  const std::shared_ptr<model::Decoder> model = model::load_hf_folder(folder, at::kFloat);
  for (const auto& [name, parameter] : model::hf_tensors(*model))
    EXPECT_EQ(out.contains("grad." + name), !name.ends_with("e_score_correction_bias")) << name;
  const std::string mtp = "grad.model.layers.2.eh_proj.weight";
  EXPECT_EQ(out.load(mtp).abs().max().item<float>(), 0.0F);  // the loss does not reach it
}

TEST(Logits, OneIdHasLogitsAndPredictsNothing) {
  const fs::path file = scratch("out.safetensors"), ids = scratch("ids.json");
  core::write_file_atomic(ids, "[[5], [5, 7]]");
  const LogitsReport report = write_logits(kGolden / "llama/llama", {.ids = ids.string(), .out = file.string()});
  EXPECT_EQ(report.predicted, 1);
  const weights::SafetensorsReader out(file);
  EXPECT_EQ(out.load("logprobs.0").numel(), 0);
  EXPECT_LT(model::testing::relative_error(out.load("logits.0"), out.load("logits.1").narrow(0, 0, 1)), 1e-6);
}

TEST(Logits, BadInputIsOneClearLine) {
  const fs::path file = scratch("out.safetensors"), ids = scratch("ids.json");
  fs::remove(file);  // of an earlier run
  const auto refusal = [&](const std::string& text, const std::string& dtype = "f32") -> std::string {
    core::write_file_atomic(ids, text);
    try {
      write_logits(kGolden / "llama/llama", {.ids = ids.string(), .out = file.string(), .dtype = dtype});
    } catch (const UserError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(refusal("[[1, 2"), HasSubstr("ids.json: not valid JSON"));
  EXPECT_THAT(refusal("{}"), HasSubstr("a list of lists"));
  EXPECT_THAT(refusal("[]"), HasSubstr("a list of lists"));
  EXPECT_THAT(refusal("[1, 2]"), HasSubstr("entry 0 is 1"));
  EXPECT_THAT(refusal("[[1, 2], []]"), HasSubstr("entry 1 is an empty list"));
  EXPECT_THAT(refusal("[[1, -2]]"), HasSubstr("list 0, position 1: -2"));
  EXPECT_THAT(refusal("[[1, 2.0]]"), HasSubstr("2.0 is no token id"));
  EXPECT_THAT(refusal("[[1, \"a\"]]"), HasSubstr("\"a\" is no token id"));
  EXPECT_THAT(refusal("[[1, 18446744073709551615]]"), HasSubstr("no token id"));
  EXPECT_THAT(refusal("[[1], [2, 61]]"),
              HasSubstr("list 1, position 1: id 61 is outside of the model's vocabulary of 61"));
  EXPECT_THAT(refusal("[[1], [2]]"), HasSubstr("nothing to predict"));
  EXPECT_THAT(refusal(nlohmann::json({std::vector<int>(65, 1)}).dump()), HasSubstr("65 ids; the model takes 64"));
  EXPECT_THAT(refusal("[[1, 2]]", "f16"), HasSubstr("--dtype f16"));
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(refusal("[[1, 2]]"), "");
}

}  // namespace
}  // namespace r1::train
