// TFRecord framing and the few protobuf messages of TensorBoard's event files, as bytes. See tensorboard_sink.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace r1::monitor {

/// CRC-32C (Castagnoli: polynomial 0x1EDC6F41, reflected).
std::uint32_t crc32c(std::string_view bytes);

/// length (8 bytes), masked CRC of the length (4), payload, masked CRC of the payload (4); little-endian.
std::string tfrecord(std::string_view payload);

/// The first record of every event file.
std::string version_event(double wall_time);
/// One step's scalars. Values are stored as float, which is all that TensorBoard plots.
std::string scalars_event(double wall_time, std::int64_t step,
                          const std::vector<std::pair<std::string, double>>& scalars);
/// Session start: the reader forgets what it has of this step and beyond.
std::string restart_event(double wall_time, std::int64_t step);

}  // namespace r1::monitor
