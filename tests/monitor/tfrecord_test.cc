// Checksums and framing against published values, events against the independent decoder.
#include "r1/monitor/tfrecord.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/monitor/event_decoder.h"

namespace r1::monitor {
namespace {

TEST(Crc32c, KnownAnswersOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(TfRecord, FramesAPayload) {
  const std::string bytes = tfrecord("abc");
  ASSERT_EQ(bytes.size(), 8u + 4 + 3 + 4);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x03\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(bytes.substr(12, 3), "abc");
  const std::uint32_t crc = slow_crc32c("abc");
  EXPECT_EQ(little_endian<std::uint32_t>(bytes, 15), (crc >> 15 | crc << 17) + 0xa282ead8u);
}

TEST(Events, ReadBackByAnIndependentDecoder) {
  const DecodedEvent version = decode_event(version_event(12.5));
  EXPECT_EQ(version.file_version, "brain.Event:2");
  EXPECT_EQ(version.wall_time, 12.5);
  const std::string long_tag(300, 't');  // its length takes two bytes
  const DecodedEvent scalars = decode_event(scalars_event(1.75e9, 123456789012, {{"reward", 0.1}, {long_tag, -2.5}}));
  EXPECT_EQ(scalars.wall_time, 1.75e9);
  EXPECT_EQ(scalars.step, 123456789012);
  EXPECT_THAT(scalars.scalars, testing::ElementsAre(testing::Pair("reward", 0.1f), testing::Pair(long_tag, -2.5f)));
  const DecodedEvent restart = decode_event(restart_event(1.0, 7));
  EXPECT_EQ(restart.step, 7);
  EXPECT_EQ(restart.session_status, 1u);  // START
}

}  // namespace
}  // namespace r1::monitor
