// The corpus has the shares it was asked for, each style its form, and no held-out problem.
#include "r1/data/problems/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "r1/core/error.h"
#include "r1/core/hash.h"

namespace r1::data {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

CorpusConfig small_config() {
  CorpusConfig config;
  config.num_documents = 4000;
  return config;
}

std::string answer_of(const CorpusDocument& document) {
  const std::string& text = document.completion_text;
  const std::size_t open = text.find("<answer>");
  if (open == std::string::npos) return text;
  return text.substr(open + 8, text.find("</answer>") - open - 8);
}

TEST(Corpus, HasTheSharesOfItsConfig) {
  std::map<std::string, double> counts;
  double direct_right = 0;
  double empty_think = 0;
  double chinese = 0;
  for (const CorpusDocument& d : make_corpus(small_config(), 1, {})) {
    ++counts[style_name(d.style)];
    const bool right = answer_of(d) == d.problem.answer;
    chinese += d.problem.language == "zh" ? 1 : 0;
    switch (d.style) {
      case DocumentStyle::Careful:
      case DocumentStyle::CarefulMixed:
      case DocumentStyle::CarefulReflective:
        ASSERT_TRUE(right) << d.completion_text;
        break;
      case DocumentStyle::Sloppy:
      case DocumentStyle::Rambling:
        ASSERT_FALSE(right) << d.completion_text;
        break;
      case DocumentStyle::Direct:
        empty_think += d.completion_text.find("<think></think><answer>") == 0 ? 1 : 0;
        [[fallthrough]];
      case DocumentStyle::DirectUntagged:
        direct_right += right ? 1 : 0;
        break;
    }
    EXPECT_EQ(d.style == DocumentStyle::DirectUntagged, d.completion_text.find('<') == std::string::npos);
  }
  const double direct = counts["direct"] + counts["direct_untagged"];
  EXPECT_NEAR(direct / 4000, 0.65, 0.03);
  EXPECT_NEAR(counts["sloppy"] / 4000, 0.12, 0.02);
  EXPECT_NEAR(counts["careful"] / 4000, 0.23, 0.03);
  EXPECT_NEAR(counts["direct_untagged"] / direct, 0.2, 0.03);
  EXPECT_NEAR(direct_right / direct, 0.25, 0.03);
  EXPECT_NEAR(empty_think / counts["direct"], 0.5, 0.04);
  EXPECT_NEAR(chinese / 4000, 0.2, 0.03);
}

TEST(Corpus, BareDocumentsAreTheThoughtsOfTaggedOnes) {
  CorpusConfig tagged = small_config();
  tagged.families = {"chain_sum", "mixed_ops"};
  CorpusConfig some_bare = tagged;
  some_bare.bare_share = 0.4;
  int careful = 0, bare = 0;
  for (std::int64_t i = 0; i < 4000; ++i) {
    const CorpusDocument a = corpus_document(tagged, 1, i, {}), b = corpus_document(some_bare, 1, i, {});
    if (a.style != DocumentStyle::Careful) {
      EXPECT_EQ(a.completion_text, b.completion_text);
      continue;
    }
    ++careful;
    if (a.completion_text == b.completion_text) continue;
    ++bare;
    EXPECT_EQ(a.completion_text, "<think>" + b.completion_text + "</think><answer>" + a.problem.answer + "</answer>");
    EXPECT_TRUE(b.completion_text.ends_with(a.problem.answer)) << b.completion_text;
  }
  EXPECT_NEAR(static_cast<double>(bare) / careful, 0.4, 0.06);
}

TEST(Corpus, DocumentsStandAloneAndRepeat) {
  const CorpusConfig config = small_config();
  const std::vector<CorpusDocument> all = make_corpus(config, 9, {});
  for (const std::int64_t i : {0, 17, 3999}) {
    const CorpusDocument one = corpus_document(config, 9, i, {});
    EXPECT_EQ(one.prompt_text, all[i].prompt_text);
    EXPECT_EQ(one.completion_text, all[i].completion_text);
    EXPECT_EQ(to_json_line(one.problem), to_json_line(all[i].problem));
    EXPECT_THAT(one.prompt_text, StartsWith("User: " + one.problem.prompt + "\nAssistant: "));
  }
  EXPECT_NE(all[17].prompt_text, corpus_document(config, 10, 17, {}).prompt_text);
}

TEST(Corpus, NeverHoldsAnExcludedProblem) {
  CorpusConfig config = small_config();
  config.levels = {1};
  ExcludedHashes excluded;
  exclude(make_problem_split(config, 1, "test", 400, {}), excluded);
  int would_hold = 0;
  for (const CorpusDocument& d : make_corpus(config, 1, {}))
    would_hold += excluded.contains(content_hash(d.problem)) ? 1 : 0;
  EXPECT_GT(would_hold, 50);  // so the exclusion has something to do
  for (const CorpusDocument& d : make_corpus(config, 1, excluded))
    ASSERT_FALSE(excluded.contains(content_hash(d.problem)));
}

TEST(Corpus, SharesDoNotChangeTheProblems) {
  CorpusConfig careful = small_config();
  careful.direct_share = 0.0;
  careful.sloppy_share = 0.0;
  for (std::int64_t i = 0; i < 20; ++i)
    EXPECT_EQ(corpus_document(careful, 1, i, {}).prompt_text, corpus_document(small_config(), 1, i, {}).prompt_text);
}

CorpusConfig narrated_config() {
  CorpusConfig config = small_config();
  config.direct_share = 0.2;
  config.sloppy_share = 0.3;
  config.narrated = true;
  config.mixed_share = 0.4;
  config.reflection_share = 0.2;
  config.rambling_share = 0.5;
  return config;
}

bool has_english(const std::string& text) {
  return text.find(" then ") != text.npos || text.find(" so ") != text.npos || text.find("first ") != text.npos;
}
bool has_chinese(const std::string& text) {
  return text.find("再") != text.npos || text.find("所以") != text.npos || text.find("先") != text.npos;
}
bool has_reflection(const std::string& text) {
  return text.find(" wait ") != text.npos || text.find("等等") != text.npos;
}

TEST(Corpus, NarratedStylesHaveTheirShares) {
  std::map<std::string, double> counts;
  std::map<std::string, double> length;
  for (const CorpusDocument& d : make_corpus(narrated_config(), 1, {})) {
    const std::string style = style_name(d.style);
    ++counts[style];
    length[style] += static_cast<double>(d.completion_text.size());
    EXPECT_EQ(d.completion_text.find(';'), std::string::npos) << d.completion_text;
    EXPECT_EQ(has_reflection(d.completion_text), d.style == DocumentStyle::CarefulReflective) << d.completion_text;
    if (style.starts_with("careful")) {
      EXPECT_EQ(answer_of(d), d.problem.answer);
    } else if (style == "sloppy" || style == "rambling") {
      EXPECT_NE(answer_of(d), d.problem.answer);
    }
    if (style != "careful") continue;
    EXPECT_EQ(has_english(d.completion_text), d.problem.language == "en") << d.completion_text;
    EXPECT_EQ(has_chinese(d.completion_text), d.problem.language == "zh") << d.completion_text;
  }
  const double careful = counts["careful"] + counts["careful_mixed"] + counts["careful_reflective"];
  EXPECT_NEAR(careful / 4000, 0.5, 0.03);
  EXPECT_NEAR(counts["careful_mixed"] / careful, 0.4, 0.04);
  EXPECT_NEAR(counts["careful_reflective"] / careful, 0.2, 0.03);
  EXPECT_NEAR(counts["rambling"] / (counts["rambling"] + counts["sloppy"]), 0.5, 0.05);
  EXPECT_GT(length["rambling"] / counts["rambling"], 2.0 * length["sloppy"] / counts["sloppy"]);
}

TEST(Corpus, MixedReasoningIsNeverInTheProblemsLanguageAlone) {
  int both = 0;
  for (const CorpusDocument& d : make_corpus(narrated_config(), 1, {})) {
    if (d.style != DocumentStyle::CarefulMixed) continue;
    const bool english = has_english(d.completion_text);
    const bool chinese = has_chinese(d.completion_text);
    EXPECT_TRUE(d.problem.language == "en" ? chinese : english) << d.completion_text;
    both += english && chinese ? 1 : 0;
  }
  EXPECT_GT(both, 600);
}

TEST(Corpus, NarrationDoesNotChangeTheProblems) {
  for (std::int64_t i = 0; i < 50; ++i)
    EXPECT_EQ(corpus_document(narrated_config(), 1, i, {}).prompt_text,
              corpus_document(small_config(), 1, i, {}).prompt_text);
}

TEST(Corpus, DocumentsThatAreNotNarratedAreAsTheyEverWere) {
  // Bytes of the first release: recipes/zero_mini.yaml must go on giving the same corpus.
  std::string all;
  for (const CorpusDocument& d : make_corpus(small_config(), 1, {})) all += d.prompt_text + d.completion_text + "\n";
  EXPECT_EQ(core::hash_hex(all), "6cf7b1d51279f34800e30ab76ffe4243");
}

TEST(Corpus, ChecksItsConfig) {
  const auto why = [](const CorpusConfig& config) {
    try {
      check_corpus_config(config);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CorpusConfig config;
  EXPECT_EQ(why(config), "");
  config.sloppy_share = 0.5;
  EXPECT_THAT(why(config), HasSubstr("direct_share + sloppy_share is 1.15"));
  config = {};
  config.prompt_template = "User: ";
  EXPECT_THAT(why(config), HasSubstr("must hold {prompt} exactly once"));
  config = {};
  config.mixed_share = 0.1;
  EXPECT_THAT(why(config), HasSubstr("need narrated: true"));
  config.narrated = true;
  EXPECT_EQ(why(config), "");
  config.reflection_share = 0.95;
  EXPECT_THAT(why(config), HasSubstr("mixed_share + reflection_share is 1.05"));
  config = {};
  config.direct_correct = -0.1;
  EXPECT_THAT(why(config), HasSubstr("direct_correct is -0.1"));
}

TEST(Corpus, ConfigKeysAreFlat) {
  CorpusConfig config;
  core::load_config_text("families: [gcd]\nlevels: [2]\nnum_documents: 5\nsloppy_share: 0.3\n", "test.yaml",
                         {"chinese_share=0.5"}, config);
  EXPECT_THAT(config.families, ::testing::ElementsAre("gcd"));
  EXPECT_THAT(config.levels, ::testing::ElementsAre(2));
  EXPECT_EQ(config.num_documents, 5);
  EXPECT_EQ(config.sloppy_share, 0.3);
  EXPECT_EQ(config.chinese_share, 0.5);
}

}  // namespace
}  // namespace r1::data
