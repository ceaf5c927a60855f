// A corpus "like the web's": most documents answer directly and mostly wrong, some reason sloppily, a few reason step
// by step. Reinforcement learning can then find that thinking pays. Document i is a pure function of (config, seed, i).
// It writes no files.
//   careful             <think>11+5+9;16+9;25</think><answer>25</answer>, or without tags: 11+5+9;16+9;25
//   careful_mixed       narrated (narration.h), the connectives in two languages
//   careful_reflective  narrated, a wrong step, "wait", the right step; the answer is right
//   sloppy              as careful with a wrong step that carries through, or cut off half-way with a guess
//   rambling            as sloppy, one step said seven to nine times
//   direct              <think></think><answer>24</answer> or <answer>24</answer>
//   direct_untagged     24
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/problems/generator.h"
#include "r1/data/problems/split.h"

namespace r1::data {

enum class DocumentStyle { Direct, DirectUntagged, Sloppy, Careful, CarefulMixed, CarefulReflective, Rambling };
/// "direct", "direct_untagged", "sloppy", "careful", "careful_mixed", "careful_reflective", "rambling".
const char* style_name(DocumentStyle style);

struct CorpusConfig : ProblemMix {
  std::int64_t num_documents = 200000;
  double direct_share = 0.65;  // documents that answer without reasoning
  double sloppy_share = 0.12;  // documents that reason wrongly; the rest is careful
  double direct_correct = 0.25;  // share of direct documents that are right
  double untagged_share = 0.2;  // share of direct documents without tags
  double empty_think_share = 0.5;  // share of the tagged direct documents that begin with <think></think>
  bool narrated = false;  // steps joined by words of the problem's language (narration.h) instead of ";"
  double mixed_share = 0.0;  // share of the careful documents in two languages; narrated only
  double mixed_foreign_share = 0.5;  // how often a word of theirs is not in the question's language
  double bare_share = 0.0;  // share of the careful documents, of whatever kind, that reason without tags
  double reflection_share = 0.0;  // share of the careful documents that correct a slip; narrated only
  double rambling_share = 0.0;  // share of the sloppy documents that repeat themselves
  std::string prompt_template = "User: {prompt}\nAssistant: ";  // what stands before the completion
};
void fields(core::FieldVisitor& v, CorpusConfig& c);

struct CorpusDocument {
  std::string prompt_text;  // the template filled in
  std::string completion_text;  // what a model shall learn to say; without end-of-sequence token
  Problem problem;
  DocumentStyle style = DocumentStyle::Direct;
};

/// `prompt_template` with {prompt} replaced. UserError when the template does not hold {prompt} exactly once.
std::string fill_template(const std::string& prompt_template, const std::string& prompt);

/// UserError for shares outside [0, 1], a template without {prompt}, an unknown family or level.
void check_corpus_config(const CorpusConfig& config);

/// Document `index` (0 <= index < 2^32) alone; never a problem whose content hash is excluded. Call check_corpus_config
/// once first.
CorpusDocument corpus_document(const CorpusConfig& config, std::uint64_t seed, std::int64_t index,
                               const ExcludedHashes& excluded);

/// Documents 0 ... num_documents - 1.
std::vector<CorpusDocument> make_corpus(const CorpusConfig& config, std::uint64_t seed, const ExcludedHashes& excluded);

}  // namespace r1::data
