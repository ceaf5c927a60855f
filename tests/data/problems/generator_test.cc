// Every family, level and language against an oracle that reads the prompt; the form of the steps; answers that are
// spread out.
#include "r1/data/problems/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "r1/core/error.h"
#include "tests/data/problems/oracle.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

core::Rng make_rng(std::uint32_t sample) {
  return core::Rng({.seed = 7, .purpose = core::Purpose::Test, .sample = sample});
}

class EveryFamily : public ::testing::TestWithParam<std::string> {
 protected:
  const Family& family_ = find_family(GetParam());
};

TEST_P(EveryFamily, AnswersAsTheOracleDoes) {
  for (std::int64_t level = 1; level <= family_.levels; ++level) {
    for (const char* language : {"en", "zh"}) {
      for (std::uint32_t i = 0; i < 200; ++i) {
        core::Rng rng = make_rng(i);
        const GeneratedProblem p = family_.generate(level, language, rng);
        ASSERT_EQ(p.problem.answer, test::oracle_answer(p.problem)) << p.problem.prompt;
        EXPECT_EQ(p.problem.family, family_.name);
        EXPECT_EQ(p.problem.domain, family_.domain);
        EXPECT_EQ(p.problem.difficulty, level);
        EXPECT_EQ(p.problem.language, language);
        EXPECT_THAT(p.steps.back(), EndsWith(p.problem.answer));
        EXPECT_EQ(p.problem.verifier == "text" || p.problem.verifier == "code", !p.choices.empty());
        EXPECT_THAT(p.choices, ::testing::Not(::testing::Contains(p.problem.answer)));
      }
    }
  }
}

TEST_P(EveryFamily, IsAFunctionOfTheStreamAndTheSameQuestionInBothLanguages) {
  for (std::uint32_t i = 0; i < 50; ++i) {
    core::Rng first = make_rng(i);
    core::Rng second = make_rng(i);
    core::Rng chinese = make_rng(i);
    const GeneratedProblem a = family_.generate(2, "en", first);
    const GeneratedProblem b = family_.generate(2, "en", second);
    const GeneratedProblem c = family_.generate(2, "zh", chinese);
    EXPECT_EQ(to_json_line(a.problem), to_json_line(b.problem));
    EXPECT_EQ(a.steps, b.steps);
    EXPECT_NE(a.problem.prompt, c.problem.prompt);
    EXPECT_EQ(a.problem.answer, c.problem.answer);
    EXPECT_EQ(content_hash(a.problem), content_hash(c.problem));
  }
}

TEST_P(EveryFamily, NoAnswerIsFrequent) {
  for (std::int64_t level = 0; level <= family_.levels; ++level) {  // 0: all levels mixed
    std::map<std::string, int> counts;
    for (std::uint32_t i = 0; i < 2000; ++i) {
      core::Rng rng = make_rng(i);
      ++counts[family_.generate(level == 0 ? 1 + i % 3 : level, "en", rng).problem.answer];
    }
    for (const auto& [answer, count] : counts) {
      EXPECT_LE(count, family_.headline ? 200 : 1200) << "level " << level << ": " << answer;
    }
  }
}

TEST_P(EveryFamily, HarderLevelsTakeMoreWriting) {
  std::map<std::int64_t, std::size_t> length;
  for (std::int64_t level = 1; level <= family_.levels; ++level) {
    for (std::uint32_t i = 0; i < 200; ++i) {
      core::Rng rng = make_rng(i);
      const GeneratedProblem p = family_.generate(level, "en", rng);
      for (const std::string& step : p.steps) length[level] += step.size() + 1;
      length[level] += p.problem.canonical.size();
    }
  }
  EXPECT_GT(length[2], length[1]);
  EXPECT_GT(length[3], length[1]);  // level 3 may be harder than level 2 by what has to be found
}

TEST_P(EveryFamily, RefusesUnknownLevelsAndLanguages) {
  core::Rng rng = make_rng(0);
  EXPECT_THROW(family_.generate(0, "en", rng), UserError);
  EXPECT_THROW(family_.generate(4, "en", rng), UserError);
  EXPECT_THROW(family_.generate(1, "fr", rng), UserError);
}

TEST(Families, ArithmeticStepsKeepTheValue) {
  for (const char* name : {"chain_sum", "mixed_ops", "speed_distance", "molar_mass"}) {
    for (std::uint32_t i = 0; i < 300; ++i) {
      core::Rng rng = make_rng(i);
      const GeneratedProblem p = find_family(name).generate(1 + i % 3, "en", rng);
      const test::Fraction answer{test::integers(p.problem.answer).at(0), 1};
      for (const std::string& step : p.steps) EXPECT_EQ(test::evaluate(step.substr(0, step.find(' '))), answer) << step;
    }
  }
}

TEST(Families, EquationStepsKeepTheSolution) {
  for (std::uint32_t i = 0; i < 300; ++i) {
    core::Rng rng = make_rng(i);
    const GeneratedProblem p = find_family("linear_equation").generate(1 + i % 3, "en", rng);
    for (std::string step : p.steps) {
      for (std::size_t x = step.find('x'); x != std::string::npos; x = step.find('x'))
        step.replace(x, 1, p.problem.answer);
      const std::size_t equals = step.find('=');
      EXPECT_EQ(test::evaluate(step.substr(0, equals)), test::evaluate(step.substr(equals + 1))) << step;
    }
  }
}

TEST(Families, WorkedExamplesOfTheSteps) {
  const auto check = [](const char* family, std::int64_t level, auto test) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      core::Rng rng = make_rng(i);
      test(find_family(family).generate(level, "en", rng));
    }
  };
  using ::testing::MatchesRegex;
  check("substitution", 1, [](const GeneratedProblem& p) {
    EXPECT_THAT(p.steps,
                ElementsAre(MatchesRegex("b=[0-9]+[-+*][0-9]=[0-9]+"), MatchesRegex("c=[0-9]+[-+*][0-9]=[0-9]+")));
  });
  check("sequence_next", 2, [](const GeneratedProblem& p) {
    EXPECT_THAT(p.steps, ElementsAre(MatchesRegex("[0-9]+,[0-9]+,[0-9]+"), MatchesRegex("([0-9]+),([0-9]+)"),
                                     MatchesRegex("[0-9]+[+][0-9]+=[0-9]+"), MatchesRegex("[0-9]+[+][0-9]+=[0-9]+")));
  });
  check("ordering", 1, [](const GeneratedProblem& p) {
    EXPECT_THAT(p.steps, ElementsAre(MatchesRegex("[A-Z][a-z]+>[A-Z][a-z]+>[A-Z][a-z]+"), p.problem.answer));
  });
  check("molar_mass", 2, [](const GeneratedProblem& p) {
    EXPECT_THAT(p.steps, ElementsAre(MatchesRegex("[1-6][*][0-9]+[+][1-6][*][0-9]+[+][1-6][*][0-9]+"),
                                     MatchesRegex("[0-9]+[+][0-9]+[+][0-9]+"), MatchesRegex("[0-9]+[+][0-9]+"),
                                     MatchesRegex("[0-9]+ g/mol")));
  });
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Family& family : families()) out.push_back(family.name);
  return out;
}
INSTANTIATE_TEST_SUITE_P(All, EveryFamily, ::testing::ValuesIn(names()),
                         [](const auto& family) { return family.param; });

TEST(Families, AreTwelveOverFiveDomains) {
  EXPECT_THAT(names(),
              ElementsAre("chain_sum", "mixed_ops", "linear_equation", "sequence_next", "substitution", "ordering",
                          "truth_value", "speed_distance", "molar_mass", "gcd", "modulo", "code_function"));
  std::map<std::string, int> domains;
  for (const Family& family : families()) ++domains[family.domain];
  EXPECT_EQ(domains,
            (std::map<std::string, int>{{"chemistry", 1}, {"code", 1}, {"logic", 3}, {"maths", 6}, {"physics", 1}}));
}

TEST(Families, AnUnknownNameGetsTheNearest) {
  try {
    find_family("chain_sums");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"chain_sum\""));
  }
}

}  // namespace
}  // namespace r1::data
