// Checkpoints from one form to another: transformers' tiny models (tests/golden/llama) through a GGUF file and back,
// bit by bit, with the same logits; what the file holds; types and shards; files that lie are refused.
#include "r1/model/convert.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/families/llama/gguf.h"
#include "r1/weights/gguf.h"
#include "tests/model/converted.h"
#include "tests/model/golden_case.h"

namespace r1::model {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using weights::GgufMetadata;
using weights::GgufReader;
using weights::GgufType;
using weights::SafetensorsReader;

const fs::path kGolden = fs::path(R1_SOURCE_DIR) / "tests/golden/llama";

/// A copy of a golden folder without what is not a model's.
fs::path copied(const char* name, const fs::path& to) {
  fs::copy(kGolden / name, made(to), fs::copy_options::recursive);
  fs::remove(to / "golden.safetensors");
  return to;
}

class ThroughGguf : public ::testing::TestWithParam<const char*> {};

TEST_P(ThroughGguf, TheSameTensorsAndLogits) {
  const fs::path own = own_folder(), before = copied(GetParam(), own / "before"), gguf = own / "x.gguf";
  folder_to_gguf(before, GgufType::F32, {}, gguf);
  gguf_to_folder(gguf, {.bos = 0, .pad = {}, .eos = {1, 7}}, {}, made(own / "after"));
  expect_same_tensors(before, own / "after");
  const auto config = nlohmann::json::parse(core::read_file(own / "after/config.json"));
  EXPECT_EQ(config["eos_token_id"], (nlohmann::json{1, 7}));
  EXPECT_EQ(config["torch_dtype"], "float32");

  const testing::GoldenCase c(kGolden / GetParam(), at::kFloat);
  const std::shared_ptr<Decoder> again = load_hf_folder(own / "after", at::kFloat);
  const at::NoGradGuard no_grad;
  const ForwardInput input = testing::pack(c.sequences);
  EXPECT_LT(testing::relative_error(again->stack(input), c.model->stack(input)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Families, ThroughGguf,
                         ::testing::Values("llama", "llama_bias_llama3", "llama_yarn", "llama_linear", "qwen2",
                                           "qwen2_yarn", "qwen3"));

TEST(Convert, LlamasHeadsAreInterleavedInTheFile) {
  const fs::path own = own_folder();
  folder_to_gguf(kGolden / "llama_bias_llama3", GgufType::F32, {}, own / "x.gguf");
  const GgufReader gguf(own / "x.gguf");
  const SafetensorsReader folder(kGolden / "llama_bias_llama3" / "model.safetensors");
  const at::Tensor file_rows = gguf.load("blk.1.attn_q.weight"), bias = gguf.load("blk.1.attn_q.bias");
  const at::Tensor rows = folder.load("model.layers.1.self_attn.q_proj.weight");
  const at::Tensor folder_bias = folder.load("model.layers.1.self_attn.q_proj.bias");
  for (std::int64_t head = 0; head < 4; ++head)  // of 12 rows each
    for (std::int64_t i = 0; i < 6; ++i)
      for (std::int64_t half = 0; half < 2; ++half) {
        EXPECT_TRUE(at::equal(file_rows[head * 12 + 2 * i + half], rows[head * 12 + half * 6 + i]));
        EXPECT_TRUE(at::equal(bias[head * 12 + 2 * i + half], folder_bias[head * 12 + half * 6 + i]));
      }
  EXPECT_TRUE(at::equal(gguf.load("blk.1.attn_v.weight"), folder.load("model.layers.1.self_attn.v_proj.weight")));
  EXPECT_FALSE(gguf.contains("output.weight"));  // tied
  EXPECT_EQ(gguf.info("rope_freqs.weight").shape, std::vector<std::int64_t>{6});
  EXPECT_EQ(gguf.metadata().integer("llama.attention.head_count_kv"), 1);
  EXPECT_EQ(gguf.metadata().integer("llama.rope.dimension_count"), 12);
}

TEST(Convert, MatricesGetTheTypeAndVectorsStayFloat32) {
  const fs::path own = own_folder();
  folder_to_gguf(kGolden / "qwen2", GgufType::BF16, {}, own / "x.gguf");
  const GgufReader gguf(own / "x.gguf");
  EXPECT_EQ(gguf.info("blk.0.attn_q.weight").type, GgufType::BF16);
  EXPECT_EQ(gguf.info("blk.0.attn_q.bias").type, GgufType::F32);
  EXPECT_EQ(gguf.metadata().integer("general.file_type"), 32);
  gguf_to_folder(own / "x.gguf", {}, {}, made(own / "as_stored"));
  EXPECT_EQ(SafetensorsReader(own / "as_stored").info("model.layers.0.self_attn.q_proj.weight").dtype, at::kBFloat16);
  EXPECT_EQ(SafetensorsReader(own / "as_stored").info("model.norm.weight").dtype, at::kFloat);
  EXPECT_THAT(core::read_file(own / "as_stored/config.json"), HasSubstr("\"torch_dtype\": \"bfloat16\""));
  gguf_to_folder(own / "x.gguf", {}, {.dtype = "f16"}, made(own / "f16"));
  EXPECT_EQ(SafetensorsReader(own / "f16").info("model.norm.weight").dtype, at::kHalf);
}

TEST(Convert, Llama31sFactorsAreFoundAgain) {
  RopeSpec rope{.theta = 500000.0, .dim = 128, .positions = 131072, .type = "llama3", .factor = 8.0};
  rope.original_max_position_embeddings = 8192.0;
  GgufMetadata metadata;
  metadata.set("general.architecture", std::string("llama"));
  const std::pair<const char*, int> sizes[] = {{"context_length", 131072},
                                               {"embedding_length", 512},
                                               {"block_count", 1},
                                               {"feed_forward_length", 64},
                                               {"attention.head_count", 4}};
  for (const auto& [key, value] : sizes) metadata.set(std::string("llama.") + key, static_cast<std::uint32_t>(value));
  metadata.set("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  metadata.set("llama.rope.freq_base", 500000.0F);
  LlamaGgufFacts facts;
  facts.vocab_size = 32;
  facts.tied_head = true;
  for (const double factor : llama3_rope_factors(rope)) facts.rope_factors.push_back(static_cast<float>(factor));
  EXPECT_EQ(facts.rope_factors.front(), 1.0);
  EXPECT_EQ(facts.rope_factors.back(), 8.0);
  const LlamaConfig found = llama_from_gguf(metadata, facts, "x.gguf");
  EXPECT_EQ(found.rope.type, "llama3");
  EXPECT_EQ(found.rope.factor, 8.0);
  EXPECT_EQ(found.rope.original_max_position_embeddings, 8192.0);
  EXPECT_EQ(found.rope.high_freq_factor, 4.0);
  EXPECT_EQ(found.rms_norm_eps, 1e-5);  // not the float's 9.99999974737875e-06
  EXPECT_EQ(found.num_key_value_heads, 4);
  facts.rope_factors[20] = 3.0;
  EXPECT_THROW(llama_from_gguf(metadata, facts, "x.gguf"), UserError);
}

TEST(Convert, FolderToFolderKeepsBytesOrChangesTheType) {
  const fs::path own = own_folder(), before = copied("qwen3", own / "before");
  folder_to_folder(before, {.dtype = "", .max_shard_bytes = 30000}, made(own / "sharded"));
  EXPECT_FALSE(fs::exists(own / "sharded/model.safetensors"));
  expect_same_tensors(before, own / "sharded");
  EXPECT_EQ(core::read_file(before / "config.json"), core::read_file(own / "sharded/config.json"));
  folder_to_folder(own / "sharded", {}, made(own / "one"));
  folder_to_folder(before, {}, made(own / "other"));
  EXPECT_EQ(core::read_file(own / "one/model.safetensors"), core::read_file(own / "other/model.safetensors"));

  folder_to_folder(before, {.dtype = "bf16"}, made(own / "bf16"));
  const SafetensorsReader full(before), half(own / "bf16");
  for (const std::string& name : full.names())
    EXPECT_TRUE(at::equal(half.load(name), full.load(name).to(at::kBFloat16))) << name;
  EXPECT_EQ(nlohmann::json::parse(core::read_file(own / "bf16/config.json"))["dtype"], "bfloat16");
  EXPECT_THROW(folder_to_folder(before, {.dtype = "f8"}, made(own / "f8")), UserError);
}

/// What the reader says of a good file changed by `change`.
class LyingGguf : public ::testing::Test {
 protected:
  using Change = std::function<void(GgufMetadata&, std::vector<weights::GgufOutput>&)>;
  LyingGguf() : own_(own_folder()) { folder_to_gguf(kGolden / "llama", GgufType::F32, {}, own_ / "good.gguf"); }

  std::string complaint(const Change& change) {
    const GgufReader good(own_ / "good.gguf");
    GgufMetadata metadata = good.metadata();
    std::vector<weights::GgufOutput> tensors;
    for (const std::string& name : good.names())
      tensors.push_back(weights::gguf_output(name, good.load(name), GgufType::F32));
    change(metadata, tensors);
    weights::write_gguf(own_ / "bad.gguf", tensors, metadata);
    try {
      gguf_to_folder(own_ / "bad.gguf", {}, {}, made(own_ / "out"));
    } catch (const UserError& e) {
      EXPECT_THAT(e.what(), HasSubstr("bad.gguf"));
      return e.what();
    }
    return "accepted";
  }
  std::string complaint_of_key(const std::string& key, const weights::GgufValue& value) {
    return complaint([&](GgufMetadata& metadata, auto&) { metadata.set(key, value); });
  }

  fs::path own_;
};

TEST_F(LyingGguf, IsRefusedByKey) {
  EXPECT_EQ(complaint([](auto&, auto&) {}), "accepted");
  EXPECT_THAT(complaint_of_key("general.architecture", std::string("mamba")), HasSubstr("'mamba' is not supported"));
  EXPECT_THAT(complaint_of_key("llama.expert_count", std::uint32_t{8}), HasSubstr("llama.expert_count is 8"));
  EXPECT_THAT(complaint_of_key("llama.rope.dimension_count", std::uint32_t{4}), HasSubstr("rope.dimension_count is 4"));
  EXPECT_THAT(complaint_of_key("llama.attention.head_count", std::uint32_t{0}), HasSubstr("num_attention_heads"));
  EXPECT_THAT(complaint_of_key("llama.block_count", std::uint32_t{9}), HasSubstr("'blk.2.attn_norm.weight'"));
  EXPECT_THAT(complaint_of_key("llama.block_count", std::uint32_t{1}), HasSubstr("is none of this architecture's"));
  EXPECT_THAT(complaint_of_key("llama.feed_forward_length", std::uint32_t{5}), HasSubstr("the configuration asks for"));
  EXPECT_THAT(complaint_of_key("llama.rope.scaling.type", std::string("longrope")), HasSubstr("'longrope'"));
  EXPECT_THAT(complaint_of_key("llama.attention.sliding_window", std::uint32_t{8}), HasSubstr("sliding_window 8"));
}

TEST_F(LyingGguf, IsRefusedByTensor) {
  EXPECT_THAT(complaint([](auto&, auto& tensors) {
                std::erase_if(tensors, [](const auto& t) { return t.name == "blk.1.ffn_up.weight"; });
              }),
              HasSubstr("no tensor 'blk.1.ffn_up.weight'"));
  EXPECT_THAT(complaint([](auto&, auto& tensors) {
                tensors.push_back(weights::gguf_output("blk.0.other", at::ones({2}), GgufType::F32));
              }),
              AllOf(HasSubstr("'blk.0.other'"), HasSubstr("none of this architecture's")));
  EXPECT_THAT(
      complaint([](auto&, auto& tensors) {
        tensors.push_back(weights::gguf_output("rope_freqs.weight", at::arange(2).to(at::kFloat), GgufType::F32));
      }),
      HasSubstr("rope_freqs.weight"));
}

TEST(Convert, WhatF16CannotHoldIsRefused) {
  const fs::path own = own_folder(), before = copied("llama", own / "before");
  weights::NamedTensors tensors;
  const SafetensorsReader reader(kGolden / "llama" / "model.safetensors");
  for (const std::string& name : reader.names()) tensors.emplace_back(name, reader.load(name));
  tensors[0].second = tensors[0].second * 1e9;
  weights::write_safetensors(before / "model.safetensors", tensors);
  try {
    folder_to_folder(before, {.dtype = "f16"}, made(own / "f16"));
    FAIL() << "accepted";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), AllOf(HasSubstr(tensors[0].first), HasSubstr("f16 can't hold")));
  }
}

}  // namespace
}  // namespace r1::model
