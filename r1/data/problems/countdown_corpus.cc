// Countdown documents and splits.
#include "r1/data/problems/countdown_corpus.h"

#include <fmt/format.h>

#include "r1/core/error.h"
#include "r1/core/hash.h"
#include "r1/data/problems/countdown_match.h"
#include "r1/data/problems/countdown_trace.h"

namespace r1::data {
namespace {

constexpr std::uint32_t kMaxRedraws = 1000;
constexpr std::uint32_t kProblemStep = 2;  // corpus.cc has steps 0 and 1 of the same purpose

/// A problem and the completion that solves it.
struct Worked {
  CountdownProblem problem;
  std::string completion;
};

Worked draw_attempts(const CountdownConfig& config, core::Rng& rng) {
  CountdownProblem problem = generate_countdown(config, rng);
  std::string completion = countdown_completion(config, problem, rng);
  return {std::move(problem), std::move(completion)};
}

/// Draws until the search succeeds in its limits; the number of numbers is drawn once, so that its shares hold.
Worked draw_match(const CountdownConfig& config, core::Rng& rng) {
  constexpr int kMaxDraws = 100000;
  CountdownState numbers(draw_countdown_size(config, rng));
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    const std::int64_t target = draw_countdown_numbers(config, numbers, rng);
    const std::optional<CountdownMatch> match = match_countdown(config, numbers, target);
    if (match) return {make_countdown_problem(config, numbers, target, match->solution), match_completion(*match)};
  }
  user_error("no search for {} numbers {}..{} with a target up to {} succeeds within {} characters in {} draws",
             numbers.size(), config.number_min, config.number_max, config.target_max, config.max_trace_chars,
             kMaxDraws);
}

}  // namespace

void fields(core::FieldVisitor& v, CountdownCorpusConfig& c) {
  fields(v, static_cast<CountdownConfig&>(c));
  v("num_documents", c.num_documents, "documents of the corpus");
  v("prompt_template", c.prompt_template, "what stands before the completion; {prompt} is replaced");
}

void check_countdown_corpus_config(const CountdownCorpusConfig& config) {
  check_countdown_config(config);
  if (config.num_documents < 0 || config.num_documents > (std::int64_t{1} << 32))
    user_error("num_documents is {}; it must lie in 0 to 2^32", config.num_documents);
  fill_template(config.prompt_template, "");
}

CorpusDocument countdown_document(const CountdownCorpusConfig& config, std::uint64_t seed, std::int64_t index,
                                  const ExcludedHashes& excluded) {
  core::RngKey key{.seed = seed, .purpose = core::Purpose::Corpus, .step = kProblemStep};
  key.prompt = static_cast<std::uint32_t>(index);
  for (key.sample = 0; key.sample < kMaxRedraws; ++key.sample) {
    core::Rng rng(key);
    auto [problem, completion] = config.trace_style == "match" ? draw_match(config, rng) : draw_attempts(config, rng);
    if (excluded.contains(content_hash(problem.problem))) continue;
    problem.problem.id = fmt::format("corpus-{:08}", index);
    CorpusDocument document;
    document.prompt_text = fill_template(config.prompt_template, problem.problem.prompt);
    document.completion_text = std::move(completion);
    document.problem = std::move(problem.problem);
    document.style = DocumentStyle::Careful;
    return document;
  }
  user_error("{} draws in a row gave held-out countdown problems only; widen the ranges", kMaxRedraws);
}

std::vector<CorpusDocument> make_countdown_corpus(const CountdownCorpusConfig& config, std::uint64_t seed,
                                                  const ExcludedHashes& excluded) {
  check_countdown_corpus_config(config);
  std::vector<CorpusDocument> documents;
  documents.reserve(static_cast<std::size_t>(config.num_documents));
  for (std::int64_t i = 0; i < config.num_documents; ++i)
    documents.push_back(countdown_document(config, seed, i, excluded));
  return documents;
}

std::vector<CountdownProblem> make_countdown_split(const CountdownConfig& config, std::uint64_t seed,
                                                   const std::string& name, std::int64_t count,
                                                   const ExcludedHashes& excluded) {
  check_countdown_config(config);
  core::RngKey key{.seed = seed, .purpose = core::Purpose::Problems};
  key.step = static_cast<std::uint32_t>(core::hash64(name));
  ExcludedHashes seen = excluded;
  std::vector<CountdownProblem> out;
  std::uint32_t in_vain = 0;
  for (key.sample = 0; static_cast<std::int64_t>(out.size()) < count; ++key.sample) {
    core::Rng rng(key);
    CountdownProblem problem = generate_countdown(config, rng);
    if (!seen.insert(content_hash(problem.problem)).second) {
      if (++in_vain == kMaxRedraws)
        user_error("split {}: only {} of {} countdown problems are unique and not held out; ask for fewer", name,
                   out.size(), count);
      continue;
    }
    in_vain = 0;
    problem.problem.id = fmt::format("{}-{:06}", name, out.size());
    out.push_back(std::move(problem));
  }
  return out;
}

}  // namespace r1::data
