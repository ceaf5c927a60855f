// Encoding and decoding: hand-made merges, special tokens, losslessness, a slow reference for the merge loop, threads.
#include "r1/tokenizer/tokenizer.h"

#include <gmock/gmock.h>

#include <thread>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/tokenizer/bpe_trainer.h"

namespace r1::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Ids 0-255 are the bytes themselves; then one token a merge, given as pairs of token texts.
Model model_with(const std::vector<std::pair<std::string, std::string>>& merges) {
  Model model;
  for (int byte = 0; byte < 256; ++byte) model.tokens.emplace_back(1, static_cast<char>(byte));
  const auto id_of = [&](const std::string& token) {
    return static_cast<std::int32_t>(std::find(model.tokens.begin(), model.tokens.end(), token) - model.tokens.begin());
  };
  for (const auto& [left, right] : merges) {
    model.merges.emplace_back(id_of(left), id_of(right));
    model.tokens.push_back(left + right);
  }
  return model;
}

/// Sennrich's loop as written in the paper: merges one rank at a time, each from left to right.
std::vector<std::int32_t> slow_encode(const Model& model, std::string_view piece) {
  std::vector<std::string> symbols;
  for (const char c : piece) symbols.emplace_back(1, c);
  for (const auto& [left, right] : model.merges) {
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (symbols[i] != model.tokens[left] || symbols[i + 1] != model.tokens[right]) continue;
      symbols[i] += symbols[i + 1];
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
  std::vector<std::int32_t> ids;
  for (const std::string& symbol : symbols)
    ids.push_back(
        static_cast<std::int32_t>(std::find(model.tokens.begin(), model.tokens.end(), symbol) - model.tokens.begin()));
  return ids;
}

TEST(Tokenizer, LowestRankFirstThenLeftmost) {
  const Tokenizer t(model_with({{"b", "c"}, {"a", "b"}, {"a", "a"}, {"aa", "bc"}}));
  EXPECT_THAT(t.encode("ab"), ElementsAre(257));
  EXPECT_THAT(t.encode("abc"), ElementsAre('a', 256));  // bc ranks before ab
  EXPECT_THAT(t.encode("aaa"), ElementsAre(258, 'a'));
  EXPECT_THAT(t.encode("aabc"), ElementsAre(259));
  EXPECT_EQ(t.vocab_size(), 260);
}

TEST(Tokenizer, MergesDoNotCrossPieces) {
  Model model = model_with({{"1", "2"}});
  model.split_patterns = {"\\p{N}"};
  EXPECT_THAT(Tokenizer(model).encode("12"), ElementsAre('1', '2'));
}

TEST(Tokenizer, MergeLoopsAgreeWithTheSlowOne) {
  // Every token is reachable by its own merges only, so rank by rank and lowest-rank-first give the same result.
  Model model =
      model_with({{"a", "b"}, {"a", "a"}, {"ab", "ab"}, {"b", "a"}, {"aa", "b"}, {"abab", "abab"}, {"c", "ab"}});
  const Tokenizer t(model);
  core::Rng rng({.seed = 3});
  for (int round = 0; round < 2000; ++round) {
    std::string piece;
    for (std::uint64_t i = 1 + rng.below(80); i > 0; --i)
      piece += static_cast<char>('a' + rng.below(3));  // both loops: 32 bytes
    ASSERT_EQ(t.encode(piece), slow_encode(model, piece)) << piece;
    ASSERT_EQ(t.encode(piece), slow_encode(model, piece)) << piece << " from the cache";
  }
}

TEST(Tokenizer, LongPieceTakesNoQuadraticTime) {
  const Tokenizer t(model_with({{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}}));
  const std::size_t size = 1 << 17;
  EXPECT_EQ(t.encode(std::string(size, 'a')), std::vector<std::int32_t>(size / 8, 258));
}

Tokenizer with_specials() {
  Model model = model_with({{"a", "b"}});
  model.special_tokens = {{"<s>", 300}, {"<s>>", 301}, {"</s>", 302}};
  model.added_tokens = {{"<think>", 303}};
  return Tokenizer(model);
}

TEST(Tokenizer, SpecialTokensLeftmostThenLongest) {
  const Tokenizer t = with_specials();
  EXPECT_THAT(t.encode("ab<s>ab"), ElementsAre(256, 300, 256));
  EXPECT_THAT(t.encode("<s>>"), ElementsAre(301));
  EXPECT_THAT(t.encode("<<s></s>"), ElementsAre('<', 300, 302));
  EXPECT_THAT(t.encode("<think>"), ElementsAre(303));
  EXPECT_THAT(t.encode("<s>", false), ElementsAre('<', 's', '>'));
  EXPECT_THAT(t.encode("a<s>b"), ElementsAre('a', 300, 'b'));
  EXPECT_EQ(t.vocab_size(), 304);
  EXPECT_EQ(t.special_id("</s>"), 302);
  EXPECT_EQ(t.special_id("<think>"), 303);
  EXPECT_EQ(t.special_id("ab"), std::nullopt);
}

TEST(Tokenizer, DecodeWritesOrSkipsSpecialTokens) {
  const Tokenizer t = with_specials();
  const std::vector<std::int32_t> ids = {300, 256, 303, 302};
  EXPECT_EQ(t.decode(ids), "<s>ab<think></s>");
  EXPECT_EQ(t.decode(ids, true), "ab<think>");
}

TEST(Tokenizer, DecodeRefusesIdsWithoutToken) {
  const Tokenizer t = with_specials();
  for (const std::int32_t id : {-1, 304, 299})  // 299 lies between the base vocabulary and the special tokens
    EXPECT_THROW(t.decode(std::vector<std::int32_t>{id}), Error) << id;
}

TEST(Tokenizer, LosslessOnRandomBytes) {
  const std::string corpus = "the cat and the hat, 你好世界 你好 123 456\n\n  def f(x):\n";
  const std::vector<std::string_view> documents(5, corpus);
  const Tokenizer t = train_bpe(documents, {.vocab_size = 320, .num_threads = 1});
  core::Rng rng({.seed = 11});
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::uint64_t i = rng.below(40); i > 0; --i) {
      if (rng.below(4) == 0) text += corpus.substr(rng.below(corpus.size()), rng.below(12));
      if (rng.below(8) == 0) text += "<|eos|>";
      text += static_cast<char>(rng.below(256));
    }
    EXPECT_EQ(t.decode(t.encode(text)), text);
    EXPECT_EQ(t.decode(t.encode(text, false)), text);
  }
  EXPECT_TRUE(t.encode("").empty());
}

TEST(Tokenizer, ManyThreadsGiveTheSameIds) {
  const Tokenizer t(model_with({{"a", "b"}, {"ab", "c"}, {"c", "c"}}));
  std::vector<std::string> texts;
  core::Rng rng({.seed = 7});
  for (int i = 0; i < 200; ++i) {
    texts.emplace_back();
    for (int j = 0; j < 20; ++j) texts.back() += static_cast<char>('a' + rng.below(3));
  }
  std::vector<std::vector<std::int32_t>> expected;
  for (const std::string& text : texts) expected.push_back(t.encode(text));
  std::array<int, 3> differences{};
  std::vector<std::thread> threads;
  for (int& count : differences)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round)
        for (std::size_t i = 0; i < texts.size(); ++i) count += t.encode(texts[i]) != expected[i];
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(differences, ElementsAre(0, 0, 0));
}

TEST(Tokenizer, AByteWithoutATokenIsLeftOutOrUnknown) {
  Model model = model_with({{"a", "b"}});
  model.tokens['x'].clear();
  EXPECT_THAT(Tokenizer(model).encode("axb"), ElementsAre(256));  // as if it was not there: its neighbours merge
  EXPECT_THAT(Tokenizer(model).encode("x"), IsEmpty());
  model.unknown = 'u';
  EXPECT_THAT(Tokenizer(model).encode("axb"), ElementsAre('a', 'u', 'b'));
  EXPECT_THAT(Tokenizer(model).encode("x"), ElementsAre('u'));
}

TEST(Tokenizer, IgnoreMergesTakesAPieceThatIsAToken) {
  Model model = model_with({{"a", "b"}});
  model.tokens.emplace_back("abc");  // no merge makes it
  EXPECT_THAT(Tokenizer(model).encode("abc"), ElementsAre(256, 'c'));
  model.ignore_merges = true;
  EXPECT_THAT(Tokenizer(model).encode("abc"), ElementsAre(257));
  EXPECT_THAT(Tokenizer(model).encode("abcd"), ElementsAre(256, 'c', 'd'));
}

TEST(Tokenizer, InconsistentModelsAreRefused) {
  const auto message = [](const Model& model) {
    try {
      const Tokenizer t(model);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  Model bad_merge = model_with({});
  bad_merge.merges = {{'a', 'b'}};
  EXPECT_THAT(message(bad_merge), HasSubstr("makes ab, which is no token"));
  Model far_merge = model_with({});
  far_merge.merges = {{'a', 999}};
  EXPECT_THAT(message(far_merge), HasSubstr("999"));
  Model repeated = model_with({{"a", "b"}});
  repeated.merges.push_back(repeated.merges[0]);
  EXPECT_THAT(message(repeated), HasSubstr("repeats merge 0"));
  Model twice = model_with({});
  twice.tokens.emplace_back("a");
  EXPECT_THAT(message(twice), HasSubstr("97 and 256"));
  Model shared_id = model_with({});
  shared_id.special_tokens = {{"<a>", 300}, {"<b>", 300}};
  EXPECT_THAT(message(shared_id), HasSubstr("share the id 300"));
  Model same_text = model_with({});
  same_text.special_tokens = {{"<a>", 300}, {"<a>", 301}};
  EXPECT_THAT(message(same_text), HasSubstr("given twice"));
  Model taken = model_with({});
  taken.special_tokens = {{"<a>", 7}};
  EXPECT_THAT(message(taken), HasSubstr("id 7"));
}

}  // namespace
}  // namespace r1::tokenizer
