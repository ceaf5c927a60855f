// What is packed comes out the same, any bytes included; broken messages are refused.
#include "r1/reward/wire.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

TEST(WireTest, InputsRoundTrip) {
  RewardInput input{"p", std::string("a\0\xff\n", 4), "t", "number", "{}", false, "zh"};
  RewardInput back;
  unpack(pack(input), back);
  EXPECT_EQ(back.prompt, "p");
  EXPECT_EQ(back.completion, std::string("a\0\xff\n", 4));
  EXPECT_EQ(back.answer, "t");
  EXPECT_EQ(back.verifier, "number");
  EXPECT_EQ(back.tests, "{}");
  EXPECT_FALSE(back.finished);
  EXPECT_EQ(back.language, "zh");
}

TEST(WireTest, RepliesRoundTrip) {
  WorkerReply reply;
  reply.status = WorkerReply::Status::UserError;
  reply.message = "bad";
  reply.verdict = {0.75, {{"accuracy", 0.5}, {"format", 1.0}}, Outcome::Unparseable, "why"};
  WorkerReply back;
  back.verdict.parts = {{"old", 1.0}};
  unpack(pack(reply), back);
  EXPECT_EQ(back.status, WorkerReply::Status::UserError);
  EXPECT_EQ(back.message, "bad");
  EXPECT_EQ(back.verdict.score, 0.75);
  EXPECT_EQ(back.verdict.parts, reply.verdict.parts);
  EXPECT_EQ(back.verdict.outcome, Outcome::Unparseable);
  EXPECT_EQ(back.verdict.why, "why");
}

TEST(WireTest, SpecsRoundTrip) {
  WorkerSpec back;
  unpack(pack(WorkerSpec{"rule", 5, 7}), back);
  EXPECT_EQ(back.scorer, "rule");
  EXPECT_EQ(back.memory_bytes, 5);
  EXPECT_EQ(back.cpu_seconds, 7);
}

TEST(WireTest, RefusesBrokenBytes) {
  const std::string good = pack(RewardInput{});
  RewardInput input;
  EXPECT_THROW(unpack(good.substr(1), input), Error);
  EXPECT_THROW(unpack(good + "x", input), Error);
  EXPECT_THROW(unpack(std::string(8, '\xff'), input), Error);
}

TEST(WireTest, MessagesLargerThanTheSocketsBufferPass) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const std::string big(5'000'000, 'x');
  std::thread sender([&] {
    EXPECT_TRUE(send_message(ends[0], big));
    close(ends[0]);
  });
  EXPECT_EQ(receive_message(ends[1]), big);
  EXPECT_EQ(receive_message(ends[1]), std::nullopt);
  sender.join();
  EXPECT_FALSE(send_message(ends[1], "nobody"));
  close(ends[1]);
}

}  // namespace
}  // namespace r1::reward
