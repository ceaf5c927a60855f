// An adapter from end to end by the verbs: trained, asked, continued, merged; and the one line that mistakes get.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "r1/cli/verbs.h"
#include "r1/core/fs.h"
#include "r1/model/adapter_config.h"
#include "r1/weights/safetensors.h"
#include "tests/cli/tiny_checkpoint.h"

namespace r1::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Outcome {
  int code = 0;
  std::string out, err;
};

class AdapterVerbs : public TinyCheckpoint {
 protected:
  AdapterVerbs() {
    tokenizer::Model tokens = tiny_tokenizer();  // a name for every id that the model can sample
    for (std::int32_t id = 46; id < 61; ++id) tokens.added_tokens.emplace_back(fmt::format("<{}>", id), id);
    core::write_file_atomic(folder_ / "tokenizer.json", tokenizer::Tokenizer(tokens).to_json());
    std::string lines;
    for (int i = 0; i < 40; ++i)
      lines += R"({"prompt": "the )" + std::to_string(i % 7) +
               R"(", "completion": "cat"})"
               "\n";
    core::write_file_atomic(own_ / "data.jsonl", lines);
    core::write_file_atomic(own_ / "ids.json", "[[1, 2, 3, 4, 5], [6, 7, 8]]");
  }
  static Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), "r1");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = run_program(static_cast<int>(argv.size()), argv.data());
    std::fflush(stdout);
    outcome.out = ::testing::internal::GetCapturedStdout();
    outcome.err = ::testing::internal::GetCapturedStderr();
    return outcome;
  }
  Outcome sft(const fs::path& model, const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> words = {"sft",
                                      model,
                                      "--data",
                                      own_ / "data.jsonl",
                                      "--out",
                                      own_ / out,
                                      "--row_length",
                                      "32",
                                      "--rows_per_step",
                                      "4",
                                      "--epochs",
                                      "4",
                                      "--optimizer.learning_rate",
                                      "0.02"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  at::Tensor logits(std::vector<std::string> model) {
    model.insert(model.begin(), "logits");
    for (const std::string& word : {std::string("--ids"), (own_ / "ids.json").string(), std::string("--out"),
                                    (own_ / "out.safetensors").string()})
      model.push_back(word);
    const Outcome outcome = run(model);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return weights::SafetensorsReader(own_ / "out.safetensors").load("logits.0").clone();
  }
  static void expect_refusal(const Outcome& outcome, const std::string& said) {
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(said));
  }
};

TEST_F(AdapterVerbs, TrainedAskedContinuedAndMerged) {
  const Outcome trained =
      sft(folder_, "adapter",
          {"--adapter.type", "lora", "--adapter.r", "4", "--adapter.target_modules", "q_proj,down_proj"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("parameters are trained"));
  const auto json = nlohmann::json::parse(core::read_file(own_ / "adapter/adapter_config.json"));
  EXPECT_EQ(json["target_modules"], (nlohmann::json{"down_proj", "q_proj"}));
  EXPECT_EQ(json["base_model_name_or_path"], folder_.string());

  const std::string adapter = own_ / "adapter";
  const at::Tensor plain = logits({folder_}), by_option = logits({folder_, "--adapter", adapter}),
                   by_path = logits({adapter});
  EXPECT_TRUE(by_option.equal(by_path));
  EXPECT_FALSE(by_option.allclose(plain, 1e-3, 1e-3));
  for (const std::vector<std::string>& merge :
       {std::vector<std::string>{"convert", adapter, own_ / "merged"},
        std::vector<std::string>{"convert", folder_, own_ / "merged2", "--adapter", adapter}}) {
    const Outcome merged = run(merge);
    ASSERT_EQ(merged.code, 0) << merged.err;
    EXPECT_TRUE(logits({merge[2]}).allclose(by_path, 1e-4, 1e-5));
    EXPECT_TRUE(fs::exists(fs::path(merge[2]) / "tokenizer.json"));
  }
  const auto say = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "generate");
    for (const char* word : {"--prompt", "the 1", "--temperature", "0", "--max_new_tokens", "4"})
      words.emplace_back(word);
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_EQ(say({adapter}), say({own_ / "merged"}));
  EXPECT_NE(say({adapter}), say({folder_}));
  const Outcome more = sft(adapter, "more", {});
  ASSERT_EQ(more.code, 0) << more.err;
  EXPECT_TRUE(fs::exists(own_ / "more/adapter_model.safetensors"));
  EXPECT_NE(core::read_file(own_ / "more/adapter_model.safetensors"),
            core::read_file(own_ / "adapter/adapter_model.safetensors"));
}

TEST_F(AdapterVerbs, VirtualTokens) {
  const Outcome trained = sft(folder_, "prompt",
                              {"--adapter.type", "prompt_tuning", "--adapter.num_virtual_tokens", "3",
                               "--adapter.prompt_tuning_init_text", "the cat"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_FALSE(logits({own_ / "prompt"}).allclose(logits({folder_}), 1e-3, 1e-3));
  const Outcome said = run({"generate", own_ / "prompt", "--prompt", "the 1", "--max_new_tokens", "4", "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  expect_refusal(run({"convert", own_ / "prompt", own_ / "merged"}), "virtual tokens are no part of a model's weights");
  EXPECT_FALSE(fs::exists(own_ / "merged"));
}

TEST_F(AdapterVerbs, MistakesAreOneLine) {
  expect_refusal(sft(folder_, "a", {"--adapter.type", "ia3"}), "--adapter.type 'ia3'");
  expect_refusal(sft(folder_, "a", {"--adapter.type", "lora", "--adapter.target_modules", "query"}),
                 "sft.adapter.target_modules: 'query' is no linear layer");
  expect_refusal(sft(folder_, "a", {"--adapter.type", "lora", "--adapter.lora_dropout", "0.1"}), "lora_dropout is 0.1");
  expect_refusal(sft(folder_, "a", {"--freeze", "nothing.*"}), "sft.freeze: 'nothing.*' matches no parameter");
  expect_refusal(run({"generate", folder_, "--adapter", own_ / "absent", "--prompt", "the"}),
                 "absent/adapter_config.json");
  EXPECT_FALSE(fs::exists(own_ / "a"));

  fs::create_directories(own_ / "elsewhere");
  const fs::path golden = fs::path(R1_SOURCE_DIR) / "tests/golden/adapters/llama";
  fs::copy(golden / "adapter_model.safetensors", own_ / "elsewhere/adapter_model.safetensors");
  std::string config = core::read_file(golden / "adapter_config.json");
  const std::string base = "tests/golden/llama/llama";
  core::write_file_atomic(own_ / "elsewhere/adapter_config.json",
                          config.replace(config.find(base), base.size(), "org/model"));
  expect_refusal(run({"generate", own_ / "elsewhere", "--prompt", "the"}),
                 "its base_model_name_or_path 'org/model' is no folder here; name the base and give --adapter");
  EXPECT_EQ(run({"generate", folder_, "--adapter", own_ / "elsewhere", "--prompt", "the"}).code, 0);
  expect_refusal(run({"convert", folder_, own_ / "x.gguf", "--adapter", own_ / "elsewhere"}), "into a folder first");
}

}  // namespace
}  // namespace r1::cli
