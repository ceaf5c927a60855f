// str(), repr() and json.dumps(). Nesting is bounded when values are made, so the recursion is too; the size of the
// result is charged while it grows, because values may hold the same list many times.
#include "r1/tokenizer/template/print.h"

#include <algorithm>
#include <cmath>

#include "r1/tokenizer/template/compare.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

class ReprWriter {
 public:
  explicit ReprWriter(Limits& limits) : limits_(limits) {}

  void write(const Value& value) {
    limits_.step();
    switch (value.kind()) {
      case Kind::Undefined:
        return put("Undefined");
      case Kind::None:
        return put("None");
      case Kind::Bool:
        return put(value.as_bool() ? "True" : "False");
      case Kind::Int:
        return put(std::to_string(value.as_integer()));
      case Kind::Float:
        return put(float_text(value.as_double()));
      case Kind::String:
        return put(value.is_markup() ? "Markup(" + quoted(value.as_text()) + ")" : quoted(value.as_text()));
      case Kind::List:
        return write_items(value.as_sequence().items, "[", "]");
      case Kind::Tuple:
        return write_items(value.as_sequence().items, "(", value.as_sequence().items.size() == 1 ? ",)" : ")");
      case Kind::Range:
        return put(value.as_sequence().label);
      case Kind::View:
        put(value.as_sequence().label);
        return write_items(value.as_sequence().items, "([", "])");
      case Kind::Dict:
        return write_dict(value.as_dict());
      case Kind::Iterator:
        fail("an iterator (what select, map, reverse, items, ... give) is printed; put |list behind it");
      case Kind::Namespace:
      case Kind::Function:
        fail("a {} cannot be printed", type_name(value));
    }
  }
  std::string take() { return std::move(text_); }

 private:
  void put(std::string_view piece) {
    limits_.bytes(piece.size());
    text_ += piece;
  }
  void write_items(const Values& items, const char* open, const char* close) {
    put(open);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(", ");
      write(items[i]);
    }
    put(close);
  }
  void write_dict(const Dict& dict) {
    put("{");
    bool first = true;
    for (const auto& [key, value] : dict.entries) {
      if (!first) put(", ");
      first = false;
      write(key);
      put(": ");
      write(value);
    }
    put("}");
  }

  Limits& limits_;
  std::string text_;
};

class JsonWriter {
 public:
  JsonWriter(Limits& limits, const JsonStyle& style) : limits_(limits), style_(style) {
    item_separator_ = style.item_separator.value_or(style.indent ? "," : ", ");
    key_separator_ = style.key_separator.value_or(": ");
  }

  void write(const Value& value) {
    limits_.step();
    switch (value.kind()) {
      case Kind::None:
        return put("null");
      case Kind::Bool:
        return put(value.as_bool() ? "true" : "false");
      case Kind::Int:
        return put(std::to_string(value.as_integer()));
      case Kind::Float:
        return put(json_number(value.as_double()));
      case Kind::String:
        return write_text(value.as_text());
      case Kind::List:
      case Kind::Tuple:
        return write_list(value.as_sequence().items);
      case Kind::Dict:
        return write_dict(value.as_dict());
      case Kind::Undefined:
        fail("tojson of something undefined: {}", value.why_undefined());
      default:
        fail("tojson of a value of type {}", type_name(value));
    }
  }
  std::string take() { return std::move(text_); }

 private:
  static std::string json_number(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return float_text(number);
  }
  void put(std::string_view piece) {
    limits_.bytes(piece.size());
    text_ += piece;
  }
  void new_line() {
    if (!style_.indent) return;
    limits_.bytes_product(level_, style_.indent->size());
    put("\n");
    for (std::size_t i = 0; i < level_; ++i) text_ += *style_.indent;
  }
  void write_list(const Values& items) {
    if (items.empty()) return put("[]");
    put("[");
    ++level_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(item_separator_);
      new_line();
      write(items[i]);
    }
    --level_;
    new_line();
    put("]");
  }
  void write_dict(const Dict& dict) {
    if (dict.entries.empty()) return put("{}");
    Entries entries = dict.entries;
    if (style_.sort_keys)
      std::stable_sort(entries.begin(), entries.end(),
                       [&](const auto& a, const auto& b) { return less(limits_, a.first, b.first); });
    put("{");
    ++level_;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) put(item_separator_);
      new_line();
      write_key(entries[i].first);
      put(key_separator_);
      write(entries[i].second);
    }
    --level_;
    new_line();
    put("}");
  }
  void write_key(const Value& key) {
    if (key.is(Kind::String)) return write_text(key.as_text());
    if (!key.is_number() && !key.is(Kind::None)) fail("tojson of a dict with a key of type {}", type_name(key));
    put("\"");
    write(key);
    put("\"");
  }
  void write_text(const std::string& text) {
    std::string escaped = "\"";
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      const char32_t c = next_code_point(text, at);
      if (c < 0x20 || c == '"' || c == '\\') {
        append_control(escaped, static_cast<char>(c));
      } else if (c >= 0x80 && style_.ensure_ascii) {
        append_ascii(escaped, c);
      } else {
        escaped.append(text, begin, at - begin);
      }
    }
    put(escaped + '"');
  }
  static void append_control(std::string& text, char c) {
    constexpr std::string_view kPlain = "\"\\\n\r\t\f\b";
    constexpr std::string_view kShort = "\"\\nrtfb";
    const std::size_t which = kPlain.find(c);
    text += which != std::string_view::npos ? std::string("\\") + kShort[which]
                                            : fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  }
  static void append_ascii(std::string& text, char32_t c) {
    const auto code = static_cast<std::uint32_t>(c);
    text += code < 0x10000 ? fmt::format("\\u{:04x}", code)
                           : fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((code - 0x10000) >> 10),
                                         0xDC00 + ((code - 0x10000) & 0x3FF));
  }

  Limits& limits_;
  const JsonStyle& style_;
  std::string item_separator_, key_separator_, text_;
  std::size_t level_ = 0;
};

}  // namespace

std::string to_repr(Limits& limits, const Value& value) {
  ReprWriter writer(limits);
  writer.write(value);
  return writer.take();
}

std::string to_text(Limits& limits, const Value& value) {
  if (value.is(Kind::Undefined)) return "";
  if (!value.is(Kind::String)) return to_repr(limits, value);
  limits.bytes(value.as_text().size());
  return value.as_text();
}

std::string to_json(Limits& limits, const Value& value, const JsonStyle& style) {
  JsonWriter writer(limits, style);
  writer.write(value);
  return writer.take();
}

}  // namespace r1::tokenizer::jinja
