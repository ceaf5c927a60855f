// A file's divisors come from four numbers (factor, original context, two bounds), of which one is free: bounds twice
// as high with a context twice as long divide alike. Every published Llama has the bounds 1 and 4, so these are taken,
// the other two follow from the divisors, and the result is checked against each of them. Where no divisor lies between
// 1 and the factor, any context divides alike that lies between two bounds: 8192 if it does, else a power of two.
#include "r1/model/families/llama/gguf_rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "r1/core/error.h"
#include "r1/model/families/gguf_section.h"
#include "r1/model/families/llama/gguf.h"
#include "r1/model/layers/yarn.h"

namespace r1::model {

namespace {

constexpr double kTolerance = 1e-3;  // files compute the divisors in float32
constexpr double kUsualContext = 8192.0;  // of every published Llama

double wavelength(const RopeSpec& rope, std::size_t pair) {
  const double exponent = 2.0 * static_cast<double>(pair) / static_cast<double>(rope.dim);
  return 2.0 * std::numbers::pi * std::pow(rope.theta, exponent);
}

/// The original context that the divisors tell.
double original_context(const RopeSpec& rope, const std::vector<double>& divisors) {
  double least = 1.0, most = 1e9;
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double divisor = divisors[i], length = wavelength(rope, i);
    if (divisor < 1.0 + kTolerance) {
      least = std::max(least, length * rope.high_freq_factor);
    } else if (divisor > rope.factor * (1.0 - kTolerance)) {
      most = std::min(most, length * rope.low_freq_factor);
    } else {
      const double kept = (1.0 / divisor - 1.0 / rope.factor) / (1.0 - 1.0 / rope.factor);
      return std::round(length * (kept * (rope.high_freq_factor - rope.low_freq_factor) + rope.low_freq_factor));
    }
  }
  if (least <= kUsualContext && kUsualContext <= most) return kUsualContext;
  return std::exp2(std::ceil(std::log2(least)));
}

void read_llama3(RopeSpec& rope, const std::vector<double>& divisors, const std::string& file) {
  if (static_cast<std::int64_t>(divisors.size()) != rope.dim / 2)
    user_error("{}: rope_freqs.weight holds {} numbers, a head needs {}", file, divisors.size(), rope.dim / 2);
  const double factor = *std::max_element(divisors.begin(), divisors.end());
  if (std::ranges::all_of(divisors, [](double divisor) { return divisor == 1.0; })) return;
  rope.type = "llama3";
  rope.factor = shortest_decimal(factor);
  rope.low_freq_factor = 1.0;
  rope.high_freq_factor = 4.0;
  rope.original_max_position_embeddings = original_context(rope, divisors);
  const std::vector<double> made = llama3_rope_factors(rope);
  for (std::size_t i = 0; i < divisors.size(); ++i)
    if (!(std::abs(made[i] - divisors[i]) <= kTolerance * made[i]))
      user_error("{}: rope_freqs.weight [{}] is {}; Llama 3's scaling by {} from {} positions gives {}: not supported",
                 file, i, divisors[i], rope.factor, rope.original_max_position_embeddings, made[i]);
}

}  // namespace

std::vector<double> llama3_rope_factors(const RopeSpec& rope) {
  std::vector<double> out;
  const double context = rope.original_max_position_embeddings;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rope.dim / 2); ++i) {
    const double turns = context / wavelength(rope, i);
    const double kept = (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
    out.push_back(1.0 / (std::clamp(kept, 0.0, 1.0) + (1.0 - std::clamp(kept, 0.0, 1.0)) / rope.factor));
  }
  return out;
}

RopeSpec rope_from_gguf(const weights::GgufMetadata& metadata, const LlamaConfig& c,
                        const std::vector<double>& rope_factors, const std::string& file) {
  const std::string prefix = llama_gguf_architecture(c) + ".rope.";
  const auto number = [&](const char* key, double otherwise) {
    return metadata.contains(prefix + key) ? shortest_decimal(metadata.number(prefix + key)) : otherwise;
  };
  RopeSpec rope{.theta = number("freq_base", 10000.0), .dim = c.head_dim, .positions = c.max_position_embeddings};
  if (!(rope.theta > 1.0)) user_error("{}: {}freq_base is {}: it must be above 1", file, prefix, rope.theta);
  std::string type = "none";
  if (metadata.contains(prefix + "scaling.type")) type = metadata.text(prefix + "scaling.type");
  if (number("scale_linear", 1.0) != 1.0) type = "linear";  // older files
  if (!rope_factors.empty()) {
    if (type != "none")
      user_error("{}: rope_freqs.weight beside {}scaling.type {} is not supported", file, prefix, type);
    read_llama3(rope, rope_factors, file);
    return rope;
  }
  if (type == "none") return rope;
  if (type != "linear" && type != "yarn")
    user_error("{}: {}scaling.type '{}' is not supported; none, linear and yarn are", file, prefix,
               weights::gguf_printable(type));
  rope.type = type;
  rope.factor = number("scaling.factor", number("scale_linear", 1.0));
  if (!(rope.factor >= 1.0)) user_error("{}: {}scaling.factor is {}: it must be 1 or more", file, prefix, rope.factor);
  if (type == "linear") return rope;
  rope.original_max_position_embeddings =
      number("scaling.original_context_length", static_cast<double>(c.max_position_embeddings));
  rope.beta_fast = number("scaling.yarn_beta_fast", rope.beta_fast);
  rope.beta_slow = number("scaling.yarn_beta_slow", rope.beta_slow);
  rope.attention_factor = number("scaling.attn_factor", 1.0) * yarn_mscale(rope.factor);
  return rope;
}

void set_rope_gguf(const LlamaConfig& c, weights::GgufMetadata& metadata) {
  const RopeSpec& rope = c.rope;
  GgufSectionWriter keys(metadata, llama_gguf_architecture(c));
  keys.number("rope.freq_base", rope.theta);
  if (rope.type == "default" || rope.type == "llama3") return;  // llama3: rope_freqs.weight
  keys.text("rope.scaling.type", rope.type);
  keys.number("rope.scaling.factor", rope.factor);
  if (rope.type == "linear") return;
  if (!rope.truncate) user_error("config.json: yarn with truncate false can't be said in a GGUF file");
  keys.integer("rope.scaling.original_context_length",
               static_cast<std::int64_t>(rope.original_max_position_embeddings));
  keys.number("rope.scaling.attn_factor", rope.attention_factor / yarn_mscale(rope.factor));
  keys.number("rope.scaling.yarn_beta_fast", rope.beta_fast);
  keys.number("rope.scaling.yarn_beta_slow", rope.beta_slow);
}

}  // namespace r1::model
