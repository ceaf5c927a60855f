// Countdown documents and splits: stand-alone, reproducible, without held-out problems.
#include "r1/data/problems/countdown_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::data {
namespace {

TEST(CountdownCorpus, DocumentsStandAloneAndRepeat) {
  CountdownCorpusConfig config;
  config.num_documents = 60;
  const std::vector<CorpusDocument> all = make_countdown_corpus(config, 4, {});
  ASSERT_EQ(all.size(), 60U);
  for (const std::int64_t i : {0, 5, 59}) {
    const CorpusDocument one = countdown_document(config, 4, i, {});
    EXPECT_EQ(one.prompt_text, all[i].prompt_text);
    EXPECT_EQ(one.completion_text, all[i].completion_text);
    EXPECT_EQ(one.prompt_text, "User: " + one.problem.prompt + "\nAssistant: ");
    EXPECT_THAT(one.completion_text, ::testing::EndsWith("</think><answer>" + one.problem.answer + "</answer>"));
    EXPECT_EQ(one.style, DocumentStyle::Careful);
  }
  EXPECT_NE(all[5].prompt_text, countdown_document(config, 5, 5, {}).prompt_text);
}

TEST(CountdownCorpus, EachTraceStyleHasItsForm) {
  CountdownCorpusConfig config;
  for (std::int64_t i = 0; i < 40; ++i) {
    config.trace_style = "match";
    const std::string match = countdown_document(config, 4, i, {}).completion_text;
    config.trace_style = "attempts";
    const std::string attempts = countdown_document(config, 4, i, {}).completion_text;
    EXPECT_NE(match.find('!'), std::string::npos);
    EXPECT_EQ(attempts.find('!'), std::string::npos);
  }
}

TEST(CountdownCorpus, TheSharesOfTheNumberOfNumbersHold) {
  CountdownCorpusConfig config;
  config.num_documents = 1000;
  double four = 0;
  for (const CorpusDocument& d : make_countdown_corpus(config, 4, {})) four += d.problem.difficulty == 2 ? 1 : 0;
  EXPECT_NEAR(four / 1000, 0.43, 0.05);
}

TEST(CountdownCorpus, NeverHoldsAnExcludedProblem) {
  CountdownCorpusConfig config;
  config.num_documents = 300;
  config.num_count_shares = {1, 0, 0};
  config.number_max = 12;  // a small space, so that documents would meet held-out problems
  ExcludedHashes excluded;
  for (const CountdownProblem& p : make_countdown_split(config, 1, "test", 400, {}))
    excluded.insert(content_hash(p.problem));
  int would_hold = 0;
  for (const CorpusDocument& d : make_countdown_corpus(config, 1, {}))
    would_hold += excluded.contains(content_hash(d.problem)) ? 1 : 0;
  EXPECT_GT(would_hold, 20);
  for (const CorpusDocument& d : make_countdown_corpus(config, 1, excluded))
    ASSERT_FALSE(excluded.contains(content_hash(d.problem)));
}

TEST(CountdownCorpus, SplitsAreUniqueDisjointAndRepeat) {
  const CountdownConfig config;
  const std::vector<CountdownProblem> train = make_countdown_split(config, 1, "train", 150, {});
  ExcludedHashes hashes;
  for (const CountdownProblem& p : train) hashes.insert(content_hash(p.problem));
  EXPECT_EQ(hashes.size(), 150U);
  EXPECT_EQ(train[3].problem.id, "train-000003");
  EXPECT_EQ(to_json_line(make_countdown_split(config, 1, "train", 4, {})[3].problem), to_json_line(train[3].problem));
  for (const CountdownProblem& p : make_countdown_split(config, 1, "train", 50, hashes))
    EXPECT_FALSE(hashes.contains(content_hash(p.problem)));
}

TEST(CountdownCorpus, ASmallSpaceEnds) {
  CountdownConfig config;
  config.num_count_shares = {1, 0, 0};
  config.number_max = 2;
  config.target_mins = {1, 1, 1};
  EXPECT_THROW(make_countdown_split(config, 1, "train", 500, {}), UserError);
}

TEST(CountdownCorpus, ConfigKeysAreFlat) {
  CountdownCorpusConfig config;
  core::load_config_text("num_documents: 7\nwrong_continue: 0.25\n", "test.yaml", {"prompt_style=original"}, config);
  EXPECT_EQ(config.num_documents, 7);
  EXPECT_EQ(config.wrong_continue, 0.25);
  EXPECT_EQ(config.prompt_style, "original");
  config.prompt_template = "none";
  EXPECT_THROW(check_countdown_corpus_config(config), UserError);
}

}  // namespace
}  // namespace r1::data
