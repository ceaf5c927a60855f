// Tokenizer::load and Tokenizer::to_json: Hugging Face's tokenizer.json for byte-level BPE. What would change ids and
// is not implemented is refused by name. The post-processor is not read: encode() puts nothing around the text.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"
#include "r1/tokenizer/byte_level.h"
#include "r1/tokenizer/merge_table.h"
#include "r1/tokenizer/pre_tokenizer.h"
#include "r1/tokenizer/split_patterns.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Reads one file; every refusal names it.
class Reader {
 public:
  Reader(const json& root, std::string file) : root_(root), file_(std::move(file)) {}

  Model read() {
    for (const char* key : {"truncation", "padding"}) require(is_null(root_, key), key, "it would change the ids");
    read_normalizer();
    read_pre_tokenizer();
    require(string_at(root_.value("decoder", json()), "type") == "ByteLevel", "decoder", "only ByteLevel is known");
    read_vocabulary(root_.at("model"));
    read_merges(root_.at("model"));
    return std::move(model_);
  }

 private:
  static bool is_null(const json& object, const char* key) { return !object.contains(key) || object.at(key).is_null(); }
  static std::string string_at(const json& object, const char* key) {
    return object.is_object() && object.contains(key) && object.at(key).is_string() ? object.at(key).get<std::string>()
                                                                                    : "";
  }
  void require(bool supported, const std::string& what, const char* why) const {
    if (!supported) user_error("{}: {} is not supported: {}", file_, what, why);
  }

  /// A whole number in [0, highest]; -1 for anything else.
  static std::int32_t read_id(const json& value, std::int64_t highest) {
    const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(highest);
    return fits ? value.get<std::int32_t>() : -1;
  }

  /// Nothing, or Unicode's form C, alone or as the step of a Sequence.
  void read_normalizer() {
    if (is_null(root_, "normalizer")) return;
    const json& normalizer = root_.at("normalizer");
    const bool sequence = string_at(normalizer, "type") == "Sequence";
    for (const json& step : sequence ? normalizer.at("normalizers") : json::array({normalizer})) {
      const std::string type = string_at(step, "type");
      require(type == "NFC", fmt::format("normalizer {}", type), "only NFC is known");
      model_.nfc = true;
    }
  }

  void read_pre_tokenizer() {
    require(!is_null(root_, "pre_tokenizer"), "pre_tokenizer null", "a ByteLevel one is needed");
    const json& pre_tokenizer = root_.at("pre_tokenizer");
    const bool sequence = string_at(pre_tokenizer, "type") == "Sequence";
    const json steps = sequence ? pre_tokenizer.at("pretokenizers") : json::array({pre_tokenizer});
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::string type = string_at(steps[i], "type");
      const bool last = i + 1 == steps.size();
      const bool digits = type == "Digits" && !last;
      require(digits || type == (last ? "ByteLevel" : "Split"), fmt::format("pre_tokenizer {}", type),
              "Splits and Digits, then ByteLevel, are known");
      if (digits)
        model_.split_patterns.emplace_back(steps[i].value("individual_digits", false) ? "\\p{N}" : "\\p{N}+");
      else
        last ? read_byte_level(steps[i]) : read_split(steps[i]);
    }
    require(!steps.empty(), "pre_tokenizer Sequence of nothing", "a ByteLevel one is needed");
  }

  void read_split(const json& step) {
    const std::string behavior = string_at(step, "behavior");
    require(behavior == "Isolated", fmt::format("Split behavior {}", behavior), "only Isolated is known");
    require(!step.value("invert", false), "Split invert true", "only false is known");
    require(step.at("pattern").contains("Regex"), fmt::format("Split pattern {}", step.at("pattern").dump()),
            "only Regex is known");
    const auto pattern = step.at("pattern").at("Regex").get<std::string>();
    const PreTokenizer readable({pattern}, file_);
    model_.split_patterns.push_back(pattern);
  }

  void read_byte_level(const json& step) {
    require(!step.value("add_prefix_space", true), "ByteLevel add_prefix_space true", "text must not be changed");
    if (step.value("use_regex", true)) model_.split_patterns.push_back(split_patterns("gpt2").front());
  }

  void read_vocabulary(const json& bpe) {
    require(bpe.value("type", "BPE") == "BPE", fmt::format("model {}", string_at(bpe, "type")), "only BPE is known");
    require(is_null(bpe, "dropout") || bpe.at("dropout") == 0.0, "dropout", "encoding is deterministic");
    for (const char* key : {"byte_fallback", "fuse_unk"}) require(!bpe.value(key, false), key, "only false is known");
    model_.ignore_merges = bpe.value("ignore_merges", false);
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      require(string_at(bpe, key).empty(), key, "byte-level BPE has none");
    read_added_tokens();
    std::unordered_map<std::int32_t, std::string_view> added;
    for (const auto* list : {&model_.special_tokens, &model_.added_tokens})
      for (const auto& [text, id] : *list) added.emplace(id, text);
    const json& vocab = bpe.at("vocab");
    const std::int64_t highest = highest_id(vocab.size() + added.size());
    for (const auto& [printable, value] : vocab.items()) {
      const std::int32_t id = read_id(value, highest);
      if (id < 0)
        user_error("{}: vocab gives {} the id {}; of {} tokens, 0 to {} are accepted", file_, printable, value.dump(),
                   vocab.size(), highest);
      if (static_cast<std::size_t>(id) >= model_.tokens.size()) model_.tokens.resize(static_cast<std::size_t>(id) + 1);
      const auto special = added.find(id);
      const bool literal = special != added.end() && special->second == printable;
      const auto bytes = literal ? printable : from_printable(printable);
      if (!bytes) user_error("{}: vocab entry {} (id {}) is not in byte-level form", file_, printable, id);
      if (!model_.tokens[id].empty())
        user_error("{}: vocab gives the id {} twice, the second time to {}", file_, id, printable);
      model_.tokens[id] = *bytes;
      id_of_.emplace(printable, id);
    }
    const std::string unknown = string_at(bpe, "unk_token");
    if (const auto found = id_of_.find(unknown); !unknown.empty() && found != id_of_.end())
      model_.unknown = found->second;
  }

  void read_added_tokens() {
    if (is_null(root_, "added_tokens")) return;
    for (const json& token : root_.at("added_tokens")) {
      const auto content = token.at("content").get<std::string>();
      for (const char* key : {"single_word", "lstrip", "rstrip"})
        require(!token.value(key, false), fmt::format("added token {} with {}", content, key), "only false is known");
      require(!model_.nfc || !token.value("normalized", false), fmt::format("added token {} with normalized", content),
              "beside a normalizer only false is known");
      auto& list = token.value("special", false) ? model_.special_tokens : model_.added_tokens;
      const std::int32_t id = read_id(token.at("id"), INT32_MAX);
      if (id < 0) user_error("{}: added token {} has the id {}", file_, content, token.at("id").dump());
      list.emplace_back(content, id);
    }
  }

  void read_merges(const json& bpe) {
    for (const json& merge : bpe.at("merges")) {
      std::string left, right;
      if (merge.is_string()) {
        const auto both = merge.get<std::string>();
        const std::size_t space = both.find(' ');
        if (space == std::string::npos) user_error("{}: merge {} is no pair", file_, both);
        left = both.substr(0, space);
        right = both.substr(space + 1);
      } else {
        if (merge.size() != 2) user_error("{}: merge {} is no pair", file_, merge.dump());
        left = merge.at(0).get<std::string>();
        right = merge.at(1).get<std::string>();
      }
      model_.merges.emplace_back(id_of(left), id_of(right));
    }
  }

  std::int32_t id_of(const std::string& printable) const {
    const auto found = id_of_.find(printable);
    if (found == id_of_.end()) user_error("{}: a merge uses {}, which is not in vocab", file_, printable);
    return found->second;
  }

  const json& root_;
  std::string file_;
  Model model_;
  std::unordered_map<std::string, std::int32_t> id_of_;  // vocab as printed
};

ordered_json added_tokens_json(const Model& model) {
  std::vector<std::pair<std::int32_t, ordered_json>> rows;
  for (const bool special : {true, false})
    for (const auto& [text, id] : special ? model.special_tokens : model.added_tokens)
      rows.push_back({id,
                      {{"id", id},
                       {"content", text},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", special}}});
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  ordered_json list = ordered_json::array();
  for (auto& [id, row] : rows) list.push_back(std::move(row));
  return list;
}

/// id -> the key of the file's vocab: the text of special and added tokens, the printable form of the others.
std::vector<std::string> vocab_keys(const Model& model) {
  std::vector<std::string> keys;
  keys.reserve(model.tokens.size());
  for (const std::string& token : model.tokens) keys.push_back(to_printable(token));
  for (const auto* list : {&model.special_tokens, &model.added_tokens})
    for (const auto& [text, id] : *list)
      if (static_cast<std::size_t>(id) < keys.size()) keys[id] = text;
  return keys;
}

ordered_json model_json(const Model& model) {
  const std::vector<std::string> keys = vocab_keys(model);
  ordered_json bpe = {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", model.unknown ? ordered_json(keys.at(*model.unknown)) : ordered_json()},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", model.ignore_merges},
                      {"vocab", ordered_json::object()},
                      {"merges", ordered_json::array()}};
  // emplace_back of the underlying vector: the map's own insertion looks for the key among all, n^2 in all.
  auto& vocab = bpe["vocab"].get_ref<ordered_json::object_t&>();
  for (std::size_t id = 0; id < keys.size(); ++id)
    if (!keys[id].empty()) vocab.emplace_back(keys[id], id);
  for (const auto& [left, right] : model.merges) bpe["merges"].push_back({keys[left], keys[right]});
  return bpe;
}

/// `begin` ahead of a text, and of both texts of a pair.
ordered_json post_processor_json(const std::string& begin, std::int32_t id) {
  const auto special = [&](int type) { return ordered_json{{"SpecialToken", {{"id", begin}, {"type_id", type}}}}; };
  const auto sequence = [](const char* name, int type) {
    return ordered_json{{"Sequence", {{"id", name}, {"type_id", type}}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", {special(0), sequence("A", 0)}},
          {"pair", {special(0), sequence("A", 0), special(1), sequence("B", 1)}},
          {"special_tokens", {{begin, {{"id", begin}, {"ids", {id}}, {"tokens", {begin}}}}}}};
}

ordered_json byte_level_json() {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  const std::string file = (std::filesystem::is_directory(path) ? path / "tokenizer.json" : path).string();
  const std::string text = core::read_file(file);
  try {
    core::check_json_depth(text, file);
    const json root = json::parse(text);
    if (!root.is_object()) user_error("{}: not a tokenizer.json: it holds no JSON object", file);
    Model model = Reader(root, file).read();
    if (const std::string why = why_inconsistent(model); !why.empty()) user_error("{}: {}", file, why);
    return Tokenizer(std::move(model));
  } catch (const json::exception& e) {
    user_error("{}: not a tokenizer.json that can be read: {}", file, e.what());
  }
}

std::string Tokenizer::to_json(const std::string& begin) const {
  const std::optional<std::int32_t> begin_id = special_id(begin);
  R1_CHECK(begin.empty() || begin_id, "'{}' is no special token of the tokenizer", begin);
  const Model& saved = this->model();
  ordered_json steps = ordered_json::array();
  for (const std::string& pattern : saved.split_patterns)
    steps.push_back(
        {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  steps.push_back(byte_level_json());
  const ordered_json root = {{"version", "1.0"},
                             {"truncation", nullptr},
                             {"padding", nullptr},
                             {"added_tokens", added_tokens_json(saved)},
                             {"normalizer", saved.nfc ? ordered_json{{"type", "NFC"}} : ordered_json()},
                             {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", steps}}},
                             {"post_processor", begin_id ? post_processor_json(begin, *begin_id) : ordered_json()},
                             {"decoder", byte_level_json()},
                             {"model", model_json(saved)}};
  return root.dump(2) + "\n";
}

}  // namespace r1::tokenizer
