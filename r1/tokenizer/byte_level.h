// The byte-level alphabet of GPT-2's tokenizer files: each of the 256 bytes has one printable character that stands for
// it in tokenizer.json. Only files use the printable form; everywhere else a token is its raw bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace r1::tokenizer {

/// The 256 bytes in the order of their printable characters: the order in which a trained vocabulary lists them.
const std::array<std::uint8_t, 256>& byte_alphabet();

/// Raw bytes -> printable form (UTF-8).
std::string to_printable(std::string_view bytes);

/// Printable form (UTF-8) -> raw bytes; nothing when a character outside of the alphabet occurs.
std::optional<std::string> from_printable(std::string_view printable);

}  // namespace r1::tokenizer
