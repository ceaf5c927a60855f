// TRL's schemas as tokens: which tokens are learnt, what ends an answer, and the one line a broken record gets.
#include "r1/data/sft_example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::data {
namespace {

constexpr std::int32_t kEnd = 256;
constexpr const char* kTemplate =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}";
/// As DeepSeek-R1's: what was thought before the last answer is left out of the history.
constexpr const char* kForgetful =
    "{% for m in messages %}{{ m.content if loop.last else m.content.split('</think>')[-1] }}<end>{% endfor %}";

class SftExampleTest : public ::testing::Test {
 protected:
  static tokenizer::Tokenizer byte_tokenizer() {
    tokenizer::Model model;
    for (int byte = 0; byte < 256; ++byte) model.tokens.push_back(std::string(1, static_cast<char>(byte)));
    model.special_tokens = {{"<end>", kEnd}};
    return tokenizer::Tokenizer(model);
  }
  SftExamples examples(const char* chat_template, SftSchema schema = {}) const {
    std::optional<tokenizer::ChatTemplate> made;
    if (chat_template != nullptr) made.emplace(chat_template, "test");
    return {schema, tokenizer_, made, {kEnd}};
  }
  /// The text with each learnt stretch between « and ».
  std::string marked(const SftExample& example) const {
    std::string out;
    bool on = false;
    for (std::size_t i = 0; i < example.ids.size(); ++i) {
      if ((example.is_target[i] != 0) != on) out += on ? "»" : "«";
      on = example.is_target[i] != 0;
      out += tokenizer_.decode(std::span(&example.ids[i], 1));
    }
    return out + (on ? "»" : "");
  }
  std::string refused(const SftExamples& examples, const std::string& line) const {
    try {
      examples.read(line);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }
  tokenizer::Tokenizer tokenizer_ = byte_tokenizer();
};

TEST_F(SftExampleTest, EveryTurnOfTheAssistantIsLearntUpToItsEnd) {
  EXPECT_EQ(
      marked(examples(kTemplate).read(R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},
      {"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]})")),
      "[system]s<end>\n[user]a<end>\n[assistant]«b<end>»\n[user]c<end>\n[assistant]«d<end>»\n");
}

TEST_F(SftExampleTest, TextsAreTakenAsTheyAreOrAsAConversation) {
  const std::string line = R"({"prompt":"2+2=","completion":"4"})";
  EXPECT_EQ(marked(examples(nullptr).read(line)), "2+2=«4<end>»");
  EXPECT_EQ(marked(examples(kTemplate).read(line)), "2+2=«4<end>»");
  EXPECT_EQ(marked(examples(kTemplate, {.as_chat = true}).read(line)), "[user]2+2=<end>\n[assistant]«4<end>»\n");
  EXPECT_EQ(marked(examples(nullptr, {.prompt_key = "question", .completion_key = "answer"})
                       .read(R"({"question":"q","answer":"a","prompt":1})")),
            "q«a<end>»");
}

TEST_F(SftExampleTest, OnlyTheCompletionsMessagesAreLearnt) {
  EXPECT_EQ(marked(examples(kTemplate).read(R"({"prompt":[{"role":"user","content":"a"},
      {"role":"assistant","content":"b"},{"role":"user","content":"c"}],"completion":[{"role":"assistant","content":"d"}]})")),
            "[user]a<end>\n[assistant]b<end>\n[user]c<end>\n[assistant]«d<end>»\n");
}

TEST_F(SftExampleTest, ATemplateThatRewritesHistoryIsRefusedForAllButTheLastTurn) {
  const std::string turns = R"([{"role":"user","content":"a"},{"role":"assistant","content":"x</think>b"},
      {"role":"user","content":"c"}])";
  const std::string last = R"([{"role":"assistant","content":"y</think>d"}])";
  std::string all = turns;
  all.pop_back();
  EXPECT_THAT(refused(examples(kForgetful), R"({"messages":)" + all + "," + last.substr(1) + "}"),
              ::testing::HasSubstr("message 3: the chat template shows earlier turns in another way"));
  EXPECT_EQ(marked(examples(kForgetful).read(R"({"prompt":)" + turns + R"(,"completion":)" + last + "}")),
            "a<end>b<end>c<end>«y</think>d<end>»");
}

TEST_F(SftExampleTest, BrokenRecordsAreOneClearLine) {
  const SftExamples all = examples(kTemplate);
  EXPECT_THAT(refused(all, "["), ::testing::HasSubstr("not a JSON object"));
  EXPECT_THAT(refused(all, R"({"text":"x"})"), ::testing::HasSubstr("neither \"messages\" nor \"prompt\""));
  EXPECT_THAT(refused(all, R"({"messages":[]})"), ::testing::HasSubstr("not empty"));
  EXPECT_THAT(refused(all, R"({"messages":[{"content":"x"}]})"), ::testing::HasSubstr("\"role\""));
  EXPECT_THAT(refused(all, R"({"messages":[{"role":"user","content":"x"}]})"),
              ::testing::HasSubstr("no turn of the assistant"));
  EXPECT_THAT(refused(all, R"({"prompt":3,"completion":"x"})"), ::testing::HasSubstr("list that is not empty"));
  EXPECT_THAT(refused(examples(nullptr), R"({"messages":[{"role":"assistant","content":"x"}]})"),
              ::testing::HasSubstr("needs a chat template"));
}

}  // namespace
}  // namespace r1::data
