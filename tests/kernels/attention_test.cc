// Attention against a double reference, forward and backward, over odd sizes; and its promise: a query's bits are the
// same in a document, in a chunk of it, alone, and over a cache whose keys lie in panels.
#include "r1/kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/random.h"

namespace r1::kernels {
namespace {

using Floats = std::vector<float>;
using Indices = std::vector<std::int64_t>;

struct Shape {
  std::int64_t heads, dk, dv;
  std::vector<std::int64_t> documents;  // their lengths
};

struct Problem {
  explicit Problem(const Shape& s) : shape(s) {
    for (const std::int64_t length : s.documents) {
      for (std::int64_t i = 0; i < length; ++i) {
        begin.push_back(tokens);
        end.push_back(tokens + i + 1);
      }
      tokens += length;
    }
    q = testing::random_floats(count(s.dk), 1);
    k = testing::random_floats(count(s.dk), 2);
    v = testing::random_floats(count(s.dv), 3);
    dout = testing::random_floats(count(s.dv), 4);
    out.assign(count(s.dv), -1.0f);
    lse.assign(count(1), -1.0f);
  }
  std::size_t count(std::int64_t width) const { return static_cast<std::size_t>(tokens * shape.heads * width); }
  AttentionArgs args() {
    const std::int64_t heads = shape.heads;
    return {.tokens = tokens,
            .heads = heads,
            .kv_heads = heads,
            .dk = shape.dk,
            .dv = shape.dv,
            .q = q.data(),
            .k = k.data(),
            .k_row = heads * shape.dk,
            .k_head = shape.dk,
            .v = v.data(),
            .v_row = heads * shape.dv,
            .v_head = shape.dv,
            .key_begin = begin.data(),
            .key_end = end.data(),
            .scale = 0.7f,
            .out = out.data(),
            .lse = lse.data()};
  }
  double score(std::int64_t t, std::int64_t j, std::int64_t h) const {
    double sum = 0.0;
    for (std::int64_t d = 0; d < shape.dk; ++d)
      sum += static_cast<double>(at(q, t, h, shape.dk, d)) * static_cast<double>(at(k, j, h, shape.dk, d));
    return 0.7f * sum;
  }
  /// Weights of the keys that query t of head h sees.
  std::vector<double> weights(std::int64_t t, std::int64_t h) const {
    std::vector<double> w;
    double sum = 0.0;
    for (std::int64_t j = begin[static_cast<std::size_t>(t)]; j < end[static_cast<std::size_t>(t)]; ++j)
      sum += w.emplace_back(std::exp(score(t, j, h)));
    for (double& x : w) x /= sum;
    return w;
  }
  float at(const Floats& x, std::int64_t t, std::int64_t h, std::int64_t width, std::int64_t d) const {
    return x[static_cast<std::size_t>((t * shape.heads + h) * width + d)];
  }

  Shape shape;
  std::int64_t tokens = 0;
  Indices begin, end;
  Floats q, k, v, dout, out, lse;
};

class Attention : public ::testing::TestWithParam<Shape> {};

TEST_P(Attention, ForwardEqualsTheDoubleReference) {
  Problem p(GetParam());
  attention(p.args());
  for (std::int64_t t = 0; t < p.tokens; ++t)
    for (std::int64_t h = 0; h < p.shape.heads; ++h) {
      const std::vector<double> w = p.weights(t, h);
      for (std::int64_t d = 0; d < p.shape.dv; ++d) {
        double sum = 0.0;
        for (std::size_t j = 0; j < w.size(); ++j)
          sum +=
              w[j] * p.at(p.v, p.begin[static_cast<std::size_t>(t)] + static_cast<std::int64_t>(j), h, p.shape.dv, d);
        ASSERT_NEAR(p.at(p.out, t, h, p.shape.dv, d), sum, 2e-6) << t << "," << h << "," << d;
      }
    }
}

TEST_P(Attention, GradientsEqualTheDoubleReference) {
  Problem p(GetParam());
  attention(p.args());
  const Shape& s = p.shape;
  Floats dq(p.count(s.dk)), dk(p.count(s.dk)), dv(p.count(s.dv));
  attention_backward({.tokens = p.tokens,
                      .heads = s.heads,
                      .kv_heads = s.heads,
                      .dk = s.dk,
                      .dv = s.dv,
                      .q = p.q.data(),
                      .k = p.k.data(),
                      .v = p.v.data(),
                      .out = p.out.data(),
                      .dout = p.dout.data(),
                      .lse = p.lse.data(),
                      .key_begin = p.begin.data(),
                      .scale = 0.7f,
                      .dq = dq.data(),
                      .dk_out = dk.data(),
                      .dv_out = dv.data()});
  std::vector<double> want_q(dq.size()), want_k(dk.size()), want_v(dv.size());
  for (std::int64_t t = 0; t < p.tokens; ++t)
    for (std::int64_t h = 0; h < s.heads; ++h) {
      const std::vector<double> w = p.weights(t, h);
      std::vector<double> dw(w.size());
      double mean = 0.0;
      const auto row = [&](std::int64_t i) { return static_cast<std::size_t>(i * s.heads + h); };
      const std::int64_t first = p.begin[static_cast<std::size_t>(t)];
      for (std::size_t j = 0; j < w.size(); ++j) {
        for (std::int64_t d = 0; d < s.dv; ++d) {
          const double g = p.at(p.dout, t, h, s.dv, d);
          dw[j] += g * p.at(p.v, first + static_cast<std::int64_t>(j), h, s.dv, d);
          want_v[row(first + static_cast<std::int64_t>(j)) * static_cast<std::size_t>(s.dv) +
                 static_cast<std::size_t>(d)] += w[j] * g;
        }
        mean += w[j] * dw[j];
      }
      for (std::size_t j = 0; j < w.size(); ++j) {
        const double ds = 0.7f * w[j] * (dw[j] - mean);
        const std::int64_t key = first + static_cast<std::int64_t>(j);
        for (std::int64_t d = 0; d < s.dk; ++d) {
          const auto at = [&](std::int64_t i) {
            return row(i) * static_cast<std::size_t>(s.dk) + static_cast<std::size_t>(d);
          };
          want_q[at(t)] += ds * p.at(p.k, key, h, s.dk, d);
          want_k[at(key)] += ds * p.at(p.q, t, h, s.dk, d);
        }
      }
    }
  for (std::size_t i = 0; i < dq.size(); ++i) ASSERT_NEAR(dq[i], want_q[i], 1e-5) << "dq " << i;
  for (std::size_t i = 0; i < dk.size(); ++i) ASSERT_NEAR(dk[i], want_k[i], 1e-5) << "dk " << i;
  for (std::size_t i = 0; i < dv.size(); ++i) ASSERT_NEAR(dv[i], want_v[i], 1e-5) << "dv " << i;
}

/// Queries [first, last) of the packed problem over a cache that holds its rows, documents at panel boundaries.
Floats over_cache(const Problem& p, std::int64_t first, std::int64_t last) {
  const Shape& s = p.shape;
  Indices start, rows, begin, end;
  std::int64_t next = 0;
  for (const std::int64_t length : s.documents) {
    for (std::int64_t i = 0; i < length; ++i) {
      start.push_back(next);
      rows.push_back(next + i);
    }
    next += (length + kKeyPanel - 1) / kKeyPanel * kKeyPanel;
  }
  Floats panels(static_cast<std::size_t>(next * s.heads * s.dk)),
      values(static_cast<std::size_t>(next * s.heads * s.dv));
  write_key_panels({.tokens = p.tokens,
                    .heads = s.heads,
                    .dk = s.dk,
                    .x = p.k.data(),
                    .rows = rows.data(),
                    .panels = panels.data()});
  const std::int64_t width = s.heads * s.dv;
  for (std::int64_t t = 0; t < p.tokens; ++t)
    std::copy_n(p.v.begin() + t * width, width, values.begin() + rows[static_cast<std::size_t>(t)] * width);
  for (std::int64_t t = first; t < last; ++t) {
    begin.push_back(start[static_cast<std::size_t>(t)]);
    end.push_back(rows[static_cast<std::size_t>(t)] + 1);
  }
  Floats out(static_cast<std::size_t>((last - first) * width));
  attention({.tokens = last - first,
             .heads = s.heads,
             .kv_heads = s.heads,
             .dk = s.dk,
             .dv = s.dv,
             .q = p.q.data() + first * s.heads * s.dk,
             .k = panels.data(),
             .k_panels = true,
             .v = values.data(),
             .v_row = width,
             .v_head = s.dv,
             .key_begin = begin.data(),
             .key_end = end.data(),
             .scale = 0.7f,
             .out = out.data()});
  return out;
}

TEST_P(Attention, AQuerysBitsAreTheSameAloneInChunksAndOverACache) {
  Problem p(GetParam());
  attention(p.args());
  const std::int64_t width = p.shape.heads * p.shape.dv;
  for (const std::int64_t chunk : {std::int64_t{1}, std::int64_t{5}, p.tokens}) {
    for (std::int64_t first = 0; first < p.tokens; first += chunk) {
      const std::int64_t last = std::min(p.tokens, first + chunk);
      const Floats part = over_cache(p, first, last);
      const Floats whole(p.out.begin() + first * width, p.out.begin() + last * width);
      ASSERT_EQ(part, whole) << "queries from " << first << " in chunks of " << chunk;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Attention,
                         ::testing::Values(Shape{1, 8, 8, {1}}, Shape{2, 32, 32, {40, 3, 70}},
                                           Shape{3, 13, 17, {7, 33}}, Shape{2, 24, 48, {150}},
                                           Shape{1, 64, 5, {2, 2, 19}}));

TEST(Attention, OneSharedHeadServesAllQueryHeads) {
  Problem p({3, 16, 16, {9}});
  AttentionArgs shared = p.args();
  shared.kv_heads = 1;  // all heads read the first head's rows
  attention(shared);
  const Floats all = p.out;
  for (std::int64_t t = 0; t < p.tokens; ++t)
    for (std::int64_t h = 1; h < 3; ++h)
      for (std::int64_t d = 0; d < 16; ++d) {
        const auto row = static_cast<std::size_t>(t * 3 * 16 + d);
        p.k[row + static_cast<std::size_t>(h) * 16] = p.k[row];
        p.v[row + static_cast<std::size_t>(h) * 16] = p.v[row];
      }
  attention(p.args());
  EXPECT_EQ(p.out, all);
}

/// The gradients of keys or values of grouped heads: the sums over each group's query heads.
Floats group_sums(const Floats& all, std::int64_t tokens, std::int64_t kv_heads, std::int64_t width) {
  const auto group = static_cast<std::int64_t>(all.size()) / (tokens * kv_heads * width);
  Floats out(static_cast<std::size_t>(tokens * kv_heads * width), 0.0f);
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(all.size()); ++i) {
    const std::int64_t head = i / width / group;  // token * kv_heads + kv head
    out[static_cast<std::size_t>(head * width + i % width)] += all[static_cast<std::size_t>(i)];
  }
  return out;
}

TEST(Attention, GroupedQueriesEqualRepeatedKeysForwardAndBackward) {
  const std::int64_t heads = 6, kv_heads = 2, width = 16, group = heads / kv_heads;
  Problem p({heads, width, width, {9, 60}});
  Floats k(static_cast<std::size_t>(p.tokens * kv_heads * width)), v(k.size());
  for (std::size_t i = 0; i < k.size(); ++i) {
    k[i] = p.k[i];
    v[i] = p.v[i];
  }
  for (std::int64_t row = 0; row < p.tokens * heads; ++row)
    for (std::int64_t d = 0; d < width; ++d) {
      const auto from = static_cast<std::size_t>(row / group * width + d),
                 to = static_cast<std::size_t>(row * width + d);
      p.k[to] = k[from];
      p.v[to] = v[from];
    }
  const auto backward = [&](std::int64_t kv, const Floats& keys, const Floats& values) {
    std::vector<Floats> g = {Floats(p.q.size()), Floats(keys.size()), Floats(values.size())};
    attention_backward({.tokens = p.tokens,
                        .heads = heads,
                        .kv_heads = kv,
                        .dk = width,
                        .dv = width,
                        .q = p.q.data(),
                        .k = keys.data(),
                        .v = values.data(),
                        .out = p.out.data(),
                        .dout = p.dout.data(),
                        .lse = p.lse.data(),
                        .key_begin = p.begin.data(),
                        .scale = 0.7f,
                        .dq = g[0].data(),
                        .dk_out = g[1].data(),
                        .dv_out = g[2].data()});
    return g;
  };
  attention(p.args());
  const Floats repeated = p.out;
  const std::vector<Floats> want = backward(heads, p.k, p.v);
  AttentionArgs grouped = p.args();
  grouped.kv_heads = kv_heads;
  grouped.k = k.data();
  grouped.v = v.data();
  grouped.k_row = grouped.v_row = kv_heads * width;
  attention(grouped);
  EXPECT_EQ(p.out, repeated);
  const std::vector<Floats> got = backward(kv_heads, k, v);
  EXPECT_EQ(got[0], want[0]);
  for (const std::size_t which : {1u, 2u}) {
    const Floats sums = group_sums(want[which], p.tokens, kv_heads, width);
    for (std::size_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(got[which][i], sums[i], 2e-5) << which << ", " << i;
  }
}

}  // namespace
}  // namespace r1::kernels
