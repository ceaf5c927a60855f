// Fields of the engine's and the sampler's configuration (engine.h).
#include "r1/rollout/engine.h"

namespace r1::rollout {

void fields(core::FieldVisitor& v, EngineConfig& c) {
  v("max_batch", c.max_batch, "sequences decoded side by side");
  v("max_tokens", c.max_tokens, "prompt + completion of one sequence at most");
  v("prefill_tokens", c.prefill_tokens, "prompt tokens put into one step at most");
  v("device", c.device, "cpu | cuda | auto");
  v("numerics", c.numerics,
    "exact (bit-equal to training) | fast (absorbed latent cache; families without a latent decode as in exact)");
}

void fields(core::FieldVisitor& v, SamplingConfig& c) {
  v("temperature", c.temperature, "0 = greedy");
  v("top_k", c.top_k, "keep the k most probable tokens; 0 = off");
  v("top_p", c.top_p, "keep the smallest set of tokens with this mass");
  v("min_p", c.min_p, "drop tokens below min_p times the best probability");
  v("max_new_tokens", c.max_new_tokens, "length limit of a completion");
  v("min_new_tokens", c.min_new_tokens, "end-of-sequence tokens are not sampled before");
}

}  // namespace r1::rollout
