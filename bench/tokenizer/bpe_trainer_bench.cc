// Training on 100 MB. The bar: under 60 s on 2 cores.
#include <benchmark/benchmark.h>

#include "r1/tokenizer/bpe_trainer.h"
#include "tokenizer/bench_text.h"

namespace r1::bench {
namespace {

void train_100_mb(benchmark::State& state) {
  const std::string text = mixed_text(100'000'000);
  const std::vector<std::string_view> documents = documents_of(text, 4000);
  tokenizer::BpeConfig config;
  config.vocab_size = state.range(0);
  config.num_threads = state.range(1);
  for (auto _ : state) {
    const tokenizer::Tokenizer trained = tokenizer::train_bpe(documents, config);
    state.counters["tokens"] = static_cast<double>(trained.vocab_size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(train_100_mb)
    ->ArgNames({"vocab", "threads"})
    ->Args({4096, 2})
    ->Args({32768, 2})
    ->Unit(benchmark::kSecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Iterations(1);

}  // namespace
}  // namespace r1::bench
