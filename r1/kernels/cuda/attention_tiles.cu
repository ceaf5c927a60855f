// Attention over ranges of key rows on tensor cores (kernels/attention.h), bf16. A warp has 16 rows: queries of one
// group of heads (Dao 2023's layout: scores, softmax and output stay in registers). Keys come in tiles of 64 counted
// from the range's begin, and a masked key adds exactly 0, so a query's bits are its own keys' alone: training, prefill
// and decode agree, whatever shares the batch. Key ranges of one document are neighbours in a batch; where a block
// meets several, it walks them one after another.
#include <cfloat>

#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kKeys = 64;  // keys of a tile
constexpr int kRows = 16;  // rows of a warp
constexpr int kPad = 8;  // elements between rows in shared memory: no bank conflicts
constexpr int kStages = 2;  // tiles in shared memory
constexpr float kNone = -1e30f;
constexpr float kLog2E = 1.4426950408889634f;

__device__ inline std::uint32_t shared_address(const void* p) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
}
/// 16 bytes to shared memory; zeros if not `valid`.
__device__ inline void copy_async(void* to, const void* from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(shared_address(to)), "l"(from),
               "r"(valid ? 16 : 0));
}
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;\n"); }
template <int Left>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(Left));
}
__device__ inline void load_matrices(std::uint32_t (&r)[4], const bf16* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row)));
}
__device__ inline void load_matrices_transposed(std::uint32_t (&r)[4], const bf16* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row)));
}
/// c [16, 8] += a [16, 16] b [16, 8].
__device__ inline void multiply(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ inline std::uint32_t packed(float low, float high) {
  const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const std::uint32_t*>(&both);
}

template <int DK, int DV>
struct Tile {
  bf16 k[kKeys][DK + kPad];
  bf16 v[kKeys][DV + kPad];
};

/// What a thread holds of its two rows (lane / 4 and 8 further on).
template <int DK, int DV>
struct Rows {
  std::uint32_t q[DK / 16][4];
  float out[DV / 8][4];
  float top[2], sum[2];
  std::int64_t limit[2];  // the end of each row's keys; -1 while another range is walked
};

template <int DK, int DV>
__device__ void fetch(const AttentionArgs& a, Tile<DK, DV>& tile, std::int64_t first, std::int64_t end, int kv_head) {
  const bf16* k = static_cast<const bf16*>(a.k) + kv_head * a.k_head;
  const bf16* v = static_cast<const bf16*>(a.v) + kv_head * a.v_head;
  for (int i = threadIdx.x; i < kKeys * (DK / 8); i += blockDim.x) {
    const int key = i / (DK / 8), d = i % (DK / 8) * 8;
    const bool valid = first + key < end;
    copy_async(&tile.k[key][d], k + (valid ? first + key : first) * a.k_row + d, valid);
  }
  for (int i = threadIdx.x; i < kKeys * (DV / 8); i += blockDim.x) {
    const int key = i / (DV / 8), d = i % (DV / 8) * 8;
    const bool valid = first + key < end;
    copy_async(&tile.v[key][d], v + (valid ? first + key : first) * a.v_row + d, valid);
  }
  commit_copies();
}

/// Scores of the tile's keys, masked; then the softmax so far takes them in. A row sees the first `left` keys; without
/// `Masked`, all of them.
template <bool Masked, int DK, int DV>
__device__ void take(Rows<DK, DV>& r, const Tile<DK, DV>& tile, const int (&left)[2], float scale) {
  const int lane = threadIdx.x % kWarp;
  float s[kKeys / 8][4] = {};
#pragma unroll
  for (int d = 0; d < DK / 16; ++d)
#pragma unroll
    for (int n = 0; n < kKeys / 16; ++n) {
      std::uint32_t b[4];
      load_matrices(b, &tile.k[n * 16 + lane / 16 * 8 + lane % 8][d * 16 + lane / 8 % 2 * 8]);
      multiply(s[2 * n], r.q[d], b[0], b[1]);
      multiply(s[2 * n + 1], r.q[d], b[2], b[3]);
    }
  float higher[2] = {r.top[0], r.top[1]};
#pragma unroll
  for (int n = 0; n < kKeys / 8; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const bool seen = !Masked || n * 8 + lane % 4 * 2 + i % 2 < left[i / 2];
      s[n][i] = seen ? s[n][i] * scale : -FLT_MAX;
      if (seen) higher[i / 2] = fmaxf(higher[i / 2], s[n][i]);
    }
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    for (int offset = 1; offset < 4; offset *= 2)
      higher[row] = fmaxf(higher[row], __shfl_xor_sync(0xffffffffu, higher[row], offset));
    const float factor = exp2f(r.top[row] - higher[row]);
    r.top[row] = higher[row];
    r.sum[row] *= factor;
#pragma unroll
    for (int n = 0; n < DV / 8; ++n) {
      r.out[n][2 * row] *= factor;
      r.out[n][2 * row + 1] *= factor;
    }
  }
#pragma unroll
  for (int n = 0; n < kKeys / 8; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      s[n][i] = !Masked || s[n][i] > -FLT_MAX ? exp2f(s[n][i] - r.top[i / 2]) : 0.0f;
      r.sum[i / 2] += s[n][i];
    }
#pragma unroll
  for (int j = 0; j < kKeys / 16; ++j) {
    const std::uint32_t p[4] = {packed(s[2 * j][0], s[2 * j][1]), packed(s[2 * j][2], s[2 * j][3]),
                                packed(s[2 * j + 1][0], s[2 * j + 1][1]), packed(s[2 * j + 1][2], s[2 * j + 1][3])};
#pragma unroll
    for (int n = 0; n < DV / 16; ++n) {
      std::uint32_t b[4];
      load_matrices_transposed(b, &tile.v[j * 16 + lane / 8 % 2 * 8 + lane % 8][n * 16 + lane / 16 * 8]);
      multiply(r.out[2 * n], p, b[0], b[1]);
      multiply(r.out[2 * n + 1], p, b[2], b[3]);
    }
  }
}

/// take() without masks where every row of the warp sees the whole tile: the same bits, sooner.
template <int DK, int DV>
__device__ void walk(Rows<DK, DV>& r, const Tile<DK, DV>& tile, std::int64_t first, float scale) {
  int left[2];
#pragma unroll
  for (int row = 0; row < 2; ++row)
    left[row] = static_cast<int>(min(max(r.limit[row] - first, std::int64_t{0}), std::int64_t{kKeys}));
  if (__all_sync(0xffffffffu, left[0] == kKeys && left[1] == kKeys))
    take<false>(r, tile, left, scale);
  else
    take<true>(r, tile, left, scale);
}

template <int DK, int DV>
__device__ void load_rows(const AttentionArgs& a, Rows<DK, DV>& r, const std::int64_t (&item)[2]) {
  const int lane = threadIdx.x % kWarp;
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    const bool there = item[row] >= 0;
    r.top[row] = kNone;
    r.sum[row] = 0.0f;
    const bf16* q = static_cast<const bf16*>(a.q) + (there ? item[row] : 0) * DK + lane % 4 * 2;
#pragma unroll
    for (int d = 0; d < DK / 16; ++d)
#pragma unroll
      for (int half = 0; half < 2; ++half)
        r.q[d][half * 2 + row] = there ? *reinterpret_cast<const std::uint32_t*>(q + d * 16 + half * 8) : 0u;
  }
#pragma unroll
  for (int n = 0; n < DV / 8; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i) r.out[n][i] = 0.0f;
}

template <int DK, int DV>
__device__ void store_rows(const AttentionArgs& a, Rows<DK, DV>& r, const std::int64_t (&item)[2]) {
  const int lane = threadIdx.x % kWarp;
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    float sum = r.sum[row];
    for (int offset = 1; offset < 4; offset *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (item[row] < 0) continue;
    bf16* out = static_cast<bf16*>(a.out) + item[row] * DV + lane % 4 * 2;
#pragma unroll
    for (int n = 0; n < DV / 8; ++n)
      *reinterpret_cast<std::uint32_t*>(out + n * 8) = packed(r.out[n][2 * row] / sum, r.out[n][2 * row + 1] / sum);
    if (lane % 4 == 0 && a.lse != nullptr) a.lse[item[row]] = r.top[row] / kLog2E + logf(sum);
  }
}

/// Tokens of a block that see one range: [first, next), and how far they see.
struct Range {
  std::int64_t begin, end, next;
};
__device__ inline Range range_at(const AttentionArgs& a, std::int64_t token, std::int64_t stop) {
  Range range{a.key_begin[token], a.key_end[token], token + 1};
  for (int alike = kWarp; alike == kWarp; range.next += alike) {
    const std::int64_t mine = range.next + threadIdx.x % kWarp;
    const bool same = mine < stop && a.key_begin[mine] == range.begin;
    const unsigned others = ~__ballot_sync(0xffffffffu, same);
    alike = others == 0u ? kWarp : __ffs(static_cast<int>(others)) - 1;
    if (static_cast<int>(threadIdx.x % kWarp) < alike) range.end = max(range.end, a.key_end[mine]);
  }
  for (int offset = kWarp / 2; offset > 0; offset /= 2)
    range.end = max(range.end, __shfl_xor_sync(0xffffffffu, range.end, offset));
  return range;
}

template <int DK, int DV, int Warps>
__global__ void __launch_bounds__(Warps* kWarp) tiles(AttentionArgs a, std::int64_t tokens_per_block) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto* tile = reinterpret_cast<Tile<DK, DV>*>(memory);
  const std::int64_t group = a.heads / a.kv_heads, kv_head = blockIdx.y;
  const std::int64_t start = blockIdx.x * tokens_per_block, stop = min(a.tokens, start + tokens_per_block);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  std::int64_t item[2];  // token * heads + head, or -1
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    const std::int64_t index = warp * kRows + lane / 4 + row * 8, token = start + index / group;
    item[row] = token < stop ? token * a.heads + kv_head * group + index % group : -1;
  }
  Rows<DK, DV> rows;
  load_rows(a, rows, item);
  const float scale = a.scale * kLog2E;
  for (std::int64_t token = start; token < stop;) {
    const Range range = range_at(a, token, stop);
    std::int64_t mine = -1;  // the last key that a row of this warp sees here
    for (int row = 0; row < 2; ++row) {
      const std::int64_t of = item[row] < 0 ? -1 : item[row] / a.heads;
      rows.limit[row] = of >= token && of < range.next ? a.key_end[of] : -1;
      mine = max(mine, rows.limit[row]);
      if (of < 0) rows.limit[row] = range.end + kKeys;  // no row: never the one that needs masks
    }
    for (int offset = kWarp / 2; offset > 0; offset /= 2) mine = max(mine, __shfl_xor_sync(0xffffffffu, mine, offset));
    fetch(a, tile[0], range.begin, range.end, static_cast<int>(kv_head));
    int stage = 0;
    for (std::int64_t first = range.begin; first < range.end; first += kKeys, stage ^= 1) {
      const bool more = first + kKeys < range.end;
      if (more) fetch(a, tile[stage ^ 1], first + kKeys, range.end, static_cast<int>(kv_head));
      more ? wait_copies<1>() : wait_copies<0>();
      __syncthreads();
      if (first < mine) walk(rows, tile[stage], first, scale);
      __syncthreads();
    }
    token = range.next;
  }
  store_rows(a, rows, item);
}

template <int DK, int DV, int Warps>
void launch(const AttentionArgs& a, std::int64_t tokens_per_block, cudaStream_t stream) {
  constexpr int kBytes = kStages * static_cast<int>(sizeof(Tile<DK, DV>));
  static const cudaError_t kAllowed =
      cudaFuncSetAttribute(tiles<DK, DV, Warps>, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (kAllowed != cudaSuccess)
    throw std::runtime_error(std::string("CUDA kernel attention_tiles: ") + cudaGetErrorString(kAllowed));
  const dim3 blocks(blocks_for(a.tokens, tokens_per_block), static_cast<unsigned>(a.kv_heads));
  tiles<DK, DV, Warps><<<blocks, Warps * kWarp, kBytes, stream>>>(a, tokens_per_block);
  check_launch("attention_tiles");
}

constexpr std::int64_t kFewTokens = 1024;  // one token a block: decoding sequences share no keys
constexpr int kManyWarps = 4;

template <int DK, int DV>
bool run(const AttentionArgs& a, cudaStream_t stream) {
  const std::int64_t group = a.heads / a.kv_heads;
  if (a.tokens <= kFewTokens && group <= kRows)
    launch<DK, DV, 1>(a, 1, stream);
  else
    launch<DK, DV, kManyWarps>(a, kManyWarps * kRows / group, stream);
  return true;
}

}  // namespace

bool attention_tiles(const AttentionArgs& a, Stream stream) {
  const bool aligned = a.k_row % 8 == 0 && a.k_head % 8 == 0 && a.v_row % 8 == 0 && a.v_head % 8 == 0 &&
                       wide<bf16>(a.dk, 0, {a.q, a.k, a.v, a.out});
  if (a.dtype != DType::BF16 || a.k_panels || !aligned || a.heads / a.kv_heads > kManyWarps * kRows) return false;
  if (a.tokens == 0) return true;
  cudaStream_t s = native(stream);
  if (a.dk == 64 && a.dv == 64) return run<64, 64>(a, s);
  if (a.dk == 96 && a.dv == 64) return run<96, 64>(a, s);
  if (a.dk == 128 && a.dv == 128) return run<128, 128>(a, s);
  if (a.dk == 192 && a.dv == 128) return run<192, 128>(a, s);
  return false;
}

}  // namespace r1::kernels::cuda
