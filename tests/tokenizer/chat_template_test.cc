// ChatTemplate: conversations rendered as transformers renders them (golden/chat.json), templates and special tokens
// found in a checkpoint's folder, what a user is told when it fails. The language itself is tested in template/.
#include "r1/tokenizer/chat_template.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "tests/tokenizer/chat_cases.h"

namespace r1::tokenizer {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

TEST(ChatTemplate, SameTextAsTransformers) {
  const ordered_json& golden = golden_chat();
  std::size_t num_texts = 0;
  for (const ordered_json& row : golden.at("cases")) {
    const std::string name = row[0];
    const ordered_json& messages = golden.at("conversations").at(row[1].get<std::string>());
    const ordered_json& variant = golden.at("variants").at(row[2].get<std::size_t>());
    const std::string outcome = row[3];
    const std::string wanted = row[4];
    SCOPED_TRACE(name + " " + row[1].dump() + " " + variant.dump());
    const std::string got = rendered_or_refused(golden_source(name), messages, options_of(variant));
    if (outcome == "text") {
      ++num_texts;
      EXPECT_EQ(got, wanted);
    } else if (outcome == "raised") {
      EXPECT_THAT(got, testing::AllOf(testing::StartsWith("! here:"),
                                      testing::EndsWith("refuses this conversation: " + wanted)));
    } else {
      EXPECT_THAT(got, testing::MatchesRegex("! here:[0-9]+: the chat template cannot be rendered: (.|\n)+")) << wanted;
    }
  }
  EXPECT_GT(num_texts, 250U);
}

class ChatTemplateFolder : public testing::Test {
 protected:
  ChatTemplateFolder()
      : folder_(std::filesystem::path(testing::TempDir()) /
                (std::string("r1_chat_") + testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ChatTemplateFolder() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { core::write_file_atomic(folder_ / name, text); }
  std::string rendered(const ChatTemplate::Options& options = {}) {
    return ChatTemplate::load(folder_).value().render(ordered_json::array({{{"role", "user"}, {"content", "hi"}}}),
                                                      options);
  }
  std::string refusal() {
    try {
      ChatTemplate::load(folder_);
    } catch (const UserError& e) {
      return e.what();
    }
    return "";
  }

  std::filesystem::path folder_;
};

TEST_F(ChatTemplateFolder, WithoutTemplate) {
  EXPECT_FALSE(ChatTemplate::load(folder_).has_value());
  write("tokenizer_config.json", R"({"bos_token": "<s>", "chat_template": null})");
  EXPECT_FALSE(ChatTemplate::load(folder_).has_value());
}

TEST_F(ChatTemplateFolder, TextInTokenizerConfig) {
  write("tokenizer_config.json",
        R"({"bos_token": {"__type": "AddedToken", "content": "<bos>"}, "eos_token": "<eos>", "pad_token": null,
            "add_bos_token": true, "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token is defined }}"})");
  EXPECT_EQ(rendered(), "<bos>hi<eos>False");
}

TEST_F(ChatTemplateFolder, SpecialTokensOfTheirOwnFile) {
  write("special_tokens_map.json", R"({"bos_token": "<old>", "eos_token": {"content": "<eos>"}})");
  write("tokenizer_config.json", R"({"bos_token": "<bos>", "chat_template": "{{ bos_token }}{{ eos_token }}"})");
  EXPECT_EQ(rendered(), "<bos><eos>");
}

TEST_F(ChatTemplateFolder, TheJinjaFileComesFirst) {
  write("tokenizer_config.json", R"({"eos_token": "<eos>", "chat_template": "config"})");
  write("chat_template.jinja", "file{{ eos_token }}\n");
  EXPECT_EQ(rendered(), "file<eos>");
  std::filesystem::remove(folder_ / "tokenizer_config.json");
  EXPECT_EQ(rendered(), "file");
}

TEST_F(ChatTemplateFolder, AnotherTemplateWithTools) {
  write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "tools {{ tools|length }}"},
                                                       {"name": "default", "template": "plain"}]})");
  EXPECT_EQ(rendered(), "plain");
  EXPECT_EQ(rendered({.tools = golden_chat().at("tools"), .variables = {}, .now = {}}), "tools 2");
  write("chat_template.jinja", "file");
  std::filesystem::create_directory(folder_ / "additional_chat_templates");
  write("additional_chat_templates/tool_use.jinja", "file with {{ tools|length }}");
  EXPECT_EQ(rendered(), "file");
  EXPECT_EQ(rendered({.tools = golden_chat().at("tools"), .variables = {}, .now = {}}), "file with 2");
}

TEST_F(ChatTemplateFolder, BadFilesAreNamed) {
  write("tokenizer_config.json", "{");
  EXPECT_THAT(refusal(), HasSubstr("tokenizer_config.json: not JSON"));
  write("tokenizer_config.json", "[]");
  EXPECT_THAT(refusal(), HasSubstr("tokenizer_config.json: it holds no JSON object"));
  write("tokenizer_config.json", R"({"chat_template": 5})");
  EXPECT_THAT(refusal(), HasSubstr("neither a text nor a list"));
  write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": ""}]})");
  EXPECT_THAT(refusal(), HasSubstr("none of the list is called default"));
  write("tokenizer_config.json", R"({"chat_template": [{"name": "default"}]})");
  EXPECT_THAT(refusal(), HasSubstr("lacks a name or a template"));
  write("tokenizer_config.json", R"({"chat_template": "a\n{% if %}"})");
  EXPECT_THAT(refusal(), HasSubstr("tokenizer_config.json: chat_template:2: the chat template cannot be read"));
  write("chat_template.jinja", "\xff");
  EXPECT_THAT(refusal(), HasSubstr("chat_template.jinja: the chat template is not UTF-8"));
}

TEST(ChatTemplate, VariablesComeBeforeSpecialTokens) {
  const ChatTemplate chat_template("{{ bos_token }} {{ x.y }} {{ documents }}", "here", golden_tokens());
  EXPECT_EQ(chat_template.render(
                {}, options_of({{"variables", {{"bos_token", "B"}, {"x", {{"y", 1.5}}}, {"documents", "D"}}}})),
            "B 1.5 D");
}

TEST(ChatTemplate, BadInputIsTheUsersError) {
  const ChatTemplate chat_template("{{ messages }}", "here");
  EXPECT_THROW(chat_template.render({}, options_of({{"variables", ordered_json::array()}})), UserError);
  EXPECT_THROW(chat_template.render("\xff"), UserError);
  EXPECT_THROW(chat_template.render(18446744073709551615U), UserError);
  ordered_json deep = 1;
  for (int i = 0; i < 200; ++i) deep = ordered_json::array({deep});
  EXPECT_THROW(chat_template.render(deep), UserError);
}

TEST(ChatTemplate, TheDateIsNowUnlessGiven) {
  const ChatTemplate chat_template("{{ strftime_now('%Y-%m-%d') }}", "here");
  const auto today = [] {
    const std::time_t seconds = std::time(nullptr);
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[16];
    return std::string(text, std::strftime(text, sizeof(text), "%Y-%m-%d", &local));
  };
  const std::string before = today();
  EXPECT_THAT(chat_template.render({}), testing::AnyOf(before, today()));
  EXPECT_EQ(chat_template.render({}, options_of({})), "2025-03-09");
}

}  // namespace
}  // namespace r1::tokenizer
