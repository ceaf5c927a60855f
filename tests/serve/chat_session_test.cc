// A conversation: answers are what the engine says to the rendered history, streamed piece by piece; history, system
// message, undo, a full context.
#include "r1/serve/chat_session.h"

#include <gtest/gtest.h>

#include "r1/core/error.h"
#include "r1/model/families/llama/model.h"
#include "r1/serve/utf8_stream.h"

namespace r1::serve {
namespace {

constexpr std::int32_t kEnd = 256;
constexpr const char* kTemplate =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}<end>{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}";

tokenizer::Tokenizer byte_tokenizer() {
  tokenizer::Model model;
  for (int byte = 0; byte < 256; ++byte) model.tokens.push_back(std::string(1, static_cast<char>(byte)));
  model.special_tokens = {{"<end>", kEnd}};
  return tokenizer::Tokenizer(model);
}

std::shared_ptr<model::Decoder> tiny_model() {
  const model::LlamaConfig c{.model_type = "llama",
                             .vocab_size = 257,
                             .hidden_size = 32,
                             .intermediate_size = 48,
                             .num_hidden_layers = 2,
                             .num_attention_heads = 4,
                             .num_key_value_heads = 2,
                             .head_dim = 8,
                             .max_position_embeddings = 512,
                             .initializer_range = 0.3,
                             .rope = {.dim = 8, .positions = 512}};
  return std::make_shared<model::Llama>(c, at::kFloat, 5);
}

class ChatSessionTest : public ::testing::Test {
 protected:
  rollout::Engine engine{tiny_model(), {kEnd}, {.max_batch = 1, .max_tokens = 200, .reuse_prefix = true}};
  tokenizer::Tokenizer tokenizer = byte_tokenizer();
  tokenizer::ChatTemplate chat_template{kTemplate, "test"};
  rollout::SamplingConfig sampling{.max_new_tokens = 20};
  ChatSession session{{engine, tokenizer, chat_template}, sampling, 7};

  ChatReply say(const std::string& text) {
    return session.say(text, [](std::string_view) { return true; });
  }
};

TEST_F(ChatSessionTest, TheAnswerIsTheEnginesToTheRenderedHistory) {
  session.set_system("short");
  std::string streamed;
  const ChatReply first = session.say("hello", [&](std::string_view piece) {
    streamed += piece;
    return true;
  });
  EXPECT_EQ(streamed, first.text);
  EXPECT_FALSE(first.text.empty());
  const ChatReply second = say("again");
  const std::string history =
      "[system]short<end>[user]hello<end>[assistant]" + first.text + "<end>[user]again<end>[assistant]";
  EXPECT_EQ(second.prompt_tokens, static_cast<std::int64_t>(tokenizer.encode(history).size()));
  EXPECT_GE(second.reused_tokens, first.prompt_tokens);
  rollout::Engine fresh(tiny_model(), {kEnd}, {.max_batch = 1, .max_tokens = 200});
  const rollout::Completion alone =
      fresh.generate({{.prompt = tokenizer.encode(history), .seed = 7, .prompt_index = 1}}, sampling)[0];
  std::vector<std::int32_t> ids = alone.ids;
  if (ids.back() == kEnd) ids.pop_back();
  Utf8Stream whole;
  EXPECT_EQ(second.text, whole.push(tokenizer.decode(ids)) + whole.finish());
  EXPECT_EQ(session.messages().size(), 5u);
}

TEST_F(ChatSessionTest, TheCallbackEndsAnAnswerAndWhatWasSaidStays) {
  int pieces = 0;
  const ChatReply reply = session.say("hello", [&](std::string_view) { return ++pieces < 3; });
  EXPECT_EQ(reply.finish_reason, rollout::FinishReason::Abort);
  EXPECT_LT(reply.completion_tokens, 20);
  EXPECT_EQ(session.messages()[1]["content"], reply.text);
}

TEST_F(ChatSessionTest, ResetKeepsTheSystemsMessageAndUndoTakesOneTurn) {
  session.set_system("short");
  say("one");
  say("two");
  EXPECT_TRUE(session.undo());
  EXPECT_EQ(session.messages().size(), 3u);
  EXPECT_EQ(session.messages()[1]["content"], "one");
  session.reset();
  EXPECT_EQ(session.messages().size(), 1u);
  EXPECT_EQ(session.messages()[0]["content"], "short");
  EXPECT_FALSE(session.undo());
  session.set_system("");
  EXPECT_TRUE(session.messages().empty());
}

TEST_F(ChatSessionTest, AFullContextIsOneClearLineAndChangesNothing) {
  say("one");
  const nlohmann::ordered_json before = session.messages();
  try {
    say(std::string(300, 'x'));
    FAIL() << "accepted";
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("context here is 200"), std::string::npos) << e.what();
  }
  EXPECT_EQ(session.messages(), before);
}

}  // namespace
}  // namespace r1::serve
