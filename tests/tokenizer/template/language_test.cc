// The template language: small sources with what Jinja2 makes of them (golden/chat.json), and what is refused, with its
// line and name.
#include <gmock/gmock.h>

#include <vector>

#include "tests/tokenizer/chat_cases.h"

namespace r1::tokenizer {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(TemplateLanguage, SameTextAsJinja) {
  std::size_t num_texts = 0;
  for (const auto& row : golden_chat().at("expressions")) {
    const std::string source = row[0];
    SCOPED_TRACE(source);
    const std::string got = rendered_or_refused(source);
    if (row[1] == "text") {
      ++num_texts;
      EXPECT_EQ(got, row[2].get<std::string>());
    } else {
      EXPECT_THAT(got, StartsWith("! here:1: the chat template ")) << row[2];
    }
  }
  EXPECT_GT(num_texts, 100U);
}

struct Refused {
  const char* source;
  int line;
  const char* what;
};

class TemplateRefused : public testing::TestWithParam<Refused> {};

TEST_P(TemplateRefused, NamesLineAndReason) {
  const Refused& refused = GetParam();
  const std::string got = rendered_or_refused(refused.source);
  EXPECT_THAT(got, StartsWith("! here:" + std::to_string(refused.line) + ": the chat template "));
  EXPECT_THAT(got, HasSubstr(refused.what));
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, TemplateRefused,
    testing::Values(
        Refused{"a\n{% include 'x' %}", 2, "the statement include is not supported"},
        Refused{"{% block x %}{% endblock %}", 1, "the statement block is not supported"},
        Refused{"{% call m() %}{% endcall %}", 1, "the statement call is not supported"},
        Refused{"{% do xs.append(1) %}", 1, "the statement do is not supported"},
        Refused{"{% for x in xs recursive %}{% endfor %}", 1, "a recursive loop is not supported"},
        Refused{"{% macro m() %}\n{{ caller() }}{% endmacro %}", 2, "caller in a macro is not supported"},
        Refused{"\n\n{% if t %}", 3, "this block has no endif"},
        Refused{"{% for x in xs %}{% endif %}", 1, "endif ends no block"},
        Refused{"{% endfor %}", 1, "endfor ends no block"}, Refused{"{% else %}", 1, "else ends no block"},
        Refused{"{{ 1 +\n }}", 2, "a value is expected, but there is }}"}, Refused{"{{ }}", 1, "a value is expected"},
        Refused{"{{ (1 }}", 1, "} closes no bracket"}, Refused{"{{ 1) }}", 1, ") closes no bracket"},
        Refused{"{{ [1, }}", 1, "} closes no bracket"}, Refused{"{{ a b }}", 1, "}} is expected, but there is b"},
        Refused{"x\n{{ 'abc }}", 2, "a string has no end"},
        Refused{"{{ 'a\\xzz' }}", 1, "an escape that is no character"},
        Refused{"{{ '\\ud800' }}", 1, "an escape that is no character"},
        Refused{"{{ '\\N{DASH}' }}", 1, "\\N in a string"}, Refused{"{{ 1\n", 1, "a tag has no end }}"},
        Refused{"{% if\n\n", 2, "a tag has no end %}"}, Refused{"\n{# x", 2, "a comment {# has no end"},
        Refused{"\n{% raw %}{{", 2, "raw has no endraw"}, Refused{"{{ a ? b }}", 1, "unexpected character '?'"},
        Refused{"{{ é }}", 1, "unexpected character 'é'"}, Refused{"{{ f(*xs) }}", 1, "* and ** before an argument"},
        Refused{"{{ f(a=1, 2) }}", 1, "an argument without a name"}, Refused{"{{ xs[1, 2] }}", 1, "several indices"},
        Refused{"{{ xs[] }}", 1, "a value is expected"}, Refused{"{{ 0x10 }}", 1, "another base"},
        Refused{"{{ 010 }}", 1, "begins with 0"}, Refused{"{{ 99999999999999999999 }}", 1, "too large"},
        Refused{"{% set 1 = 2 %}", 1, "a name is expected"}, Refused{"{% set none = 2 %}", 1, "none cannot be set"},
        Refused{"{% for a.b in xs %}{% endfor %}", 1, "in is expected"},
        Refused{"{% break %}", 1, "break stands outside of a loop"},
        Refused{"{% for x in xs %}{% macro m() %}{% continue %}{% endmacro %}{% endfor %}", 1,
                "continue stands outside of a loop"},
        Refused{"{% macro m(a=1, b) %}{% endmacro %}", 1, "a parameter without default"},
        Refused{"{% 5 %}", 1, "a statement is expected"}, Refused{"{{ a is string is string }}", 1, "two tests"},
        Refused{"{{ x. }}", 1, "a name is expected"}, Refused{"{{ 1 == != 2 }}", 1, "a value is expected"}));

INSTANTIATE_TEST_SUITE_P(
    Meaning, TemplateRefused,
    testing::Values(
        Refused{"a\nb\n{{ n|trimm }}", 3, "the filter trimm is not supported; the nearest known one is trim"},
        Refused{"{{ n|pprint }}", 1, "the filter pprint is not supported"},
        Refused{"\n{{ n is strin }}", 2, "the test strin is not supported"},
        Refused{"\n\n{{ missing.x }}", 3, "missing is undefined, and so no .x"},
        Refused{"{{ missing['x'] }}", 1, "missing is undefined"},
        Refused{"{{ d.zz.y }}", 1, "a value of type dict has no zz, and so no .y"},
        Refused{"{{ lipsum() }}", 1, "lipsum is undefined, but it is called"},
        Refused{"{{ 'a'.format() }}", 1, "the method format of str is not supported"},
        Refused{"{{ xs.append(1) }}", 1, "list.append changes its object"},
        Refused{"{{ '%s' % 1 }}", 1, "printf-style"},
        Refused{"{{ 9223372036854775807 + 1 }}", 1, "does not fit 64 bits"},
        Refused{"{{ -9223372036854775807 - 2 }}", 1, "does not fit 64 bits"},
        Refused{"{{ 3 ** 50 }}", 1, "does not fit 64 bits"}, Refused{"{{ xs|map('string') }}", 1, "an iterator"},
        Refused{"{{ range }}", 1, "a function cannot be printed"},
        Refused{"{{ namespace() }}", 1, "a namespace cannot be printed"},
        Refused{"{{ 5|trim(1) }}", 1, "needs a str as argument 1, not int"},
        Refused{"{{ 'a'.strip(1, 2) }}", 1, "strip takes at most 1 arguments, not 2"},
        Refused{"{{ 'a'|indent(huge=1) }}", 1, "indent has no argument huge"},
        Refused{"{{ 'a'|replace('b') }}", 1, "replace needs 2 arguments"},
        Refused{"{{ 'a'|replace('b', old='c') }}", 1, "replace is given the argument old twice"},
        Refused{"{% set n.x = 1 %}", 1, "n is no namespace()"},
        Refused{"{{ 'a' if t else 'b' }}\n{{ raise_exception('é!') }}", 2, "refuses this conversation: é!"},
        Refused{"{% for x in xs %}\n{% if loop.last %}{{ 1 / 0 }}{% endif %}{% endfor %}", 2, "division by zero"},
        Refused{"{% macro m() %}\n\n{{ none + 1 }}{% endmacro %}\n{{ m() }}", 3, "None + int is no operation"}));

}  // namespace
}  // namespace r1::tokenizer
