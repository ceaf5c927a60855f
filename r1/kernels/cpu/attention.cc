// Attention as products of tiles (attention.h, tile.h). Keys are transposed once per sequence and head, so that lanes
// are keys: a score is the sum over d, one product after the other; scores' maximum, exponentials and sum go by a fixed
// order; the weighted sum of values goes key by key. Keys of a tile that a query may not see have weight 0, which
// changes no bit, so a query's result is the same alone, in a tile or at the end of a cache.
#include "r1/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/cpu/tile.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr std::int64_t kGroup = 128;  // queries of one sequence that share a transposed copy of the keys
constexpr std::int64_t kBlock = 48;  // queries of the backward pass whose weights are held at once
static_assert(kBlock % kTileRows == 0);

std::int64_t pad(std::int64_t count, std::int64_t to) { return (count + to - 1) / to * to; }

float* grown(std::vector<float>& buffer, std::int64_t count) {
  if (buffer.size() < static_cast<std::size_t>(count)) buffer.resize(static_cast<std::size_t>(count));
  return buffer.data();
}

/// Rows of float32 that a tile can read as B: `width` values each, padded to whole tiles.
struct Rows {
  const float* data = nullptr;
  std::int64_t stride = 0;
};

template <class T>
Rows copied_rows(const T* in, std::int64_t stride, std::int64_t count, std::int64_t width, std::vector<float>& buffer) {
  const std::int64_t padded = pad(width, kTileColumns);
  float* out = grown(buffer, count * padded);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const std::int64_t left = width - j;
      store_some(out + i * padded + j, load_some(in + i * stride + j, left), left);
    }
    std::fill(out + i * padded + width, out + (i + 1) * padded, 0.0f);
  }
  return {out, padded};
}

Rows tile_rows_of(const float* in, std::int64_t stride, std::int64_t count, std::int64_t width,
                  std::vector<float>& buffer) {
  return width % kTileColumns == 0 ? Rows{in, stride} : copied_rows(in, stride, count, width, buffer);
}
Rows tile_rows_of(const bf16* in, std::int64_t stride, std::int64_t count, std::int64_t width,
                  std::vector<float>& buffer) {
  return copied_rows(in, stride, count, width, buffer);
}

/// An 8 x 8 block of float32, transposed.
inline void transpose8(const float* in, std::int64_t stride, float* out, std::int64_t out_stride) {
  __m256 r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(in + i * stride);
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(out + i * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

inline void transpose_panel(const float* in, std::int64_t stride, std::int64_t width, float* out) {
  std::int64_t d = 0;
  for (; d + 8 <= width; d += 8)
    for (std::int64_t j = 0; j < kKeyPanel; j += 8)
      transpose8(in + j * stride + d, stride, out + d * kKeyPanel + j, kKeyPanel);
  for (; d < width; ++d)
    for (std::int64_t j = 0; j < kKeyPanel; ++j) out[d * kKeyPanel + j] = in[j * stride + d];
}

/// Rows as float32 panels [width][kKeyPanel], `stride` apart: a score's lanes are keys.
struct Panels {
  const float* data = nullptr;
  std::int64_t stride = 0;
};

/// Rows, transposed; what is beyond `count` is 0.
template <class T>
Panels transposed(const T* in, std::int64_t stride, std::int64_t count, std::int64_t width,
                  std::vector<float>& buffer) {
  float* out = grown(buffer, pad(count, kKeyPanel) * width);
  for (std::int64_t j0 = 0; j0 < count; j0 += kKeyPanel) {
    float* panel = out + j0 * width;
    const std::int64_t rows = std::min<std::int64_t>(kKeyPanel, count - j0);
    if constexpr (sizeof(T) == sizeof(float)) {
      if (rows == kKeyPanel) {
        transpose_panel(in + j0 * stride, stride, width, panel);
        continue;
      }
    }
    for (std::int64_t d = 0; d < width; ++d)
      for (std::int64_t j = 0; j < kKeyPanel; ++j)
        panel[d * kKeyPanel + j] = j < rows ? to_float(in[(j0 + j) * stride + d]) : 0.0f;
  }
  return {out, kKeyPanel * width};
}

/// A cache's panels, read in place.
Panels cached(const float* in, std::int64_t stride, std::int64_t, std::int64_t, std::vector<float>&) {
  return {in, stride};
}
Panels cached(const bf16* in, std::int64_t stride, std::int64_t count, std::int64_t width, std::vector<float>& buffer) {
  float* out = grown(buffer, pad(count, kKeyPanel) * width);
  for (std::int64_t j0 = 0; j0 < count; j0 += kKeyPanel)
    for (std::int64_t i = 0; i < width * kKeyPanel; i += kLanes)
      store(out + j0 * width + i, load(in + j0 / kKeyPanel * stride + i));
  return {out, kKeyPanel * width};
}

/// One row times Count * kTileWidth columns that begin at b[0], b[1], ...: as many sums side by side as hide the
/// latency of a product; each is the same sum as a tile's.
template <int Count>
inline void wide_row(const float* a, std::int64_t k, const float* const* b, std::int64_t ldb, float* c) {
  TileVector sums[Count];
  unrolled<Count>([&](auto v) __attribute__((always_inline)) { sums[v] = TileVector{}; });
  for (std::int64_t p = 0; p < k; ++p) {
    const TileVector x = broadcast(a + p);
    unrolled<Count>([&](auto v)
                        __attribute__((always_inline)) { sums[v] = fma(x, load_tile(b[v] + p * ldb), sums[v]); });
  }
  unrolled<Count>([&](auto v) __attribute__((always_inline)) { store_tile(c + v * kTileWidth, sums[v]); });
}

/// scores[r][j] = a[r] . keys[j] for j < count (rounded up to whole tiles).
void scores_of(int rows, Rows a, Panels keys, std::int64_t width, std::int64_t count, float* scores,
               std::int64_t stride) {
  constexpr std::int64_t kWide = 8 * kTileWidth;
  std::int64_t j = 0;
  for (; rows == 1 && j + kWide / 2 < count; j += kWide) {
    const float* b[8];
    for (std::int64_t v = 0; v < 8; ++v) {
      const std::int64_t key = j + v * kTileWidth;  // beyond the last tile: any readable keys, their scores are dropped
      b[v] = key < pad(count, kTileColumns) ? keys.data + key / kKeyPanel * keys.stride + key % kKeyPanel : keys.data;
    }
    wide_row<8>(a.data, width, b, kKeyPanel, scores + j);
  }
  for (; j < count; j += kTileColumns)
    tile_product(rows, Tile{.a = a.data,
                            .stride_m = a.stride,
                            .b = keys.data + j / kKeyPanel * keys.stride + j % kKeyPanel,
                            .ldb = kKeyPanel,
                            .k = width,
                            .c = scores + j,
                            .ldc = stride});
}

/// out[r][0..width) (+)= sum over j < k of weight(r, j) * b[j].
struct Weighted {
  const float* weights;
  std::int64_t stride_m, stride_k, k;
  Rows b;
  float* out;
  std::int64_t out_stride, width;
  bool add;
};
void weighted_rows(int rows, const Weighted& w) {
  std::int64_t j = 0;
  for (; rows == 1 && !w.add && j + 2 * kTileColumns <= w.width; j += 2 * kTileColumns) {
    const float* b = w.b.data + j;
    const float* const columns[4] = {b, b + kTileWidth, b + 2 * kTileWidth, b + 3 * kTileWidth};
    wide_row<4>(w.weights, w.k, columns, w.b.stride, w.out + j);
  }
  for (; j < w.width; j += kTileColumns)
    tile_product(rows, Tile{.a = w.weights,
                            .stride_m = w.stride_m,
                            .stride_k = w.stride_k,
                            .b = w.b.data + j,
                            .ldb = w.b.stride,
                            .k = w.k,
                            .c = w.out + j,
                            .ldc = w.out_stride,
                            .columns = w.width - j,
                            .add = w.add});
}

struct Scratch {
  std::vector<float> keys, values, values_t, q, k, scores, dscores, out, dk, dv, dq, dout;
};

/// Scores of `count` keys become weights in place (not yet divided by their sum); the rest up to `end` becomes 0.
struct Softmax {
  float highest, sum;
};
Softmax softmax(float* scores, std::int64_t count, std::int64_t end, float scale) {
  const std::int64_t padded = pad(count, kLanes);
  std::fill(scores + count, scores + std::max(padded, end), -std::numeric_limits<float>::infinity());
  V16 top = splat(-std::numeric_limits<float>::infinity());
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    const V16 s = load(scores + j) * splat(scale);
    store(scores + j, s);
    top = vmax(top, s);
  }
  const float highest = max_lanes(top);
  V16 total{};
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    const V16 p = vexp(load(scores + j) - splat(highest));
    store(scores + j, p);
    total += p;
  }
  if (end > padded) std::fill(scores + padded, scores + end, 0.0f);
  return {highest, sum_lanes(total)};
}

/// Queries [first, last) of one sequence that see the same first key.
struct Group {
  std::int64_t first, last;
};

std::vector<Group> groups_of(const AttentionArgs& a) {
  std::vector<Group> groups;
  for (std::int64_t t = 0; t < a.tokens; ++t) {
    const bool same = !groups.empty() && a.key_begin[t] == a.key_begin[t - 1] && t - groups.back().first < kGroup;
    if (same)
      groups.back().last = t + 1;
    else
      groups.push_back({t, t + 1});
  }
  return groups;
}

template <class T>
void write_out(const AttentionArgs& a, std::int64_t t, std::int64_t h, const float* in, Softmax s) {
  T* out = static_cast<T*>(a.out) + (t * a.heads + h) * a.dv;
  const V16 inverse = splat(1.0f / s.sum);
  for (std::int64_t j = 0; j < a.dv; j += kLanes) store_some(out + j, load_some(in + j, a.dv - j) * inverse, a.dv - j);
  if (a.lse != nullptr) a.lse[t * a.heads + h] = s.highest + std::log(s.sum);
}

/// One head of one group.
template <class T>
void forward(const AttentionArgs& a, Group group, std::int64_t h) {
  thread_local Scratch s;
  const std::int64_t begin = a.key_begin[group.first];
  const std::int64_t count = *std::max_element(a.key_end + group.first, a.key_end + group.last) - begin;
  const std::int64_t stride = pad(count, 8 * kTileWidth) + kLanes;
  const T* k = static_cast<const T*>(a.k);
  const Panels keys =
      a.k_panels ? cached(k + (begin * a.heads + h * kKeyPanel) * a.dk, kKeyPanel * a.heads * a.dk, count, a.dk, s.keys)
                 : transposed(k + begin * a.k_row + h * a.k_head, a.k_row, count, a.dk, s.keys);
  const Rows values =
      tile_rows_of(static_cast<const T*>(a.v) + begin * a.v_row + h * a.v_head, a.v_row, count, a.dv, s.values);
  const Rows q = tile_rows_of(static_cast<const T*>(a.q) + (group.first * a.heads + h) * a.dk, a.heads * a.dk,
                              group.last - group.first, a.dk, s.q);
  float* scores = grown(s.scores, kTileRows * stride);
  const std::int64_t width = pad(a.dv, kTileColumns);
  float* out = grown(s.out, kTileRows * width);
  for (std::int64_t t = group.first; t < group.last; t += kTileRows) {
    const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, group.last - t));
    const std::int64_t seen = *std::max_element(a.key_end + t, a.key_end + t + rows) - begin;
    scores_of(rows, {q.data + (t - group.first) * q.stride, q.stride}, keys, a.dk, seen, scores, stride);
    Softmax sums[kTileRows];
    for (int r = 0; r < rows; ++r) sums[r] = softmax(scores + r * stride, a.key_end[t + r] - begin, seen, a.scale);
    weighted_rows(rows, {scores, stride, 1, seen, values, out, width, width, false});
    for (int r = 0; r < rows; ++r) write_out<T>(a, t + r, h, out + r * width, sums[r]);
  }
}

/// One head of one document, rows [first, last), in blocks of queries.
template <class T>
class DocumentBackward {
 public:
  DocumentBackward(const AttentionBackwardArgs& a, std::int64_t first, std::int64_t last, std::int64_t h)
      : a_(a), first_(first), n_(last - first), h_(h), stride_(pad(n_, 8 * kTileWidth)) {
    k_ = rows(a.k, a.dk, s_.k);
    q_ = rows(a.q, a.dk, s_.q);
    v_ = rows(a.v, a.dv, s_.values);
    dout_ = rows(a.dout, a.dv, s_.dout);
    keys_ = transposed(k_.data, k_.stride, n_, a.dk, s_.keys);
    values_ = transposed(v_.data, v_.stride, n_, a.dv, s_.values_t);
    weights_ = grown(s_.scores, kBlock * stride_);
    ds_ = grown(s_.dscores, kBlock * stride_);
    dq_ = grown(s_.dq, kBlock * k_.stride);
    dk_ = grown(s_.dk, n_ * k_.stride);
    dv_ = grown(s_.dv, n_ * v_.stride);
    std::fill(dk_, dk_ + n_ * k_.stride, 0.0f);
    std::fill(dv_, dv_ + n_ * v_.stride, 0.0f);
  }

  void run() {
    for (std::int64_t i = 0; i < n_; i += kBlock) one_block(i, std::min(n_, i + kBlock));
    write(a_.dk_out, a_.dk, 0, n_, {dk_, k_.stride});
    write(a_.dv_out, a_.dv, 0, n_, {dv_, v_.stride});
  }

 private:
  Rows rows(const void* base, std::int64_t width, std::vector<float>& buffer) const {
    return copied_rows(static_cast<const T*>(base) + (first_ * a_.heads + h_) * width, a_.heads * width, n_, width,
                       buffer);
  }

  void one_block(std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kTileRows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, end - i));
      float* w = weights_ + (i - begin) * stride_;
      float* ds = ds_ + (i - begin) * stride_;
      scores_of(rows, {q_.data + i * q_.stride, q_.stride}, keys_, a_.dk, i + rows, w, stride_);
      scores_of(rows, {dout_.data + i * dout_.stride, dout_.stride}, values_, a_.dv, i + rows, ds, stride_);
      for (int r = 0; r < rows; ++r) weigh(i + r, end, w + r * stride_, ds + r * stride_);
      weighted_rows(rows, {ds, stride_, 1, i + rows, k_, dq_ + (i - begin) * k_.stride, k_.stride, a_.dk, false});
    }
    for (std::int64_t j = 0; j < end; j += kTileRows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, end - j));
      const std::int64_t skip = std::max<std::int64_t>(0, j - begin);  // queries before key j do not see it
      const std::int64_t queries = end - begin - skip;
      const Rows q{q_.data + (begin + skip) * q_.stride, q_.stride};
      const Rows dout{dout_.data + (begin + skip) * dout_.stride, dout_.stride};
      weighted_rows(rows,
                    {ds_ + skip * stride_ + j, 1, stride_, queries, q, dk_ + j * k_.stride, k_.stride, a_.dk, true});
      weighted_rows(rows, {weights_ + skip * stride_ + j, 1, stride_, queries, dout, dv_ + j * v_.stride, v_.stride,
                           a_.dv, true});
    }
    write(a_.dq, a_.dk, begin, end, {dq_, k_.stride});
  }

  /// Row i: scores to weights, and the weights' gradients (in ds) to those of the scores; 0 for keys i + 1 ... end - 1.
  void weigh(std::int64_t i, std::int64_t end, float* w, float* ds) const {
    const T* out = static_cast<const T*>(a_.out) + ((first_ + i) * a_.heads + h_) * a_.dv;
    V16 product{};
    for (std::int64_t j = 0; j < a_.dv; j += kLanes)
      product = fma(load_some(dout_.data + i * dout_.stride + j, a_.dv - j), load_some(out + j, a_.dv - j), product);
    const V16 delta = splat(sum_lanes(product)), scale = splat(a_.scale);
    const V16 lse = splat(a_.lse[(first_ + i) * a_.heads + h_]);
    for (std::int64_t j = 0; j <= i; j += kLanes) {
      const V16 p = vexp(fma(load(w + j), scale, -lse));
      store(w + j, p);
      store(ds + j, p * (load(ds + j) - delta) * scale);
    }
    std::fill(w + i + 1, w + end, 0.0f);
    std::fill(ds + i + 1, ds + end, 0.0f);
  }

  void write(void* to, std::int64_t width, std::int64_t begin, std::int64_t end, Rows from) const {
    for (std::int64_t i = begin; i < end; ++i) {
      T* out = static_cast<T*>(to) + ((first_ + i) * a_.heads + h_) * width;
      const float* in = from.data + (i - begin) * from.stride;
      for (std::int64_t j = 0; j < width; j += kLanes) store_some(out + j, load_some(in + j, width - j), width - j);
    }
  }

  static thread_local Scratch s_;
  const AttentionBackwardArgs& a_;
  std::int64_t first_, n_, h_, stride_;
  Rows k_, q_, v_, dout_;
  Panels keys_, values_;
  float *weights_, *ds_, *dq_, *dk_, *dv_;
};

template <class T>
thread_local Scratch DocumentBackward<T>::s_;

}  // namespace

void attention(const AttentionArgs& args) {
  const std::vector<Group> groups = groups_of(args);
  parallel_items(static_cast<std::int64_t>(groups.size()) * args.heads, [&](std::int64_t item) {
    const Group group = groups[static_cast<std::size_t>(item / args.heads)];
    if (args.dtype == DType::F32)
      forward<float>(args, group, item % args.heads);
    else
      forward<bf16>(args, group, item % args.heads);
  });
}

void write_key_panels(const WriteKeyPanelsArgs& args) {
  const auto write = [&](const auto* x, auto* panels) {
    parallel_ranges(args.tokens, 32, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const std::int64_t row = args.rows[t], width = args.heads * args.dk;
        auto* out = panels + row / kKeyPanel * kKeyPanel * width + row % kKeyPanel;
        for (std::int64_t i = 0; i < width; ++i) out[i * kKeyPanel] = x[t * width + i];
      }
    });
  };
  if (args.dtype == DType::F32)
    write(static_cast<const float*>(args.x), static_cast<float*>(args.panels));
  else
    write(static_cast<const bf16*>(args.x), static_cast<bf16*>(args.panels));
}

void attention_backward(const AttentionBackwardArgs& args) {
  std::vector<std::int64_t> starts;
  for (std::int64_t t = 0; t < args.tokens; ++t)
    if (args.key_begin[t] == t) starts.push_back(t);
  starts.push_back(args.tokens);
  const std::int64_t documents = static_cast<std::int64_t>(starts.size()) - 1;
  parallel_items(documents * args.heads, [&](std::int64_t item) {
    const std::size_t document = static_cast<std::size_t>(item / args.heads);
    if (args.dtype == DType::F32)
      DocumentBackward<float>(args, starts[document], starts[document + 1], item % args.heads).run();
    else
      DocumentBackward<bf16>(args, starts[document], starts[document + 1], item % args.heads).run();
  });
}

}  // namespace r1::kernels::R1_ISA
