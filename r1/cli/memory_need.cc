// Sums (memory_need.h).
#include "r1/cli/memory_need.h"

#include <nlohmann/json.hpp>

#include "r1/core/fs.h"

namespace r1::cli {

namespace {

using Json = nlohmann::json;

/// 0 for what is missing or no sensible size.
std::int64_t size_at(const Json& config, const char* key) {
  if (!config.contains(key) || !config[key].is_number_unsigned()) return 0;
  const auto value = config[key].get<std::uint64_t>();
  return value <= 1U << 24 ? static_cast<std::int64_t>(value) : 0;
}

}  // namespace

std::optional<CacheNumbers> cache_numbers(const std::filesystem::path& config_json) {
  const Json config = Json::parse(core::read_file(config_json), nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return {};
  const std::int64_t layers = size_at(config, "num_hidden_layers"), heads = size_at(config, "num_attention_heads");
  if (layers == 0 || heads == 0) return {};
  if (const std::int64_t rank = size_at(config, "kv_lora_rank"); rank > 0) {
    const std::int64_t rope = size_at(config, "qk_rope_head_dim");
    const std::int64_t width = size_at(config, "qk_nope_head_dim") + rope + size_at(config, "v_head_dim");
    return CacheNumbers{layers * heads * width, layers * (rank + rope)};
  }
  const std::int64_t given = size_at(config, "num_key_value_heads"), kv_heads = given > 0 ? given : heads;
  const std::int64_t width = size_at(config, "head_dim");
  const std::int64_t head_dim = width > 0 ? width : size_at(config, "hidden_size") / heads;
  if (head_dim == 0) return {};
  const std::int64_t numbers = layers * kv_heads * 2 * head_dim;
  return CacheNumbers{numbers, numbers};
}

MemoryNeed memory_need(std::int64_t parameters, const CacheNumbers& cache, std::int64_t element_bytes) {
  const std::int64_t states = element_bytes == 4 ? 2 : 3;
  return {.weights = parameters * element_bytes,
          .gradients = parameters * element_bytes,
          .optimizer = parameters * states * 4,
          .cache_1000 = cache.exact * element_bytes * 1000,
          .fast_cache_1000 = cache.fast * element_bytes * 1000};
}

}  // namespace r1::cli
