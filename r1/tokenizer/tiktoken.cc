// Rank files (tiktoken.h): every way to cut a token into two tokens becomes a merge that ranks as the token does.
#include "r1/tokenizer/tiktoken.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tokenizer/byte_level.h"
#include "r1/tokenizer/merge_table.h"
#include "r1/tokenizer/split_patterns.h"

namespace r1::tokenizer {
namespace {

using nlohmann::json;
using SpecialTokens = std::vector<std::pair<std::string, std::int32_t>>;

constexpr std::int64_t kMaxId = (1 << 24) - 1;  // as in merge_table.cc

/// The value of a base64 character (RFC 4648), or -1.
int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// Padded base64 -> bytes; nothing when it is malformed.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = i + padding < text.size() ? base64_value(text[i]) : 0;
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(bits >> shift & 0xFF);
    bits = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

/// id -> what the file has for it; empty where it has nothing.
std::vector<std::string> read_ranks(const std::filesystem::path& file) {
  const std::string text = core::read_file(file);
  std::vector<std::string> tokens;
  std::int64_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::size_t space = std::min(line.find(' '), line.size());
    const auto token = from_base64(line.substr(0, space));
    const std::string_view rank = line.substr(std::min(space + 1, line.size()));
    std::int64_t id = -1;
    const auto parsed = std::from_chars(rank.data(), rank.data() + rank.size(), id);
    if (!token || token->empty() || parsed.ec != std::errc() || parsed.ptr != rank.data() + rank.size() || id < 0 ||
        id > kMaxId)
      user_error("{}:{}: a token in base64, a space and its rank are needed (a tiktoken rank file)", file.string(),
                 number);
    if (static_cast<std::size_t>(id) >= tokens.size()) tokens.resize(static_cast<std::size_t>(id) + 1);
    if (!tokens[id].empty()) user_error("{}:{}: rank {} is given twice", file.string(), number, id);
    tokens[id] = *token;
  }
  if (tokens.empty()) user_error("{}: it holds no token", file.string());
  return tokens;
}

bool has_every_byte(const std::vector<std::string>& tokens) {
  std::vector<bool> seen(256);
  for (const std::string& token : tokens)
    if (token.size() == 1) seen[static_cast<unsigned char>(token[0])] = true;
  return std::all_of(seen.begin(), seen.end(), [](bool s) { return s; });
}

/// Undoes the printable form of all tokens but the special ones; changes nothing when one is not in it.
void undo_printable(std::vector<std::string>& tokens, const SpecialTokens& special_tokens) {
  std::vector<std::string> bytes(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const auto is_this = [&](const auto& s) {
      return static_cast<std::size_t>(s.second) == id && s.first == tokens[id];
    };
    const bool special = std::any_of(special_tokens.begin(), special_tokens.end(), is_this);
    const auto undone = special ? tokens[id] : from_printable(tokens[id]);
    if (!undone) return;
    bytes[id] = *undone;
  }
  tokens = std::move(bytes);
}

/// Every cut of every token into two tokens, in the order of the tokens.
void append_merges(Model& model) {
  std::unordered_map<std::string_view, std::int32_t> id_of;
  for (std::size_t id = 0; id < model.tokens.size(); ++id)
    if (!model.tokens[id].empty()) id_of.emplace(model.tokens[id], static_cast<std::int32_t>(id));
  for (const auto& [text, id] : model.special_tokens) {
    const auto found = id_of.find(text);
    if (found != id_of.end() && found->second == id) id_of.erase(found);  // no merge makes it or uses it
  }
  for (const std::string& token : model.tokens) {
    if (token.empty() || !id_of.contains(token)) continue;
    const std::string_view whole = token;
    const std::size_t first = model.merges.size();
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
      const auto left = id_of.find(whole.substr(0, cut)), right = id_of.find(whole.substr(cut));
      if (left != id_of.end() && right != id_of.end()) model.merges.emplace_back(left->second, right->second);
    }
    std::sort(model.merges.begin() + static_cast<std::ptrdiff_t>(first), model.merges.end());
  }
}

}  // namespace

SpecialTokens read_special_tokens(const std::filesystem::path& json_file) {
  const std::string file = json_file.string();
  const json root = json::parse(core::read_file(json_file), nullptr, false);
  if (!root.is_object()) user_error("{}: a JSON object of special tokens is needed: {{\"text\": id, ...}}", file);
  SpecialTokens tokens;
  const auto add = [&](const std::string& text, std::int64_t id) {
    if (id < 0 || id > kMaxId) user_error("{}: special token {} has the id {}", file, text, id);
    tokens.emplace_back(text, static_cast<std::int32_t>(id));
  };
  if (!root.contains("added_tokens_decoder")) {
    for (const auto& [text, id] : root.items())
      if (id.is_number_integer()) add(text, id.get<std::int64_t>());
    return tokens;
  }
  for (const auto& [key, token] : root.at("added_tokens_decoder").items()) {
    std::int64_t id = -1;
    std::from_chars(key.data(), key.data() + key.size(), id);
    if (!token.is_object() || !token.contains("content") || !token.at("content").is_string())
      user_error("{}: added_tokens_decoder: token {} has no content", file, key);
    add(token.at("content").get<std::string>(), id);
  }
  return tokens;
}

Tokenizer load_tiktoken(const std::filesystem::path& file, const std::string& pattern,
                        const SpecialTokens& special_tokens) {
  Model model;
  model.tokens = read_ranks(file);
  model.special_tokens = special_tokens;
  model.split_patterns = split_patterns(pattern);
  model.ignore_merges = model.rank_by_token = true;
  if (!has_every_byte(model.tokens)) undo_printable(model.tokens, special_tokens);
  if (!has_every_byte(model.tokens))
    user_error("{}: some byte has no token: neither a tiktoken rank file nor the printable form of one", file.string());
  append_merges(model);
  if (const std::string why = why_inconsistent(model); !why.empty()) user_error("{}: {}", file.string(), why);
  return Tokenizer(std::move(model));
}

}  // namespace r1::tokenizer
