// Training by hand on tiny texts, ties, limits, threads, and the same merges as the `tokenizers` library's trainer
// (golden/).
#include "r1/tokenizer/bpe_trainer.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"

namespace r1::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kGolden = std::filesystem::path(R1_SOURCE_DIR) / "tests/tokenizer/golden";

/// The merges as the tokens they make.
std::vector<std::string> merged(const Tokenizer& t) {
  std::vector<std::string> out;
  for (const auto& [left, right] : t.model().merges)
    out.push_back(t.model().tokens[left] + "+" + t.model().tokens[right]);
  return out;
}

BpeConfig small(std::int64_t merges, std::int64_t min_frequency = 1) {
  return {.vocab_size = 256 + merges,
          .special_tokens = {},
          .pattern = "\\S+",
          .min_frequency = min_frequency,
          .num_threads = 1};
}

TEST(BpeTrainer, MostFrequentPairFirst) {
  // low x5, lower x2, newest x6, widest x3: the example of Sennrich et al. 2016. es 9, then es+t 9, then lo 7, lo+w 7,
  // ...
  std::string text;
  for (const auto& [word, count] :
       std::vector<std::pair<std::string, int>>{{"low", 5}, {"lower", 2}, {"newest", 6}, {"widest", 3}})
    for (int i = 0; i < count; ++i) text += word + " ";
  EXPECT_THAT(merged(train_bpe({text}, small(6))), ElementsAre("e+s", "es+t", "l+o", "lo+w", "e+w", "n+ew"));
}

TEST(BpeTrainer, TiesGoToTheSmallerIds) {
  EXPECT_THAT(merged(train_bpe({"zz yy ba ab"}, small(4))), ElementsAre("a+b", "b+a", "y+y", "z+z"));
}

TEST(BpeTrainer, OverlapsCountOncePerMerge) {
  // aaaa: (a,a) 3 times; merged left to right into aa aa, then aaaa.
  EXPECT_THAT(merged(train_bpe({"aaaa aaaa"}, small(9, 2))), ElementsAre("a+a", "aa+aa"));
}

TEST(BpeTrainer, StopsAtMinFrequency) {
  const Tokenizer t = train_bpe({"ab ab cd"}, small(10, 2));
  EXPECT_THAT(merged(t), ElementsAre("a+b"));
  EXPECT_EQ(t.vocab_size(), 257);
}

TEST(BpeTrainer, SpecialTokensGetTheFirstIdsAndAreNotLearned) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "<|eos|>ab";
  const Tokenizer t = train_bpe({text}, {.vocab_size = 300, .num_threads = 1});
  EXPECT_EQ(t.special_id("<|bos|>"), 0);
  EXPECT_EQ(t.special_id("<|eos|>"), 1);
  EXPECT_EQ(t.special_id("<|pad|>"), 2);
  EXPECT_EQ(t.model().tokens[3], "!");
  EXPECT_THAT(merged(t), ElementsAre("a+b"));
  EXPECT_EQ(t.encode("<|eos|>"), std::vector<std::int32_t>{1});
  EXPECT_EQ(t.encode("<|eos|>", false).size(), 7U);
}

TEST(BpeTrainer, PatternNames) {
  EXPECT_THAT(train_bpe({"a"}, {.pattern = "deepseek_v3"}).model().split_patterns,
              testing::ElementsAreArray(deepseek_v3_patterns()));
  const auto single = train_bpe({"a"}, {.pattern = "single_digits"}).model().split_patterns;
  EXPECT_THAT(single, ElementsAre("\\p{N}", deepseek_v3_patterns()[1], deepseek_v3_patterns()[2]));
  EXPECT_THAT(train_bpe({"a"}, {.pattern = "x+"}).model().split_patterns, ElementsAre("x+"));
}

TEST(BpeTrainer, EncodesItsTextAsItMergedIt) {
  // What training made of a piece is what encoding makes of it: with all pairs merged each word is one token.
  const Tokenizer t = train_bpe({"banana bandana cabana", "nab ban"}, small(100));
  for (const char* word : {"banana", "bandana", "cabana", "nab", "ban"}) EXPECT_EQ(t.encode(word).size(), 1U) << word;
}

TEST(BpeTrainer, ThreadsDoNotMatter) {
  core::Rng rng({.seed = 2});
  std::vector<std::string> documents(12);
  for (std::string& document : documents)
    for (int i = 0; i < 4000; ++i) {
      for (std::uint64_t letters = 1 + rng.below(5); letters > 0; --letters)
        document += static_cast<char>('a' + rng.below(1 + rng.below(12)));
      document += rng.below(9) == 0 ? '\n' : ' ';
    }
  documents[0] +=
      std::string(1 << 20, '7') + "\n" + documents[1];  // over the size at which a document is counted in parts
  const std::vector<std::string_view> views(documents.begin(), documents.end());
  BpeConfig config{.vocab_size = 400, .num_threads = 1};
  const std::string one = train_bpe(views, config).to_json();
  for (const std::int64_t num_threads : {2, 3, 0}) {
    config.num_threads = num_threads;
    EXPECT_EQ(train_bpe(views, config).to_json(), one) << num_threads << " threads";
  }
}

TEST(BpeTrainer, AnyBytesAndNoBytes) {
  EXPECT_EQ(train_bpe({}, small(5)).vocab_size(), 256);
  const Tokenizer t = train_bpe({"\xff\xfe\xff\xfe", "\xff\xfe"}, small(1));
  EXPECT_THAT(merged(t), ElementsAre("\xff+\xfe"));
}

TEST(BpeTrainer, BadConfigurationsSayWhatToDo) {
  const auto message = [](const BpeConfig& config) {
    try {
      train_bpe({"text"}, config);
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(message({.vocab_size = 258}), HasSubstr("vocab_size 258 must be 259"));
  EXPECT_THAT(message({.special_tokens = {"<a>", "<a>"}}), HasSubstr("<a> is given twice"));
  EXPECT_THAT(message({.special_tokens = {""}}), HasSubstr("empty"));
  EXPECT_THAT(message({.pattern = "("}), HasSubstr("pattern ("));
  EXPECT_THAT(message({.num_threads = -1}), HasSubstr("num_threads -1"));
  EXPECT_EQ(message({.vocab_size = 259}), "");
}

TEST(BpeTrainer, SameMergesAsTheTokenizersLibrary) {
  const nlohmann::json golden = nlohmann::json::parse(core::read_file(kGolden / "golden.json"));
  const auto corpus = golden.at("corpus").get<std::vector<std::string>>();
  const std::vector<std::string_view> documents(corpus.begin(), corpus.end());
  const Tokenizer t =
      train_bpe(documents, {.vocab_size = golden.at("vocab_size").get<std::int64_t>(), .num_threads = 2});
  const auto file = nlohmann::json::parse(t.to_json());
  ASSERT_EQ(file.at("model").at("merges"), golden.at("merges"));
  EXPECT_EQ(t.to_json(), core::read_file(kGolden / "tokenizer.json"));
}

}  // namespace
}  // namespace r1::tokenizer
