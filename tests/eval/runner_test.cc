// The runner against a scripted "model": what it asks, what it makes of the answers, what it refuses.
#include "r1/eval/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "r1/core/error.h"
#include "r1/reward/rule_scorer.h"

namespace r1::eval {
namespace {

// One token a byte, ids = byte values, then <eos> = 256.
tokenizer::Tokenizer byte_tokenizer() {
  tokenizer::Model model;
  for (int b = 0; b < 256; ++b) model.tokens.emplace_back(1, static_cast<char>(b));
  model.special_tokens = {{"<eos>", 256}};
  model.split_patterns = {R"([\s\S])"};
  return tokenizer::Tokenizer(std::move(model));
}

data::Problem problem_of(const std::string& id, const std::string& verifier, const std::string& prompt,
                         const std::string& answer) {
  data::Problem problem;
  problem.id = id;
  problem.family = verifier;
  problem.verifier = verifier;
  problem.prompt = prompt;
  problem.answer = answer;
  return problem;
}

class RunnerTest : public testing::Test {
 protected:
  // Answers prompt p, sample s with texts[p][s]; "..." at the end means cut off.
  Generate scripted(std::vector<std::vector<std::string>> texts) {
    return [this, texts = std::move(texts)](const std::vector<rollout::Request>& requests,
                                            const rollout::SamplingConfig& sampling) {
      requests_ = requests;
      sampling_ = sampling;
      std::vector<rollout::Completion> out;
      for (const rollout::Request& request : requests) {
        std::string text = texts.at(request.prompt_index).at(request.sample_index);
        rollout::Completion completion;
        completion.prompt_index = request.prompt_index;
        completion.sample_index = request.sample_index;
        if (text.ends_with("...")) {
          text.resize(text.size() - 3);
          completion.finish_reason = rollout::FinishReason::Length;
        } else {
          completion.finish_reason = rollout::FinishReason::Stop;
        }
        completion.ids = tokenizer_.encode(text);
        if (completion.finish_reason == rollout::FinishReason::Stop) completion.ids.push_back(256);
        out.push_back(std::move(completion));
      }
      return out;
    };
  }
  EvalResult run(const EvalConfig& config, const Generate& generate) {
    return run_evaluation(config, {problems_, tokenizer_, scorer_, template_}, generate);
  }

  tokenizer::Tokenizer tokenizer_ = byte_tokenizer();
  reward::RuleScorer scorer_{reward::RuleScorerConfig{}};
  std::string template_ = "Q: {prompt} A:";
  std::vector<data::Problem> problems_ = {problem_of("n", "number", "7+4", "11"),
                                          problem_of("t", "text", "odd?", "yes"),
                                          problem_of("u", "text", "even?", "no")};
  std::vector<rollout::Request> requests_;
  rollout::SamplingConfig sampling_;
};

TEST_F(RunnerTest, ScoresEverySample) {
  const EvalResult result = run({.samples_per_problem = 2, .temperature = 1.0, .majority_threshold = 1.0},
                                scripted({{"<think>7+4=11</think><answer>11</answer>", "it is 11"},
                                          {"<think>x</think><answer>no</answer>", "no, yes"},
                                          {"yes...", "<answer>no</answer> no"}}));
  ASSERT_EQ(result.items.size(), 6u);
  EXPECT_EQ(result.items[0].text, "<think>7+4=11</think><answer>11</answer>");
  EXPECT_EQ(result.items[0].num_tokens, 41);  // 40 bytes and <eos>
  EXPECT_EQ(result.items[0].verdict.score, 2.0);
  EXPECT_TRUE(result.items[0].lenient_correct);
  EXPECT_EQ(result.items[1].verdict.outcome, reward::Outcome::Unparseable);
  EXPECT_TRUE(result.items[1].lenient_correct);
  EXPECT_EQ(result.items[2].verdict.why, "wrong: no is not yes");
  EXPECT_FALSE(result.items[2].lenient_correct);
  EXPECT_TRUE(result.items[3].lenient_correct);  // "yes" is last; the family's words are yes and no
  EXPECT_FALSE(result.items[4].finished);
  EXPECT_EQ(result.items[4].num_tokens, 3);
  EXPECT_EQ(result.items[5].problem, 2);
  EXPECT_EQ(result.items[5].sample, 1);
  EXPECT_DOUBLE_EQ(result.report.all.pass_at_1.value, 2.0 / 6.0);
  EXPECT_DOUBLE_EQ(result.report.all.lenient_accuracy.value, 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(result.report.all.format_rate, 2.0 / 6.0);
  EXPECT_DOUBLE_EQ(result.report.all.truncated_share, 1.0 / 6.0);
  ASSERT_EQ(result.report.all.pass_at_k.size(), 1u);
  EXPECT_DOUBLE_EQ(result.report.all.pass_at_k[0].second.value, 2.0 / 3.0);
}

TEST_F(RunnerTest, AsksWithTheTemplateAndReplayableKeys) {
  template_ = "Q: {prompt}\nA:";
  (void)run({.samples_per_problem = 2, .temperature = 0.6, .top_p = 0.95, .max_new_tokens = 9, .seed = 5},
            scripted({{"a", "b"}, {"c", "d"}, {"e", "f"}}));
  ASSERT_EQ(requests_.size(), 6u);
  EXPECT_EQ(tokenizer_.decode(requests_[0].prompt), "Q: 7+4\nA:");
  EXPECT_EQ(tokenizer_.decode(requests_[5].prompt), "Q: even?\nA:");
  EXPECT_EQ(requests_[3].seed, 5u);
  EXPECT_EQ(requests_[3].step, 0u);
  EXPECT_EQ(requests_[3].prompt_index, 1u);
  EXPECT_EQ(requests_[3].sample_index, 1u);
  EXPECT_EQ(sampling_.temperature, 0.6);
  EXPECT_EQ(sampling_.top_p, 0.95);
  EXPECT_EQ(sampling_.max_new_tokens, 9);
}

TEST_F(RunnerTest, AChatTemplateStandsInPlaceOfThePromptTemplate) {
  const tokenizer::ChatTemplate chat(
      "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% "
      "endif %}",
      "here");
  const EvalInputs inputs{problems_, tokenizer_, scorer_, "no placeholder", &chat};
  (void)run_evaluation(EvalConfig{}, inputs, scripted({{"11"}, {"yes"}, {"no"}}));
  EXPECT_EQ(tokenizer_.decode(requests_.at(2).prompt), "[user]even?[assistant]");
}

TEST_F(RunnerTest, CountdownReachesTheVerifierWithItsTests) {
  problems_ = {problem_of("c", "countdown", "make 36", "")};
  problems_[0].tests = {R"({"numbers": [79, 17, 60], "target": 36})"};
  const EvalResult result = run({}, scripted({{"<answer>79+17-60</answer>"}}));
  EXPECT_EQ(result.report.headline.pass_at_1.value, 1.0);
  EXPECT_TRUE(result.items[0].lenient_correct);
}

TEST_F(RunnerTest, RefusesBadConfigurations) {
  const Generate generate = scripted({{"a", "b"}, {"a", "b"}, {"a", "b"}});
  EXPECT_THROW(run({.samples_per_problem = 0}, generate), UserError);
  EXPECT_THROW(run({.samples_per_problem = 2}, generate), UserError) << "greedy";
  EXPECT_THROW(run({.temperature = -1.0}, generate), UserError);
  EXPECT_THROW(run({.max_new_tokens = 0}, generate), UserError);
  EXPECT_THROW(run({.pass_ks = {2}}, generate), UserError);
  EXPECT_THROW(run({.bootstrap_resamples = 0}, generate), UserError);
  template_ = "no placeholder";
  EXPECT_THROW(run({}, generate), UserError);
  template_ = "{prompt}";
  problems_.clear();
  EXPECT_THROW(run({}, generate), UserError);
}

TEST_F(RunnerTest, NamesTheProblemTheScorerRefuses) {
  problems_[2].verifier = "txt";
  try {
    (void)run({}, scripted({{"a"}, {"b"}, {"c"}}));
    FAIL() << "no error";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), testing::StartsWith("problem u: unknown verifier 'txt'"));
  }
}

TEST_F(RunnerTest, RefusesCompletionsOfOtherRequests) {
  const Generate good = scripted({{"a"}, {"b"}, {"c"}});
  EXPECT_THROW(run({},
                   [&](const auto& requests, const auto& sampling) {
                     auto completions = good(requests, sampling);
                     std::swap(completions[0], completions[1]);
                     return completions;
                   }),
               Error);
  EXPECT_THROW(run({},
                   [&](const auto& requests, const auto& sampling) {
                     auto completions = good(requests, sampling);
                     completions.pop_back();
                     return completions;
                   }),
               Error);
}

TEST_F(RunnerTest, ConfigurationRoundTripsThroughYaml) {
  EvalConfig config;
  core::load_config_text("samples_per_problem: 64\ntemperature: 0.6\npass_ks: [1, 64]\nmax_new_tokens: 32\n", "test",
                         {}, config);
  EXPECT_EQ(config.samples_per_problem, 64);
  EXPECT_EQ(config.temperature, 0.6);
  EXPECT_EQ(config.pass_ks, (std::vector<std::int64_t>{1, 64}));
  EXPECT_EQ(config.max_new_tokens, 32);
  EvalConfig back;
  core::load_config_text(core::dump_config(config), "test", {}, back);
  EXPECT_EQ(core::dump_config(back), core::dump_config(config));
}

}  // namespace
}  // namespace r1::eval
