// Small tokenizer files of the kinds that published models have (golden/families/, made by
// tools/golden/tokenizer_families.py): ids equal to those of the libraries they belong to, `tokenizers` and `tiktoken`.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "r1/core/fs.h"
#include "r1/tokenizer/nfc.h"
#include "r1/tokenizer/tiktoken.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {
namespace {

using nlohmann::json;

const std::filesystem::path kFamilies = std::filesystem::path(R1_SOURCE_DIR) / "tests/tokenizer/golden/families";

Tokenizer load_family(const std::string& name) {
  if (name != "tiktoken") return Tokenizer::load(kFamilies / (name + ".json"));
  return load_tiktoken(kFamilies / "ranks.tiktoken", "llama3", read_special_tokens(kFamilies / "special_tokens.json"));
}

void expect_golden_ids(const Tokenizer& tokenizer, const std::string& name) {
  const json golden = json::parse(core::read_file(kFamilies / "cases.json"));
  const json& texts = golden.at("texts");
  ASSERT_GT(texts.size(), 100U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto text = texts[i].get<std::string>();
    EXPECT_EQ(tokenizer.encode(text), golden.at(name)[i].get<std::vector<std::int32_t>>()) << text;
  }
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, SameIdsAsTheirLibrary) { expect_golden_ids(load_family(GetParam()), GetParam()); }

TEST_P(Families, WrittenAndReadAgain) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / (std::string("r1_family_") + GetParam());
  core::write_file_atomic(file, load_family(GetParam()).to_json());
  expect_golden_ids(Tokenizer::load(file), GetParam());
  std::filesystem::remove(file);
}

TEST_P(Families, TextComesBack) {
  const Tokenizer tokenizer = load_family(GetParam());
  if (std::string(GetParam()) == "smollm2") GTEST_SKIP() << "some bytes have no token";
  for (const std::string text : {"e\u0301 \u212b", "x\u0323\u0301", "a\x04\xff\xc0z", "한글 \r\n"})
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), tokenizer.model().nfc ? to_nfc(text) : text);
}

INSTANTIATE_TEST_SUITE_P(Files, Families, testing::Values("gpt2", "smollm2", "llama3", "qwen2", "tiktoken"));

}  // namespace
}  // namespace r1::tokenizer
