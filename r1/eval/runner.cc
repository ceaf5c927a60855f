// Requests out, completions back, items scored in parallel; see runner.h.
#include "r1/eval/runner.h"

#include <map>
#include <set>
#include <span>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/threads.h"
#include "r1/data/problems/corpus.h"
#include "r1/reward/rule_scorer.h"

namespace r1::eval {
namespace {

void check(const EvalConfig& c, const EvalInputs& inputs) {
  if (c.samples_per_problem < 1)
    user_error("eval: samples_per_problem is {}, it must be at least 1", c.samples_per_problem);
  if (c.max_new_tokens < 1) user_error("eval: max_new_tokens is {}, it must be at least 1", c.max_new_tokens);
  if (c.temperature < 0.0) user_error("eval: temperature is {}, it must be 0 (greedy) or more", c.temperature);
  if (c.temperature == 0.0 && c.samples_per_problem > 1)
    user_error(
        "eval: temperature 0 gives the same sample {} times: set samples_per_problem to 1 or a temperature above 0",
        c.samples_per_problem);
  if (c.bootstrap_resamples < 1)
    user_error("eval: bootstrap_resamples is {}, it must be at least 1", c.bootstrap_resamples);
  for (const std::int64_t k : c.pass_ks)
    if (k < 1 || k > c.samples_per_problem)
      user_error("eval: pass_ks holds {}, it must lie between 1 and samples_per_problem = {}", k,
                 c.samples_per_problem);
  if (inputs.problems.empty()) user_error("eval: there are no problems");
  if (inputs.chat_template == nullptr) data::fill_template(inputs.prompt_template, "");  // says what is wrong with it
}

std::string prompt_text(const EvalInputs& inputs, const std::string& prompt) {
  if (inputs.chat_template == nullptr) return data::fill_template(inputs.prompt_template, prompt);
  tokenizer::ChatTemplate::Options options;
  options.add_generation_prompt = true;
  const nlohmann::ordered_json message = {{"role", "user"}, {"content", prompt}};
  return inputs.chat_template->render(nlohmann::ordered_json::array({message}), options);
}

std::vector<rollout::Request> requests_of(const EvalConfig& config, const EvalInputs& inputs) {
  std::vector<rollout::Request> requests;
  for (std::size_t p = 0; p < inputs.problems.size(); ++p) {
    rollout::Request request;
    request.prompt = inputs.tokenizer.encode(prompt_text(inputs, inputs.problems[p].prompt));
    request.seed = static_cast<std::uint64_t>(config.seed);
    request.prompt_index = static_cast<std::uint32_t>(p);
    for (std::int64_t s = 0; s < config.samples_per_problem; ++s) {
      request.sample_index = static_cast<std::uint32_t>(s);
      requests.push_back(request);
    }
  }
  return requests;
}

// The distinct answers of a family: what the lenient extractor looks for in text answers.
std::map<std::string, std::vector<std::string>> answers_by_family(const std::vector<data::Problem>& problems) {
  std::map<std::string, std::set<std::string>> sets;
  for (const data::Problem& problem : problems)
    if (problem.verifier == "text") sets[problem.family].insert(problem.answer);
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [family, answers] : sets) out[family].assign(answers.begin(), answers.end());
  return out;
}

EvalItem item_of(const rollout::Completion& completion, const tokenizer::Tokenizer& tokenizer) {
  EvalItem item;
  item.problem = completion.prompt_index;
  item.sample = completion.sample_index;
  item.num_tokens = static_cast<std::int64_t>(completion.ids.size());
  item.finished = completion.finish_reason == rollout::FinishReason::Stop;
  std::span<const std::int32_t> ids = completion.ids;
  if (item.finished && !ids.empty()) ids = ids.first(ids.size() - 1);  // the end-of-sequence token
  item.text = tokenizer.decode(ids);
  return item;
}

}  // namespace

void fields(core::FieldVisitor& v, EvalConfig& c) {
  v("samples_per_problem", c.samples_per_problem, "samples a problem; pass@1 is their mean");
  v("temperature", c.temperature, "sampling temperature; 0 = greedy");
  v("top_p", c.top_p, "nucleus sampling; 1 = off");
  v("max_new_tokens", c.max_new_tokens, "tokens sampled at most");
  v("seed", c.seed, "seed of sampling and bootstrap");
  v("pass_ks", c.pass_ks, "the k of pass@k; empty = 2, 4, 8 ... samples_per_problem");
  v("majority_threshold", c.majority_threshold,
    "families whose commonest answer scores more are left out of the headline");
  v("bootstrap_resamples", c.bootstrap_resamples, "bootstrap resamples over problems for errors and intervals");
}

EvalResult run_evaluation(const EvalConfig& config, const EvalInputs& inputs, const Generate& generate) {
  check(config, inputs);
  const std::vector<rollout::Request> requests = requests_of(config, inputs);
  rollout::SamplingConfig sampling;
  sampling.temperature = config.temperature;
  sampling.top_p = config.top_p;
  sampling.max_new_tokens = config.max_new_tokens;
  const std::vector<rollout::Completion> completions = generate(requests, sampling);
  R1_CHECK(completions.size() == requests.size(), "{} completions for {} requests", completions.size(),
           requests.size());

  const auto candidates = answers_by_family(inputs.problems);
  EvalResult result;
  result.items.resize(completions.size());
  core::parallel_for(completions.size(), 0, [&](std::size_t i) {
    R1_CHECK(completions[i].prompt_index == requests[i].prompt_index &&
                 completions[i].sample_index == requests[i].sample_index,
             "completion {} answers another request", i);
    EvalItem item = item_of(completions[i], inputs.tokenizer);
    const data::Problem& problem = inputs.problems[requests[i].prompt_index];
    const reward::RewardInput input{problem.prompt,
                                    item.text,
                                    problem.answer,
                                    problem.verifier,
                                    problem.tests.empty() ? std::string() : problem.tests[0],
                                    item.finished,
                                    problem.language};
    const auto family = candidates.find(problem.family);
    try {
      item.verdict = inputs.scorer.score(input);
      const bool has_lenient =
          reward::has_lenient_check(problem.verifier);  // where there is none, strict stands for it
      item.lenient_correct = !has_lenient
                                 ? item.verdict.part("accuracy") == 1.0
                                 : reward::lenient_correct(
                                       input, family == candidates.end() ? std::vector<std::string>() : family->second);
    } catch (const UserError& e) {
      user_error("problem {}: {}", problem.id, e.what());
    }
    result.items[i] = std::move(item);
  });
  AggregateConfig aggregation{config.pass_ks, config.majority_threshold, {}};
  aggregation.bootstrap.num_resamples = config.bootstrap_resamples;
  aggregation.bootstrap.seed = static_cast<std::uint64_t>(config.seed);
  result.report = aggregate(result.items, inputs.problems, aggregation);
  return result;
}

}  // namespace r1::eval
