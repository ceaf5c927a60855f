// Encoding: special tokens first, then pieces, then merges (with a cache of pieces). Decoding: one look-up per id.
#include "r1/tokenizer/tokenizer.h"

#include <unordered_map>

#include "r1/core/error.h"
#include "r1/tokenizer/merge_table.h"
#include "r1/tokenizer/nfc.h"
#include "r1/tokenizer/piece_cache.h"
#include "r1/tokenizer/pre_tokenizer.h"
#include "r1/tokenizer/special_finder.h"

namespace r1::tokenizer {
namespace {

const Model& checked(const Model& model) {
  const std::string why = why_inconsistent(model);
  R1_CHECK(why.empty(), "tokenizer: {}", why);
  return model;
}

}  // namespace

struct Tokenizer::Impl {
  enum class Kind : std::uint8_t { Unused, Base, Special, Added };
  struct Entry {
    std::string_view bytes;  // points into model
    Kind kind = Kind::Unused;
  };

  explicit Impl(Model m)
      : model(std::move(m)), merges(checked(model)), pre_tokenizer(model.split_patterns), specials(model) {
    for (std::size_t id = 0; id < model.tokens.size(); ++id)
      entries.push_back({model.tokens[id], model.tokens[id].empty() ? Kind::Unused : Kind::Base});
    for (const auto& [text, id] : model.special_tokens) add_entry(text, id, Kind::Special);
    for (const auto& [text, id] : model.added_tokens) add_entry(text, id, Kind::Added);
    if (!model.ignore_merges) return;
    for (std::size_t id = 0; id < model.tokens.size(); ++id)
      if (!model.tokens[id].empty()) whole_pieces.emplace(model.tokens[id], static_cast<std::int32_t>(id));
  }

  void add_entry(std::string_view text, std::int32_t id, Kind kind) {
    if (static_cast<std::size_t>(id) >= entries.size()) entries.resize(static_cast<std::size_t>(id) + 1);
    entries[id] = {text, kind};
  }

  void merge(std::string_view piece, std::vector<std::int32_t>& ids) {
    if (const auto found = whole_pieces.find(piece); found != whole_pieces.end()) return ids.push_back(found->second);
    merges.encode(piece, ids);
  }

  void encode_piece(std::string_view piece, std::vector<std::int32_t>& ids) {
    if (piece.size() == 1) {
      if (const std::int32_t id = merges.byte_id(piece[0]); id != MergeTable::kNoId) ids.push_back(id);
      return;
    }
    if (piece.size() > PieceCache::kMaxBytes) return merge(piece, ids);
    if (cache.append(piece, ids)) return;
    const std::size_t before = ids.size();
    merge(piece, ids);
    cache.store(piece, ids.data() + before, ids.size() - before);
  }

  void encode_text(std::string_view text, std::vector<std::int32_t>& ids) {
    std::string normalized;
    if (model.nfc && !is_nfc_at_a_glance(text)) text = normalized = to_nfc(text);
    pre_tokenizer.for_each_piece(text, [&](std::string_view piece) { encode_piece(piece, ids); });
  }

  Model model;
  MergeTable merges;
  PreTokenizer pre_tokenizer;
  SpecialFinder specials;
  std::unordered_map<std::string_view, std::int32_t> whole_pieces;  // ignore_merges: the tokens; points into model
  std::vector<Entry> entries;  // by id
  PieceCache cache;            // locks inside
};

Tokenizer::Tokenizer(Model model) : impl_(std::make_unique<Impl>(std::move(model))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool parse_special) const {
  std::vector<std::int32_t> ids;
  const auto on_text = [&](std::string_view part) { impl_->encode_text(part, ids); };
  if (parse_special) {
    impl_->specials.cut(text, on_text, [&](std::int32_t id) { ids.push_back(id); });
  } else {
    on_text(text);
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  std::string text;
  for (const std::int32_t id : ids) {
    R1_CHECK(contains(id), "token id {} is not in the vocabulary of {}", id, vocab_size());
    if (skip_special && impl_->entries[id].kind == Impl::Kind::Special) continue;
    text += impl_->entries[id].bytes;
  }
  return text;
}

std::int64_t Tokenizer::vocab_size() const { return static_cast<std::int64_t>(impl_->entries.size()); }

bool Tokenizer::contains(std::int64_t id) const {
  return id >= 0 && id < vocab_size() && impl_->entries[id].kind != Impl::Kind::Unused;
}

std::optional<std::int32_t> Tokenizer::special_id(std::string_view text) const {
  for (const auto* list : {&impl_->model.special_tokens, &impl_->model.added_tokens})
    for (const auto& [special, id] : *list)
      if (special == text) return id;
  return std::nullopt;
}

const Model& Tokenizer::model() const { return impl_->model; }

}  // namespace r1::tokenizer
