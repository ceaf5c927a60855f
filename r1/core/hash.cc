// XXH3 through libxxhash. Digests are in the canonical (big-endian) form, so they read the same on every machine.
#include "r1/core/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <fstream>
#include <memory>
#include <vector>

#include "r1/core/error.h"

namespace r1::core {

namespace {

std::string hex(XXH128_hash_t hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

}  // namespace

std::uint64_t hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string hash_hex(std::string_view bytes) { return hex(XXH3_128bits(bytes.data(), bytes.size())); }

std::string hash_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file))
    user_error("can't read {}: check that the file exists and is readable", file.string());
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> chunk(1 << 20);
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    XXH3_128bits_update(state.get(), chunk.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) user_error("can't read {}: the read failed half-way", file.string());
  return hex(XXH3_128bits_digest(state.get()));
}

}  // namespace r1::core
