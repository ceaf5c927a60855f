// Problem records: JSON round trip, one clear error a mistake, and what makes two problems the same.
#include "r1/data/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::data {
namespace {

using ::testing::HasSubstr;

Problem sample() {
  Problem p;
  p.id = "test-1";
  p.domain = "maths";
  p.family = "chain_sum";
  p.prompt = "Compute 3+8.\n\"now\" 计算";
  p.answer = "11";
  p.verifier = "number";
  p.difficulty = 2;
  p.language = "zh";
  p.tests = {"{\"numbers\":[1,2],\"target\":3}"};
  p.source = "generator";
  p.canonical = "chain_sum:3+8";
  return p;
}

TEST(Problem, JsonLineRoundTripsEveryField) {
  const std::string line = to_json_line(sample());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Problem p = problem_from_json(line);
  EXPECT_EQ(p.id, "test-1");
  EXPECT_EQ(p.domain, "maths");
  EXPECT_EQ(p.family, "chain_sum");
  EXPECT_EQ(p.prompt, sample().prompt);
  EXPECT_EQ(p.answer, "11");
  EXPECT_EQ(p.verifier, "number");
  EXPECT_EQ(p.difficulty, 2);
  EXPECT_EQ(p.language, "zh");
  EXPECT_EQ(p.tests, sample().tests);
  EXPECT_EQ(p.source, "generator");
  EXPECT_EQ(p.canonical, "chain_sum:3+8");
  EXPECT_EQ(to_json_line(p), line);
}

TEST(Problem, EmptyOptionalFieldsAreLeftOut) {
  Problem p;
  p.prompt = "a";
  p.answer = "b";
  const std::string line = to_json_line(p);
  for (const char* key : {"tests", "source", "canonical"}) EXPECT_EQ(line.find(key), std::string::npos) << key;
  EXPECT_EQ(to_json_line(problem_from_json(line)), line);
}

TEST(Problem, EachMistakeGetsOneLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"{\"prompt\":\"a\"", "complete object"},
      {"[1]", "complete object"},
      {"{\"prompt\":\"a\"}", "needs the key \"answer\""},
      {"{\"prompt\":1,\"answer\":\"b\"}", "\"prompt\" of a problem must be a string, it is 1"},
      {"{\"prompt\":\"a\",\"answer\":\"b\",\"promt\":\"c\"}", "unknown key \"promt\""},
      {"{\"prompt\":\"a\",\"answer\":\"b\",\"difficulty\":\"x\"}", "\"difficulty\" of a problem must be an integer"},
      {"{\"prompt\":\"a\",\"answer\":\"b\",\"tests\":[1]}", "list of strings, it holds 1"}};
  for (const auto& [line, message] : cases) {
    try {
      problem_from_json(line);
      ADD_FAILURE() << line;
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

TEST(ContentHash, IgnoresEverythingButTheCanonicalFormWhereThereIsOne) {
  Problem other = sample();
  other.id = "x";
  other.prompt = "another wording";
  other.language = "en";
  other.tests.clear();
  EXPECT_EQ(content_hash(sample()), content_hash(other));
  EXPECT_EQ(content_hash(other).size(), 32U);
  other.canonical = "chain_sum:3+9";
  EXPECT_NE(content_hash(sample()), content_hash(other));
}

TEST(ContentHash, TextIsComparedWithoutCaseAndSpacing) {
  Problem a;
  a.prompt = "How  many\napples? ";
  a.answer = "12";
  Problem b;
  b.prompt = "how many Apples?";
  b.answer = " 12";
  EXPECT_EQ(content_hash(a), content_hash(b));
  b.answer = "13";
  EXPECT_NE(content_hash(a), content_hash(b));
  b.answer = "12";
  b.prompt = "how manyapples?";
  EXPECT_NE(content_hash(a), content_hash(b));
}

TEST(ContentHash, CountdownIsItsSortedNumbersAndTarget) {
  Problem a;
  a.verifier = "countdown";
  a.prompt = "79 17 60=36";
  a.tests = {"{\"numbers\":[79,17,60],\"target\":36}"};
  Problem b;
  b.verifier = "countdown";
  b.prompt = "Using the numbers ...";
  b.answer = "79-(60-17)";
  b.tests = {"{\"target\": 36, \"numbers\": [17, 60, 79]}"};
  EXPECT_EQ(content_hash(a), content_hash(b));
  b.tests = {"{\"target\": 37, \"numbers\": [17, 60, 79]}"};
  EXPECT_NE(content_hash(a), content_hash(b));
  b.tests = {"{\"target\": 36, \"numbers\": [17, 60]}"};
  EXPECT_NE(content_hash(a), content_hash(b));
  b.tests = {"{\"numbers\": [17, 60]}"};
  EXPECT_THROW(content_hash(b), UserError);
}

}  // namespace
}  // namespace r1::data
