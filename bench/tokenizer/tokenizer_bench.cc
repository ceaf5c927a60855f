// Encoding and decoding speed, on one thread. The aim: 10 MB/s a core or more.
#include <benchmark/benchmark.h>

#include "r1/tokenizer/bpe_trainer.h"
#include "r1/tokenizer/tokenizer.h"
#include "tokenizer/bench_text.h"

namespace r1::bench {
namespace {

struct Fixture {
  std::string text = mixed_text(20'000'000);
  std::vector<std::string_view> documents = documents_of(text, 4000);
  tokenizer::Tokenizer tokenizer = tokenizer::train_bpe(documents, {.vocab_size = 16384});
};

const Fixture& fixture() {
  static const Fixture kFixture;
  return kFixture;
}

void encode(benchmark::State& state) {
  const Fixture& f = fixture();
  std::int64_t tokens = 0;
  for (auto _ : state)
    for (const std::string_view document : f.documents)
      tokens += static_cast<std::int64_t>(f.tokenizer.encode(document).size());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(f.text.size()));
  state.counters["bytes_per_token"] =
      static_cast<double>(state.iterations()) * static_cast<double>(f.text.size()) / static_cast<double>(tokens);
}
BENCHMARK(encode)->Unit(benchmark::kSecond);

void decode(benchmark::State& state) {
  const Fixture& f = fixture();
  const std::vector<std::int32_t> ids = f.tokenizer.encode(f.text);
  for (auto _ : state) benchmark::DoNotOptimize(f.tokenizer.decode(ids));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(f.text.size()));
}
BENCHMARK(decode)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace r1::bench
