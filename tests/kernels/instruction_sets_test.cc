// The AVX2 and the AVX-512 builds of the kernels give the same bits: the choice at run time is about speed alone.
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "r1/kernels/attention.h"
#include "r1/kernels/gemm.h"
#include "r1/kernels/logprob.h"
#include "r1/kernels/mla_rope.h"
#include "r1/kernels/moe.h"
#include "r1/kernels/rmsnorm.h"
#include "r1/kernels/swiglu.h"
#include "tests/kernels/random.h"

namespace r1::kernels {

#define R1_BOTH(op, Args)    \
  namespace avx2 {           \
  void op(const Args& args); \
  }                          \
  namespace avx512 {         \
  void op(const Args& args); \
  }
R1_BOTH(gemm, GemmArgs)
R1_BOTH(rmsnorm, RmsNormArgs)
R1_BOTH(swiglu, SwigluArgs)
R1_BOTH(mla_rope, MlaRopeArgs)
R1_BOTH(attention, AttentionArgs)
R1_BOTH(logprob, LogprobArgs)
R1_BOTH(route, RouteArgs)
R1_BOTH(route_backward, RouteBackwardArgs)

namespace {

class InstructionSets : public ::testing::Test {
 protected:
  void SetUp() override {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "this CPU has no AVX-512: there is only one build to run";
  }
};

using Floats = std::vector<float>;

TEST_F(InstructionSets, Gemm) {
  const std::int64_t m = 29, n = 77, k = 391;
  const Floats a = testing::random_floats(static_cast<std::size_t>(m * k), 1),
               b = testing::random_floats(static_cast<std::size_t>(k * n), 2);
  Floats packed(static_cast<std::size_t>(packed_size(k, n))), c2(static_cast<std::size_t>(m * n)), c512 = c2;
  pack({.source = b.data(), .k = k, .n = n, .stride_k = n, .stride_n = 1, .packed = packed.data()});
  GemmArgs args{.m = m,
                .n = n,
                .k = k,
                .a = a.data(),
                .stride_m = k,
                .stride_k = 1,
                .packed_b = packed.data(),
                .c = c2.data(),
                .ldc = n};
  avx2::gemm(args);
  args.c = c512.data();
  avx512::gemm(args);
  EXPECT_EQ(c2, c512);
}

TEST_F(InstructionSets, RowKernels) {
  const std::int64_t rows = 9, columns = 75;
  const Floats x = testing::random_floats(static_cast<std::size_t>(rows * columns), 3, 4.0f),
               w = testing::random_floats(75, 4);
  Floats y2(x.size()), y512(x.size());
  RmsNormArgs norm{
      .rows = rows, .columns = columns, .x = x.data(), .x_stride = columns, .weight = w.data(), .y = y2.data()};
  avx2::rmsnorm(norm);
  norm.y = y512.data();
  avx512::rmsnorm(norm);
  EXPECT_EQ(y2, y512);
  SwigluArgs gate{
      .rows = rows, .columns = columns, .gate = x.data(), .up = x.data(), .stride = columns, .y = y2.data()};
  avx2::swiglu(gate);
  gate.y = y512.data();
  avx512::swiglu(gate);
  EXPECT_EQ(y2, y512);
  const std::vector<std::int64_t> targets = {0, 74, 3, -1, 5, 6, 7, 8, 9};
  Floats logp2(9), logp512(9), entropy2(9), entropy512(9);
  LogprobArgs log{.rows = rows,
                  .vocab = columns,
                  .logits = x.data(),
                  .stride = columns,
                  .targets = targets.data(),
                  .temperature = 0.7f,
                  .logp = logp2.data(),
                  .entropy = entropy2.data(),
                  .probabilities = y2.data()};
  avx2::logprob(log);
  log.logp = logp512.data();
  log.entropy = entropy512.data();
  log.probabilities = y512.data();
  avx512::logprob(log);
  EXPECT_EQ(logp2, logp512);
  EXPECT_EQ(entropy2, entropy512);
  EXPECT_EQ(y2, y512);
}

TEST_F(InstructionSets, Routers) {
  const std::int64_t tokens = 19, experts = 42, top_k = 5;
  const Floats logits = testing::random_floats(static_cast<std::size_t>(tokens * experts), 10, 3.0f);
  const Floats bias = testing::random_floats(static_cast<std::size_t>(experts), 11);
  const Floats dweights = testing::random_floats(static_cast<std::size_t>(tokens * top_k), 12);
  for (const RouteScoring scoring : {RouteScoring::Sigmoid, RouteScoring::Softmax}) {
    const RouteConfig config{
        .experts = experts, .top_k = top_k, .groups = 6, .top_groups = 3, .scoring = scoring, .scale = 1.5f};
    const auto run = [&](void (*forward)(const RouteArgs&), void (*backward)(const RouteBackwardArgs&)) {
      Floats scores(logits.size()), weights(dweights.size()), dlogits(logits.size());
      std::vector<std::int32_t> chosen(dweights.size());
      forward({.config = config,
               .tokens = tokens,
               .logits = logits.data(),
               .bias = bias.data(),
               .scores = scores.data(),
               .experts = chosen.data(),
               .weights = weights.data()});
      backward({.config = config,
                .tokens = tokens,
                .scores = scores.data(),
                .experts = chosen.data(),
                .dweights = dweights.data(),
                .dlogits = dlogits.data()});
      return std::tuple(scores, chosen, weights, dlogits);
    };
    EXPECT_EQ(run(avx2::route, avx2::route_backward), run(avx512::route, avx512::route_backward));
  }
}

TEST_F(InstructionSets, RopeAndAttention) {
  const std::int64_t tokens = 23, heads = 3, nope = 8, rope = 12, v = 21, qk = nope + rope;
  const auto size = [&](std::int64_t width) { return static_cast<std::size_t>(tokens * heads * width); };
  const Floats q = testing::random_floats(size(qk), 5), kv = testing::random_floats(size(nope + v), 6);
  const Floats k_pe = testing::random_floats(static_cast<std::size_t>(tokens * rope), 7);
  const Floats cos = testing::random_floats(static_cast<std::size_t>(tokens * rope / 2), 8),
               sin = testing::random_floats(cos.size(), 9);
  std::vector<std::int32_t> positions(static_cast<std::size_t>(tokens));
  std::vector<std::int64_t> begin(positions.size(), 0), end(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    positions[i] = static_cast<std::int32_t>(i);
    end[i] = static_cast<std::int64_t>(i) + 1;
  }
  const auto run = [&](void (*rotate)(const MlaRopeArgs&), void (*attend)(const AttentionArgs&)) {
    Floats q_out(size(qk)), k_out(size(qk)), v_out(size(v)), out(size(v));
    rotate({.tokens = tokens,
            .heads = heads,
            .nope = nope,
            .rope = rope,
            .v = v,
            .q = q.data(),
            .kv = kv.data(),
            .k_pe = k_pe.data(),
            .k_pe_stride = rope,
            .positions = positions.data(),
            .cos = cos.data(),
            .sin = sin.data(),
            .q_out = q_out.data(),
            .k_out = k_out.data(),
            .v_out = v_out.data()});
    attend({.tokens = tokens,
            .heads = heads,
            .kv_heads = heads,
            .dk = qk,
            .dv = v,
            .q = q_out.data(),
            .k = k_out.data(),
            .k_row = heads * qk,
            .k_head = qk,
            .v = v_out.data(),
            .v_row = heads * v,
            .v_head = v,
            .key_begin = begin.data(),
            .key_end = end.data(),
            .scale = 0.3f,
            .out = out.data()});
    q_out.insert(q_out.end(), out.begin(), out.end());
    return q_out;
  };
  EXPECT_EQ(run(avx2::mla_rope, avx2::attention), run(avx512::mla_rope, avx512::attention));
}

}  // namespace
}  // namespace r1::kernels
