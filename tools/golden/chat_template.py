"""Writes tests/tokenizer/golden/chat.json: conversations rendered by the templates of tests/tokenizer/golden/chat/ and small
expressions, both as apply_chat_template of `transformers` renders them. The templates are r1's own, in the style of published
ones. What transformers refuses (raise_exception) is a case as well, with its message.

Run in the repository's root: python tools/golden/chat_template.py   (needs: transformers, jinja2)
With --check FILE_OF_TEMPLATES... it prints such cases for other templates instead, for comparisons that are not kept.
"""

import datetime
import json
import os
import sys

from transformers.utils.chat_template_utils import render_jinja_template

FOLDER = "tests/tokenizer/golden"
NOW = datetime.datetime(2025, 3, 9, 14, 5, 6)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def call(name, arguments, call_id="call00001"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(content, call_id="call00001"):
    return {"role": "tool", "content": content, "tool_call_id": call_id, "name": "get_weather"}


TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "The weather of a place\nnow & later <°C>.",
        "parameters": {"type": "object", "required": ["place"], "properties": {
            "place": {"type": "string", "description": "A city,\ne.g. \"Zürich\""},
            "unit": {"type": "string", "enum": ["C", "F"]},
            "days": {"type": "array", "items": {"type": "integer"}},
            "where": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}}}}},
        "return": {"type": "number"}}},
    {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}, "x": [1, 2.5, True, None]}}},
]

CONVERSATIONS = {
    "plain": [user("What is 2 + 2?")],
    "system": [system("You are terse."), user("Hi")],
    "turns": [user("Hi"), assistant("Hello!"), user("  How are you?  \n"), assistant("\n Fine. \n"), user("Good")],
    "system_turns": [system("Be kind."), user("a"), assistant("b"), user("c"), assistant("d")],
    "unicode": [system("你是助手。"), user("¿Qué? \u00a0\u2003 ½ 😀 e\u0301"), assistant("はい\u3000")],
    "empty": [user(""), assistant(""), user("\n")],
    "quotes": [user("say \"it's\" \\ / \t <b>&amp;</b> {{ x }} {% y %}")],
    "think": [user("1+1?"), assistant("<think>\none and one\n</think>\n\n2"), user("2+2?"),
              assistant("<think>a</think>b</think>\n\n4")],
    "reasoning": [user("x"), assistant("y", reasoning_content="\nbecause\n"), user("z")],
    "reasoning_last": [user("x"), assistant("y", reasoning_content="because")],
    "call": [user("Weather in Bern?"), assistant(None, tool_calls=[call("get_weather", {"place": "Bern", "days": [1, 2]})]),
             tool("12 °C"), assistant("It is 12 °C.")],
    "call_text": [user("Weather?"), assistant("Let me see.", tool_calls=[call("get_weather", {"place": "Zürich", "unit": None})]),
                  tool("{\"t\": 3}"), user("And now?")],
    "call_string": [user("w"), assistant("", tool_calls=[call("add", "{\"a\": 1}")]), tool("2")],
    "two_calls": [system("s"), user("w"), assistant("", tool_calls=[call("add", {"b": 2, "a": 1.0}), call("add", {}, "call00002")]),
                  tool("1"), tool("2", "call00002"), assistant("3")],
    "short_id": [user("w"), assistant("", tool_calls=[call("add", {}, "c1")]), tool("1", "c1")],
    "not_alternating": [user("a"), user("b")],
    "assistant_first": [assistant("a"), user("b")],
    "odd_role": [user("a"), {"role": "critic", "content": "no"}, user("b")],
    "developer": [{"role": "developer", "content": "d~d"}, system("s"), user("a~b\nc\n\nd")],
    "parts": [user([{"type": "text", "text": " one "}, {"type": "image"}, {"type": "text", "text": "two\n"}])],
    "system_parts": [system([{"type": "text", "text": "sys"}]), user([{"type": "text", "text": "u"}]), assistant("v")],
    "tool_parts": [user("q"), assistant(None, tool_calls=[call("add", {})]), {"role": "tool", "content": {"content": 5, "x": [1]},
                                                                               "tool_call_id": "call00001"}],
    "response_text": [user("q"), assistant("a"), user("<tool_response>\n1\n</tool_response>"), assistant("c")],
    "nothing": [],
    "numbers": [{"role": "user", "content": "n", "extra": {"a": 1e22, "b": -0.0, "c": 12345678901234, "d": 1.5e-7, "e": 0.1}}],
}

VARIANTS = [
    {}, {"add_generation_prompt": True}, {"tools": True, "add_generation_prompt": True},
    {"tools": True, "variables": {"tools_in_user_message": False}},
    {"add_generation_prompt": True, "variables": {"enable_thinking": False, "date_string": "1 May 2030"}},
    {"variables": {"builtin_tools": ["code_interpreter", "add", "search"]}, "add_generation_prompt": True},
]
# Which of the variants say something about which template; every template gets the first two.
USES = {"llama": [2, 3, 4, 5], "mistral": [2], "qwen": [2, 4], "schema": [2], "deepseek": [], "gemma": [], "phi": [],
        "chatml": [], "smol": []}


def render(template, messages, variant):
    """-> the text, or (None, the message of raise_exception); an exception of another kind when the template fails."""
    options = dict(TOKENS, strftime_now=NOW.strftime, **variant.get("variables", {}))
    tools = TOOLS if variant.get("tools") else None
    rendered, _ = render_jinja_template([messages], tools=tools, chat_template=template,
                                        add_generation_prompt=variant.get("add_generation_prompt", False), **options)
    return rendered[0]


def outcome(template, messages, variant):
    """-> ["text", ...], ["raised", message] or ["error", exception]"""
    import jinja2
    try:
        return ["text", render(template, messages, variant)]
    except jinja2.exceptions.UndefinedError as e:
        return ["error", str(e)]
    except jinja2.exceptions.TemplateError as e:
        return ["raised" if type(e) is jinja2.exceptions.TemplateError else "error", str(e)]
    except Exception as e:  # whatever Python raises inside a template
        return ["error", f"{type(e).__name__}: {e}"]


EXPRESSIONS_FILE = os.path.join(FOLDER, "chat", "expressions.txt")
VARIABLES = {
    "s": " Hello, Wörld! ", "n": 7, "f": 2.5, "t": True, "none_value": None, "xs": [3, 1, 2], "names": ["b", "A", "c", "a"],
    "d": {"b": 1, "a": "x", "items": [1]}, "people": [{"name": "Ann", "age": 3, "tags": ["x"]}, {"name": "bob", "age": 1},
                                                     {"name": "Cy", "age": 2, "tags": []}],
    "long": "one\n  two\n\nthree", "nested": {"a": {"b": [10, 20, {"c": "deep"}]}}, "empty": "", "quote": "it's \"q\" \\ \n\t\u00e9\u200b\U0001f600\u0007",
}


def expression_cases():
    with open(EXPRESSIONS_FILE, encoding="utf-8", newline="") as file:
        for line in file.read().split("\n"):
            if line and not line.startswith("##"):
                source = line.replace("␤", "\n")
                yield [source, *outcome(source, [], {"variables": VARIABLES})]


def cases_of(name, template, variants):
    for number in variants:
        for i, (conversation, messages) in enumerate(CONVERSATIONS.items()):
            if i % 2 != number % 2 and name in USES:
                continue  # the file stays small: one half of the conversations with this variant, the other with the next
            yield [name, conversation, number, *outcome(template, messages, VARIANTS[number])]


def check(files):
    cases, templates = [], {}
    for file in files:
        with open(file, encoding="utf-8", newline="") as source:
            templates[file] = source.read()
        cases += cases_of(file, templates[file], range(len(VARIANTS)))
    json.dump({"templates": templates, "conversations": CONVERSATIONS, "variants": VARIANTS, "tools": TOOLS, "cases": cases},
              sys.stdout)


def rows(items):
    return ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in items)


def main():
    if sys.argv[1:2] == ["--check"]:
        return check(sys.argv[2:])
    cases = []
    for name in sorted(USES):
        with open(os.path.join(FOLDER, "chat", name + ".jinja"), encoding="utf-8", newline="") as file:
            cases += cases_of(name, file.read(), [0, 1] + USES[name])
    head = {"conversations": CONVERSATIONS, "variants": VARIANTS, "tools": TOOLS, "variables": VARIABLES}
    with open(os.path.join(FOLDER, "chat.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1])
        file.write(',\n"cases":[\n' + rows(cases) + '\n],\n"expressions":[\n' + rows(expression_cases()) + "\n]}\n")


if __name__ == "__main__":
    main()
