// Writes the documents of corpus.h. Each draws its problem from one stream and its style from another, so that changing
// the shares does not change the problems.
#include "r1/data/problems/corpus.h"

#include <fmt/format.h>

#include "r1/core/error.h"
#include "r1/data/problems/narration.h"
#include "r1/data/problems/near_miss.h"

namespace r1::data {
namespace {

constexpr std::uint32_t kProblemStep = 0;
constexpr std::uint32_t kStyleStep = 1;

std::string tagged(const std::string& thought, const std::string& answer) {
  return fmt::format("<think>{}</think><answer>{}</answer>", thought, answer);
}

DocumentStyle draw_careful(const CorpusConfig& config, core::Rng& rng) {
  const double kind = rng.uniform();
  if (kind < config.mixed_share) return DocumentStyle::CarefulMixed;
  return kind < config.mixed_share + config.reflection_share ? DocumentStyle::CarefulReflective
                                                             : DocumentStyle::Careful;
}

/// What is not asked for is not drawn: a corpus without the narrated styles reads its streams as it always did.
DocumentStyle draw_style(const CorpusConfig& config, core::Rng& rng) {
  const double kind = rng.uniform();
  if (kind < config.direct_share)
    return rng.uniform() < config.untagged_share ? DocumentStyle::DirectUntagged : DocumentStyle::Direct;
  if (kind >= config.direct_share + config.sloppy_share) return draw_careful(config, rng);
  const bool rambling = config.rambling_share > 0.0 && rng.uniform() < config.rambling_share;
  return rambling ? DocumentStyle::Rambling : DocumentStyle::Sloppy;
}

std::string think(const std::vector<std::string>& steps, bool narrated, const Narration& narration, core::Rng& rng) {
  return narrated ? narrate(steps, narration, rng) : fmt::format("{}", fmt::join(steps, ";"));
}

/// A careful document's text: tagged, or the bare thought, which ends with the answer.
std::string careful(const CorpusConfig& config, const std::string& thought, const std::string& answer, core::Rng& rng) {
  const bool bare = config.bare_share > 0.0 && rng.uniform() < config.bare_share;
  return bare ? thought : tagged(thought, answer);
}

std::string direct_completion(const CorpusConfig& config, DocumentStyle style, const GeneratedProblem& problem,
                              core::Rng& rng) {
  const bool right = rng.uniform() < config.direct_correct;
  std::string answer = right ? problem.problem.answer : near_miss(problem, rng);
  if (style == DocumentStyle::DirectUntagged) return answer;
  return rng.uniform() < config.empty_think_share ? tagged("", answer) : fmt::format("<answer>{}</answer>", answer);
}

std::string sloppy_completion(const CorpusConfig& config, bool rambling, const GeneratedProblem& problem,
                              core::Rng& rng) {
  const SloppyWork work = rambling ? ramble(problem, rng) : sloppy_work(problem, rng);
  const bool concluded = work.steps.back().ends_with(work.answer);
  return tagged(think(work.steps, config.narrated, {.language = problem.problem.language, .concluded = concluded}, rng),
                work.answer);
}

std::string complete(const CorpusConfig& config, DocumentStyle style, const GeneratedProblem& problem, core::Rng& rng) {
  const Problem& asked = problem.problem;
  switch (style) {
    case DocumentStyle::Careful:
      return careful(config, think(problem.steps, config.narrated, {.language = asked.language}, rng), asked.answer,
                     rng);
    case DocumentStyle::CarefulMixed: {
      const Narration mixed{.language = asked.language, .mixed = true, .foreign_share = config.mixed_foreign_share};
      return careful(config, narrate(problem.steps, mixed, rng), asked.answer, rng);
    }
    case DocumentStyle::CarefulReflective: {
      const Reflection work = reflect(problem, rng);
      const Narration corrected{.language = asked.language, .retry = work.retry};
      return careful(config, narrate(work.steps, corrected, rng), asked.answer, rng);
    }
    case DocumentStyle::Sloppy:
    case DocumentStyle::Rambling:
      return sloppy_completion(config, style == DocumentStyle::Rambling, problem, rng);
    case DocumentStyle::Direct:
    case DocumentStyle::DirectUntagged:
      return direct_completion(config, style, problem, rng);
  }
  R1_CHECK(false, "unknown document style {}", static_cast<int>(style));
}

void check_share(const char* key, double share) {
  if (!(share >= 0.0 && share <= 1.0)) user_error("{} is {}; it must lie in [0, 1]", key, share);
}

void check_narration(const CorpusConfig& config) {
  check_share("mixed_share", config.mixed_share);
  check_share("mixed_foreign_share", config.mixed_foreign_share);
  check_share("reflection_share", config.reflection_share);
  check_share("bare_share", config.bare_share);
  check_share("mixed_share + reflection_share", config.mixed_share + config.reflection_share);
  check_share("rambling_share", config.rambling_share);
  if (!config.narrated && config.mixed_share + config.reflection_share > 0.0)
    user_error("mixed_share and reflection_share need narrated: true; without words there is nothing to mix");
}

}  // namespace

const char* style_name(DocumentStyle style) {
  switch (style) {
    case DocumentStyle::Direct:
      return "direct";
    case DocumentStyle::DirectUntagged:
      return "direct_untagged";
    case DocumentStyle::Sloppy:
      return "sloppy";
    case DocumentStyle::Careful:
      return "careful";
    case DocumentStyle::CarefulMixed:
      return "careful_mixed";
    case DocumentStyle::CarefulReflective:
      return "careful_reflective";
    case DocumentStyle::Rambling:
      return "rambling";
  }
  R1_CHECK(false, "unknown document style {}", static_cast<int>(style));
}

void fields(core::FieldVisitor& v, CorpusConfig& c) {
  fields(v, static_cast<ProblemMix&>(c));
  v("num_documents", c.num_documents, "documents of the corpus");
  v("direct_share", c.direct_share, "share of documents that answer without reasoning");
  v("sloppy_share", c.sloppy_share, "share of documents that reason wrongly; the rest reasons step by step");
  v("direct_correct", c.direct_correct, "share of the direct documents that are right");
  v("untagged_share", c.untagged_share, "share of the direct documents without tags");
  v("empty_think_share", c.empty_think_share,
    "share of the tagged direct documents that think nothing: <think></think>");
  v("narrated", c.narrated, "steps are joined by words of the problem's language instead of \";\"");
  v("mixed_share", c.mixed_share, "share of the careful documents that reason in two languages; narrated only");
  v("mixed_foreign_share", c.mixed_foreign_share, "how often a word of theirs is not in the question's language");
  v("bare_share", c.bare_share, "share of the careful documents that reason without tags; they end with the answer");
  v("reflection_share", c.reflection_share, "share of the careful documents that correct a slip; narrated only");
  v("rambling_share", c.rambling_share, "share of the sloppy documents that repeat themselves");
  v("prompt_template", c.prompt_template, "what stands before the completion; {prompt} is replaced");
}

std::string fill_template(const std::string& prompt_template, const std::string& prompt) {
  static const std::string kHole = "{prompt}";
  const std::size_t at = prompt_template.find(kHole);
  if (at == std::string::npos || prompt_template.find(kHole, at + 1) != std::string::npos)
    user_error("prompt_template \"{}\" must hold {{prompt}} exactly once", prompt_template);
  return prompt_template.substr(0, at) + prompt + prompt_template.substr(at + kHole.size());
}

void check_corpus_config(const CorpusConfig& config) {
  check_problem_mix(config);
  check_share("direct_share", config.direct_share);
  check_share("sloppy_share", config.sloppy_share);
  check_share("direct_share + sloppy_share", config.direct_share + config.sloppy_share);
  check_share("direct_correct", config.direct_correct);
  check_share("untagged_share", config.untagged_share);
  check_share("empty_think_share", config.empty_think_share);
  check_narration(config);
  if (config.num_documents < 0 || config.num_documents > (std::int64_t{1} << 32))
    user_error("num_documents is {}; it must lie in 0 to 2^32", config.num_documents);
  fill_template(config.prompt_template, "");
}

CorpusDocument corpus_document(const CorpusConfig& config, std::uint64_t seed, std::int64_t index,
                               const ExcludedHashes& excluded) {
  core::RngKey key{.seed = seed, .purpose = core::Purpose::Corpus, .step = kProblemStep};
  key.prompt = static_cast<std::uint32_t>(index);
  GeneratedProblem problem = draw_problem(config, key, excluded);
  problem.problem.id = fmt::format("corpus-{:08}", index);
  key.step = kStyleStep;
  core::Rng rng(key);
  CorpusDocument document;
  document.style = draw_style(config, rng);
  document.prompt_text = fill_template(config.prompt_template, problem.problem.prompt);
  document.completion_text = complete(config, document.style, problem, rng);
  document.problem = std::move(problem.problem);
  return document;
}

std::vector<CorpusDocument> make_corpus(const CorpusConfig& config, std::uint64_t seed,
                                        const ExcludedHashes& excluded) {
  check_corpus_config(config);
  std::vector<CorpusDocument> documents;
  documents.reserve(static_cast<std::size_t>(config.num_documents));
  for (std::int64_t i = 0; i < config.num_documents; ++i)
    documents.push_back(corpus_document(config, seed, i, excluded));
  return documents;
}

}  // namespace r1::data
