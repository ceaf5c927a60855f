// Samples as MessagePack, log-probabilities as they lie in memory (exchange.h).
#include "r1/rl/exchange.h"

#include <cstring>
#include <nlohmann/json.hpp>

namespace r1::rl {

namespace {

using nlohmann::json;

json to_json(const Sample& s) {
  const rollout::Completion& c = s.completion;
  const reward::Verdict& v = s.verdict;
  return {c.ids,     c.logprobs,      c.log_kept_mass, static_cast<int>(c.finish_reason),
          c.version, c.reused_tokens, c.prompt_index,  c.sample_index,
          s.text,    v.score,         v.parts,         static_cast<int>(v.outcome),
          v.why};
}

Sample from_json(const json& j) {
  Sample s;
  s.completion = {.ids = j[0],
                  .logprobs = j[1],
                  .log_kept_mass = j[2],
                  .finish_reason = static_cast<rollout::FinishReason>(j[3].get<int>()),
                  .version = j[4],
                  .reused_tokens = j[5],
                  .prompt_index = j[6],
                  .sample_index = j[7]};
  s.text = j[8];
  s.verdict = {.score = j[9], .parts = j[10], .outcome = static_cast<reward::Outcome>(j[11].get<int>()), .why = j[12]};
  return s;
}

}  // namespace

std::vector<Sample> gather_samples(const train::Peers& peers, std::vector<Sample> own) {
  if (peers.alone()) return own;
  json mine = json::array();
  for (const Sample& s : own) mine.push_back(to_json(s));
  std::string bytes;
  json::to_msgpack(mine, bytes);
  std::vector<Sample> all;
  for (const std::string& part : peers.gather(bytes, "samples"))
    for (const json& one : json::from_msgpack(part)) all.push_back(from_json(one));
  return all;
}

std::vector<float> gather_floats(const train::Peers& peers, const std::vector<float>& own, const std::string& what) {
  if (peers.alone()) return own;
  std::string bytes(own.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), own.data(), bytes.size());
  std::vector<float> all;
  for (const std::string& part : peers.gather(bytes, what)) {
    const std::size_t before = all.size();
    all.resize(before + part.size() / sizeof(float));
    std::memcpy(all.data() + before, part.data(), part.size());
  }
  return all;
}

std::vector<const Sample*> own_samples(const train::Peers& peers, const std::vector<const Sample*>& samples) {
  const train::Rows own = peers.share(static_cast<std::int64_t>(samples.size()), "samples of an update");
  return {samples.begin() + own.begin, samples.begin() + own.end};
}

Recomputed recompute_shared(const train::Peers& peers, const model::Decoder& model,
                            const std::vector<const Sample*>& samples, const GrpoConfig& config) {
  const Recomputed own = recompute(model, own_samples(peers, samples), config);
  std::vector<double> entropy = {own.entropy_sum};
  peers.sum(entropy, "entropies");
  return {gather_floats(peers, own.logp, "log-probabilities"), entropy[0]};
}

}  // namespace r1::rl
