// Verbs that compare r1 with other programs, run as a user runs them: what they print, and the one line that bad input
// gets. What they compute is tested beside the modules that compute it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "r1/cli/verbs.h"
#include "r1/core/fs.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/llama/model.h"

namespace r1::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

const fs::path kTokenizer = fs::path(R1_SOURCE_DIR) / "tests/tokenizer/golden";
const fs::path kLlama = fs::path(R1_SOURCE_DIR) / "tests/golden/llama/llama";

struct Outcome {
  int code = 0;
  std::string out, err;
};

/// The program with `words`, `input` on its standard input.
Outcome run(std::vector<std::string> words, const std::string& input = "") {
  words.insert(words.begin(), "r1");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  std::istringstream stream(input);
  std::streambuf* const terminal = std::cin.rdbuf(stream.rdbuf());
  std::cin.clear();
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = run_program(static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  std::cin.rdbuf(terminal);
  return outcome;
}

class Verbs : public testing::Test {
 protected:
  Verbs()
      : folder_(fs::path(testing::TempDir()) /
                (std::string("r1_verbs_") + testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_);
  }
  ~Verbs() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    core::write_file_atomic(folder_ / name, text);
    return (folder_ / name).string();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static void expect_refusal(const Outcome& outcome, const std::string& said) {
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(said));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }

  fs::path folder_;
};

TEST_F(Verbs, TokenizerOfAFileOrAFolder) {
  const std::string text = "Don't panic, 你好 <|eos|>\n";
  const Outcome of_file = run({"tokenizer", "encode", (kTokenizer / "tokenizer.json").string()}, text);
  const Outcome of_folder = run({"tokenizer", "encode", kTokenizer.string()}, text);
  EXPECT_EQ(of_file.code, 0) << of_file.err;
  EXPECT_EQ(of_file.out, of_folder.out);
  EXPECT_EQ(run({"tokenizer", "decode", kTokenizer.string()}, of_file.out).out, text);
  expect_refusal(run({"tokenizer", "encode", folder_.string()}), "tokenizer.json");
}

TEST_F(Verbs, TokenizerLinesOfJson) {
  const std::vector<std::string> texts = {"", "two\nlines <|bos|>", "你好 \"quoted\" \\n", " "};
  std::string strings, objects;
  for (const std::string& text : texts) {
    strings += json(text).dump() + "\n";
    objects += json{{"text", text}, {"id", 7}}.dump() + "\n\n";
  }
  const Outcome encoded = run({"tokenizer", "encode", "--jsonl", kTokenizer.string()}, strings);
  EXPECT_EQ(encoded.code, 0) << encoded.err;
  EXPECT_EQ(run({"tokenizer", "encode", "--jsonl", kTokenizer.string()}, objects).out, encoded.out);
  const Outcome decoded = run({"tokenizer", "decode", "--jsonl", kTokenizer.string()}, encoded.out);
  std::istringstream ids(encoded.out), lines(decoded.out);
  std::string lists;
  for (const std::string& text : texts) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(json::parse(line), (json{{"text", text}}));
    ASSERT_TRUE(std::getline(ids, line));
    EXPECT_EQ(json::parse(line).at("ids").empty(), text.empty());
    lists += json::parse(line).at("ids").dump() + "\n";
  }
  EXPECT_EQ(run({"tokenizer", "decode", "--jsonl", kTokenizer.string()}, lists).out, decoded.out);
}

TEST_F(Verbs, TokenizerBytesThatAreNoCharacterAreReplaced) {
  const Outcome ids = run({"tokenizer", "encode", kTokenizer.string()}, "\xff");
  const Outcome text =
      run({"tokenizer", "decode", "--jsonl", kTokenizer.string()}, "[" + ids.out.substr(0, ids.out.size() - 1) + "]\n");
  EXPECT_EQ(json::parse(text.out).at("text"), "\xef\xbf\xbd");
}

TEST_F(Verbs, TokenizerRefusesByLine) {
  const auto encode = [&](const std::string& line) {
    return run({"tokenizer", "encode", "--jsonl", kTokenizer.string()}, "\n" + line + "\n");
  };
  const auto decode = [&](const std::string& line) {
    return run({"tokenizer", "decode", "--jsonl", kTokenizer.string()}, "\n" + line + "\n");
  };
  expect_refusal(encode("{\"text\": "), "standard input:2: not valid JSON");
  expect_refusal(encode("\"\\ud800\""), "standard input:2: not valid JSON");
  expect_refusal(encode("[1]"), "standard input:2: a JSON string");
  expect_refusal(decode("7"), "standard input:2: a list of token ids");
  expect_refusal(decode("[-1]"), "-1 is no token id");
  expect_refusal(decode("[99999999]"), "99999999 is no token id");
  expect_refusal(decode("[1.5]"), "1.5 is no token id");
}

TEST_F(Verbs, TemplateRendersAConversationOrLinesOfThem) {
  write("chat_template.jinja",
        "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
        "{% if tools %}{{ tools | length }} tools{% endif %}{% if mood is defined %}{{ mood }}{% endif %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}");
  const std::string one = R"([{"role": "user", "content": "Héllo"}])";
  const std::string file = write("one.json", one), tools = write("tools.json", R"([{"name": "f"}])");
  const Outcome plain = run({"template", "render", folder_.string(), "--messages", file});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(plain.out, "[user] Héllo\n");
  EXPECT_EQ(run({"template", "render", folder_.string(), "--messages", file, "--add_generation_prompt", "--tools",
                 tools, "--variables", R"({"mood": "!"})"})
                .out,
            "[user] Héllo\n1 tools![assistant]");
  const std::string lines = write("many.jsonl", one + "\n{\"messages\": " + one + "}\n");
  EXPECT_EQ(run({"template", "render", folder_.string(), "--messages", lines}).out,
            "\"[user] Héllo\\n\"\n\"[user] Héllo\\n\"\n");
}

TEST_F(Verbs, TemplateRefusesInOneLine) {
  write("chat_template.jinja", "{% if not messages %}{{ raise_exception('nothing said') }}{% endif %}");
  const std::string good = write("good.json", "[]");
  const auto render = [&](const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"template", "render", folder_.string(), "--messages", file};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  expect_refusal(render(good), "nothing said");
  expect_refusal(render(write("a.json", "[{]")), "a.json: not valid JSON");
  expect_refusal(render(write("a.json", "[1]")), "a list of messages");
  expect_refusal(render(write("a.jsonl", "\n{\"messages\": 3}\n")), "a.jsonl:2");
  expect_refusal(render(path("none.json")), "none.json");
  expect_refusal(render(good, {"--variables", "[1]"}), "--variables");
  expect_refusal(render(good, {"--tools", write("t.json", "{}")}), "t.json");
  expect_refusal(run({"template", "render", kTokenizer.string(), "--messages", good}), "no chat template");
  expect_refusal(run({"template", "render", folder_.string()}), "--messages");
}

TEST_F(Verbs, Logits) {
  const std::string ids = write("ids.json", "[[1, 2, 3]]");
  const Outcome done = run({"logits", kLlama.string(), "--ids", ids, "--out", path("out.safetensors")});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("1 sequences, 3 tokens, loss"));
  EXPECT_TRUE(fs::exists(path("out.safetensors")));
  expect_refusal(run({"logits", kLlama.string(), "--ids", ids}), "--out");
  expect_refusal(run({"logits", kLlama.string(), "--out", path("x")}), "--ids");
  expect_refusal(run({"logits", path("none"), "--ids", ids, "--out", path("x")}), "none");
}

TEST_F(Verbs, NamesOfAStrangersFileStayInOneLine) {
  const std::string header = R"({"a\n\u001b[2J": {"dtype": "F4", "shape": [], "data_offsets": [0, 0]}})";
  const std::string length = {static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
  const Outcome refused = run({"inspect", write("x.safetensors", length + header)});
  expect_refusal(refused, "tensor 'a ?[2J': unknown dtype F4");
  EXPECT_EQ(refused.err.find('\x1b'), std::string::npos);
}

/// A fresh tiny llama over the golden tokenizer's vocabulary.
class Generate : public Verbs {
 protected:
  Generate() {
    json config = json::parse(core::read_file(kLlama / "config.json"));
    config["vocab_size"] = 560;
    model::Llama model(model::llama_from_hf_json(config.dump(), "config.json"), at::kFloat, 1);
    model::write_hf_files(model, {.bos = 0, .eos = 1, .pad = 2}, folder_);
    fs::copy_file(kTokenizer / "tokenizer.json", folder_ / "tokenizer.json");
  }
  Outcome generate(const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"generate", folder_.string(), "--file", file, "--max_new_tokens", "4"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  static std::vector<json> lines_of(const std::string& text) {
    std::vector<json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
    return lines;
  }
};

TEST_F(Generate, LinesOfPromptsAndOfConversations) {
  write("chat_template.jinja",
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}assistant: {% endif %}");
  const json messages = json::parse(R"([{"role": "user", "content": "2 + 2?"}])");
  const std::string file = write("mixed.jsonl", json{{"id", "a"}, {"messages", messages}}.dump() + "\n" +
                                                    json{{"prompt", "user: 2 + 2?\nassistant: "}}.dump() + "\n");
  const Outcome done = generate(file, {"--temperature", "0", "--n", "2"});
  EXPECT_EQ(done.code, 0) << done.err;
  const std::vector<json> lines = lines_of(done.out);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1].at("id"), "a");
  EXPECT_EQ(lines[1].at("messages"), messages);
  EXPECT_EQ(lines[1].at("sample"), 1);
  EXPECT_EQ(lines[2].at("prompt"), "user: 2 + 2?\nassistant: ");
  EXPECT_FALSE(lines[2].contains("id"));
  EXPECT_LE(lines[0].at("tokens"), 4);
  // Greedy: the conversation is the text that its template makes of it.
  for (const json& line : lines) EXPECT_EQ(line.at("completion"), lines[0].at("completion"));
  const Outcome plain = run({"generate", folder_.string(), "--prompt", "user: 2 + 2?\nassistant: ", "--max_new_tokens",
                             "4", "--temperature", "0", "--json"});
  ASSERT_EQ(lines_of(plain.out).size(), 1U) << plain.err;
  EXPECT_EQ(lines_of(plain.out)[0], lines[2]);
  const Outcome chat = run({"generate", folder_.string(), "--prompt", "2 + 2?", "--as_chat", "--max_new_tokens", "4",
                            "--temperature", "0", "--json"});
  ASSERT_EQ(lines_of(chat.out).size(), 1U) << chat.err;
  EXPECT_EQ(lines_of(chat.out)[0].at("prompt"), "2 + 2?");
  EXPECT_EQ(lines_of(chat.out)[0].at("completion"), lines[0].at("completion"));
}

TEST_F(Generate, LogprobsOfLines) {
  const Outcome done = generate(write("p.jsonl", "{\"prompt\": \"a\"}\n"), {"--logprobs"});
  const std::vector<json> lines = lines_of(done.out);
  ASSERT_EQ(lines.size(), 1U) << done.err;
  EXPECT_EQ(lines[0].at("logprobs").size(), lines[0].at("tokens"));
}

TEST_F(Generate, BadLinesAreNamed) {
  const auto refusal = [&](const std::string& line) {
    return generate(write("p.jsonl", "{\"prompt\": \"good\"}\n" + line + "\n"));
  };
  expect_refusal(refusal("{\"prompt\": "), "p.jsonl:2: not valid JSON");
  expect_refusal(refusal("{}"), "p.jsonl:2: either");
  expect_refusal(refusal(R"({"prompt": "a", "messages": []})"), "p.jsonl:2: either");
  expect_refusal(refusal(R"({"prompt": 3})"), "p.jsonl:2: \"prompt\" must be a text");
  expect_refusal(refusal(R"({"messages": []})"), "chat template");
  write("chat_template.jinja", "{{ messages[0].content }}");
  expect_refusal(refusal(R"({"messages": [3]})"), "p.jsonl:2: a list of messages");
  expect_refusal(generate(write("empty.jsonl", "\n")), "holds no prompt");
}

}  // namespace
}  // namespace r1::cli
