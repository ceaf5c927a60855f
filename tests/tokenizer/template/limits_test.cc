// Templates that a stranger may send: each ends in the user's error, soon and with little memory; and mutations of the
// golden templates, which may do nothing but render or end in one.
#include <gmock/gmock.h>

#include <chrono>
#include <random>
#include <vector>

#include "r1/tokenizer/template/limits.h"
#include "tests/tokenizer/chat_cases.h"

namespace r1::tokenizer {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string repeated(const std::string& piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

class TemplateLimits : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(TemplateLimits, EndsInAnError) {
  const auto begun = std::chrono::steady_clock::now();
  const std::string got = rendered_or_refused(GetParam().first);
  EXPECT_THAT(got, StartsWith("! here:1: "));
  EXPECT_THAT(got, HasSubstr(GetParam().second));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));  // seconds at most, not forever
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, TemplateLimits,
    testing::Values(
        std::pair{"{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "more steps"},
        std::pair{"{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                  "more bytes"},
        std::pair{"{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                  "more bytes"},
        std::pair{"{{ 'x' * 999999999999 }}", "more bytes"}, std::pair{"{{ 999999999999 * [1] }}", "more bytes"},
        std::pair{"{{ '' * 9223372036854775807 }}{{ [] * 9223372036854775807 }}{{ 1 / 0 }}", "division by zero"},
        std::pair{"{{ ('x' * 99999)|replace('x', 'y' * 99999) }}", "more bytes"},
        std::pair{"{{ range(99999)|join('y' * 99999) }}", "more bytes"},
        std::pair{"{{ 'x'|indent(9999999999) }}", "more bytes"},
        std::pair{"{{ ('x\\n' * 99999)|indent(99999) }}", "more bytes"},
        std::pair{"{{ [[1]]|tojson(indent=999999999) }}", "more bytes"},
        std::pair{"{% set ns = namespace(v=[1]) %}{% for i in range(999) %}{% set ns.v = [ns.v] %}{% endfor %}",
                  "nested more than 100 deep"},
        std::pair{"{% set ns = namespace(v=[1]) %}{% for i in range(99) %}{% set ns.v = [ns.v, ns.v] %}{% endfor %}{{ "
                  "ns.v }}",
                  "more "},
        std::pair{"{% set ns = namespace(v=[1], w=[1]) %}{% for i in range(99) %}{% set ns.v = [ns.v, ns.v] %}{% set "
                  "ns.w = [ns.w, ns.w] %}"
                  "{% endfor %}{{ ns.v == ns.w }}",
                  "more steps"},
        std::pair{"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls itself more than"},
        std::pair{"{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}", "calls itself more than"},
        std::pair{"{% set ns = namespace() %}{% set ns.me = ns %}{{ ns.me.me == ns }}{{ ns.me }}", "cannot be printed"},
        std::pair{"{% set s = ' ' * 999999 %}{% for i in range(99999) %}{% set x = s.strip() %}{% endfor %}",
                  "more steps"},
        std::pair{"{% set s = 'a' * 999999 %}{{ s.rsplit('a' * 99999 ~ 'b') }}", "more steps"},
        std::pair{"{% set s = 'a' * 9999999 %}{{ s[::-1] }}{{ s|list }}", "more bytes"},
        std::pair{"{{ strftime_now('%c' * 99999) }}", "no such date format"},
        std::pair{"{{ (2 ** 62)|string * 9 ** 9 }}", "more bytes"}));

TEST(TemplateLimits, ACallerMayAllowLess) {
  const std::string source = "{% for a in range(999) %}{{ a }}{% endfor %}";
  ChatTemplate::Options options;
  EXPECT_THAT(rendered_or_refused(source, nlohmann::ordered_json::array(), options), StartsWith("0123"));
  options.max_steps = 500;
  EXPECT_THAT(rendered_or_refused(source, nlohmann::ordered_json::array(), options), HasSubstr("more steps"));
}

TEST(TemplateLimits, DeepNestingIsNoCrash) {
  EXPECT_THAT(rendered_or_refused("{{ " + repeated("(", 9999)), HasSubstr("nested too deep"));
  EXPECT_THAT(rendered_or_refused("{{ " + repeated("[", 99) + repeated("]", 99) + " }}"), StartsWith("[[["));
  EXPECT_THAT(rendered_or_refused("{{ " + repeated("not ", 9999) + "1 }}"), HasSubstr("nested more than"));
  EXPECT_THAT(rendered_or_refused("{{ " + repeated("-", 9999) + "1 }}"), HasSubstr("nested more than"));
  EXPECT_THAT(rendered_or_refused("{{ 1" + repeated(" + 1", 9999) + " }}"), HasSubstr("nested more than"));
  EXPECT_THAT(rendered_or_refused("{{ n" + repeated("|string", 9999) + " }}"), HasSubstr("nested more than"));
  EXPECT_THAT(rendered_or_refused("{{ n" + repeated(".x", 9999) + " }}"), HasSubstr("nested more than"));
  EXPECT_THAT(rendered_or_refused("{{ 1" + repeated(" if t else 1", 9999) + " }}"), HasSubstr("nested more than"));
  EXPECT_THAT(rendered_or_refused(repeated("{% if t %}", 9999)), HasSubstr("nested too deep"));
  EXPECT_THAT(rendered_or_refused("{% set " + repeated("(", 9999) + "a"), HasSubstr("nested too deep"));
  EXPECT_EQ(rendered_or_refused("{% if n == 0 %}" + repeated("{% elif n == 1 %}", 9999) + "{% else %}e{% endif %}"),
            "e");
  EXPECT_EQ(rendered_or_refused("{{ 1" + repeated(" ~ 1", 9999) + " }}").size(), 10000U);
}

TEST(TemplateLimits, LongConversationsFit) {
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  for (int i = 0; i < 1000; ++i) {
    messages.push_back({{"role", "user"}, {"content", std::string(1000, 'q')}});
    messages.push_back({{"role", "assistant"}, {"content", "<think>" + std::string(1000, 't') + "</think>a"}});
  }
  for (const char* name : {"qwen", "deepseek", "llama", "mistral", "schema"})
    EXPECT_THAT(rendered_or_refused(golden_source(name), messages, options_of({})), testing::Not(StartsWith("!")))
        << name;
}

/// One random change: a byte, a cut, a copy of another place, or a piece of the language put in.
std::string mutated(std::string source, std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"{{",
                                                   "}}",
                                                   "{%",
                                                   "%}",
                                                   "-",
                                                   "{#",
                                                   "#}",
                                                   "(",
                                                   ")",
                                                   "[",
                                                   "]",
                                                   "'",
                                                   "\"",
                                                   "|",
                                                   " is ",
                                                   " not ",
                                                   " in ",
                                                   " if ",
                                                   " else ",
                                                   "{% endif %}",
                                                   "{% endfor %}",
                                                   "none",
                                                   "1",
                                                   "0.5",
                                                   "messages",
                                                   "loop.",
                                                   "\\",
                                                   "é",
                                                   "\n",
                                                   ":",
                                                   ",",
                                                   ".",
                                                   "=",
                                                   "~",
                                                   "*",
                                                   "%",
                                                   "{% set x = 1 %}",
                                                   "[::-1]",
                                                   "|list",
                                                   "|int",
                                                   "namespace(",
                                                   "{% break %}",
                                                   "{% macro m(",
                                                   "{% endmacro %}",
                                                   "|tojson",
                                                   ".items()",
                                                   "**"};
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % (bound + 1)); };
  const std::size_t at = below(source.size());
  switch (random() % 4) {
    case 0:
      if (at < source.size()) source[at] = static_cast<char>(random() % 128);
      return source;
    case 1:
      return source.erase(at, below(12));
    case 2:
      return source.insert(at, source.substr(below(source.size()), below(40)));
    default:
      return source.insert(at, kPieces[below(kPieces.size() - 1)]);
  }
}

TEST(TemplateMutations, OnlyTextOrTheUsersError) {
  std::mt19937 random(7);
  const auto& golden = golden_chat();
  std::size_t num_texts = 0;
  std::size_t num_errors = 0;
  for (const char* name : {"qwen", "llama", "mistral", "deepseek", "gemma", "phi", "schema", "smol"}) {
    const std::string source = golden_source(name);
    for (int i = 0; i < 100; ++i) {
      std::string changed = source;
      for (std::size_t count = 1 + random() % 4; count > 0; --count) changed = mutated(changed, random);
      for (const char* conversation : {"two_calls", "parts"}) {
        SCOPED_TRACE(changed);
        std::string got;
        EXPECT_NO_THROW(got = rendered_or_refused(changed, golden.at("conversations").at(conversation),
                                                  options_of(golden.at("variants")[2])));
        ++(got.starts_with("! here") ? num_errors : num_texts);
      }
    }
  }
  EXPECT_GT(num_texts, 100U);
  EXPECT_GT(num_errors, 100U);
}

}  // namespace
}  // namespace r1::tokenizer
