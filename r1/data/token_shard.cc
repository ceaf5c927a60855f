// Token shards: writing, mapping, checking. Numbers are copied in and out with memcpy: nothing depends on alignment.
#include "r1/data/token_shard.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/hash.h"

namespace r1::data {
namespace {

static_assert(std::endian::native == std::endian::little, "token shards are little-endian and are mapped as they are");

constexpr std::string_view kMagic = "R1TOKENS";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHashAt = 40;
constexpr std::size_t kHeaderHashAt = 72;
constexpr std::size_t kHeaderBytes = 80;

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

std::size_t token_bytes_for(std::int64_t vocab_size) { return vocab_size <= 65536 ? 2 : 4; }

std::size_t round_up_8(std::size_t size) { return (size + 7) / 8 * 8; }

}  // namespace

TokenShardWriter::TokenShardWriter(std::int64_t vocab_size, std::optional<std::int32_t> eos_id)
    : vocab_size_(vocab_size), eos_id_(eos_id), token_bytes_(token_bytes_for(vocab_size)) {
  R1_CHECK(vocab_size >= 1 && vocab_size <= std::numeric_limits<std::int32_t>::max(), "vocab_size {}", vocab_size);
  R1_CHECK(!eos_id || (*eos_id >= 0 && *eos_id < vocab_size), "eos_id {} with vocab_size {}", *eos_id, vocab_size);
}

void TokenShardWriter::put(std::int32_t id, bool is_target) {
  tokens_.append(reinterpret_cast<const char*>(&id), token_bytes_);  // little-endian: the low bytes come first
  if (num_put_ % 8 == 0) mask_bits_.push_back(0);
  if (is_target)
    mask_bits_.back() = static_cast<std::uint8_t>(mask_bits_.back() | (1u << (num_put_ % 8)));
  else
    has_mask_ = true;
  ++num_put_;
}

void TokenShardWriter::add(std::span<const std::int32_t> ids, std::span<const std::uint8_t> is_target) {
  R1_CHECK(!ids.empty() || eos_id_, "a document without tokens");
  R1_CHECK(is_target.empty() || is_target.size() == ids.size(), "mask of {} for {} tokens", is_target.size(),
           ids.size());
  for (const std::int32_t id : ids)
    R1_CHECK(id >= 0 && id < vocab_size_, "token {} is outside the vocabulary of {}", id, vocab_size_);
  for (std::size_t t = 0; t < ids.size(); ++t) put(ids[t], is_target.empty() || is_target[t] != 0);
  if (eos_id_) put(*eos_id_, true);
  offsets_.push_back(num_put_);
}

void TokenShardWriter::write(const std::filesystem::path& file) const {
  std::string bytes(kMagic);
  append(bytes, kVersion);
  append(bytes, static_cast<std::uint32_t>(token_bytes_));
  append(bytes, num_put_);
  append(bytes, static_cast<std::uint64_t>(num_documents()));
  append(bytes, static_cast<std::uint32_t>(vocab_size_));
  append(bytes, static_cast<std::uint32_t>(has_mask_));
  bytes.resize(kHeaderBytes);
  bytes += tokens_;
  bytes.resize(kHeaderBytes + round_up_8(tokens_.size()));
  bytes.append(reinterpret_cast<const char*>(offsets_.data()), offsets_.size() * sizeof(std::uint64_t));
  if (has_mask_) bytes.append(reinterpret_cast<const char*>(mask_bits_.data()), mask_bits_.size());

  bytes.replace(kHashAt, kHeaderHashAt - kHashAt, core::hash_hex(std::string_view(bytes).substr(kHeaderBytes)));
  const std::uint64_t header_hash = core::hash64(std::string_view(bytes).substr(0, kHeaderHashAt));
  std::memcpy(bytes.data() + kHeaderHashAt, &header_hash, sizeof(header_hash));
  core::write_file_atomic(file, bytes);
}

TokenShard::TokenShard(const std::filesystem::path& file) {
  map(file);
  try {
    read_header(file);
    check_body(file);
  } catch (...) {
    close();
    throw;
  }
}

TokenShard::~TokenShard() { close(); }

TokenShard::TokenShard(TokenShard&& other) noexcept { *this = std::move(other); }

TokenShard& TokenShard::operator=(TokenShard&& other) noexcept {
  if (this == &other) return *this;
  close();
  bytes_ = std::exchange(other.bytes_, {});
  hash_ = std::exchange(other.hash_, {});
  num_tokens_ = std::exchange(other.num_tokens_, 0);
  num_documents_ = std::exchange(other.num_documents_, 0);
  vocab_size_ = std::exchange(other.vocab_size_, 0);
  token_bytes_ = std::exchange(other.token_bytes_, 0);
  tokens_ = std::exchange(other.tokens_, nullptr);
  offsets_ = std::exchange(other.offsets_, nullptr);
  mask_ = std::exchange(other.mask_, nullptr);
  return *this;
}

void TokenShard::close() noexcept {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  bytes_ = {};
}

void TokenShard::map(const std::filesystem::path& file) {
  const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) user_error("{}: cannot be opened: {}", file.string(), std::strerror(errno));
  struct stat info{};
  const bool regular = fstat(handle, &info) == 0 && S_ISREG(info.st_mode);
  const auto size = static_cast<std::size_t>(regular ? info.st_size : 0);
  void* at = size >= kHeaderBytes ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, handle, 0) : MAP_FAILED;
  const int reason = errno;
  ::close(handle);
  if (!regular || size < kHeaderBytes) user_error("{}: no token shard (shorter than its header)", file.string());
  if (at == MAP_FAILED) user_error("{}: cannot be mapped: {}", file.string(), std::strerror(reason));
  bytes_ = {static_cast<const char*>(at), size};
}

void TokenShard::read_header(const std::filesystem::path& file) {
  const char* head = bytes_.data();
  if (!bytes_.starts_with(kMagic)) user_error("{}: no token shard (it does not begin with {})", file.string(), kMagic);
  const auto version = load<std::uint32_t>(head + 8);
  if (version != kVersion)
    user_error("{}: token shard of version {}, this program reads {}; make it again", file.string(), version, kVersion);
  if (load<std::uint64_t>(head + kHeaderHashAt) != core::hash64(bytes_.substr(0, kHeaderHashAt)))
    user_error("{}: damaged token shard (header); make it again", file.string());

  token_bytes_ = load<std::uint32_t>(head + 12);
  const auto num_tokens = load<std::uint64_t>(head + 16);
  const auto num_documents = load<std::uint64_t>(head + 24);
  vocab_size_ = load<std::uint32_t>(head + 32);
  const auto has_mask = load<std::uint32_t>(head + 36);
  hash_.assign(head + kHashAt, kHeaderHashAt - kHashAt);
  // Counts are held against the file's size first, so that no product below can overflow.
  const bool plausible = (token_bytes_ == 2 || token_bytes_ == 4) && has_mask <= 1 && vocab_size_ >= 1 &&
                         num_tokens <= bytes_.size() && num_documents <= num_tokens;
  const std::size_t offsets_at = kHeaderBytes + (plausible ? round_up_8(num_tokens * token_bytes_) : 0);
  const std::size_t mask_at = offsets_at + (plausible ? (num_documents + 1) * sizeof(std::uint64_t) : 0);
  const std::size_t expected = mask_at + (has_mask == 1 ? (num_tokens + 7) / 8 : 0);
  if (!plausible || expected != bytes_.size())
    user_error("{}: damaged token shard ({} bytes where its header says {}; truncated?); make it again", file.string(),
               bytes_.size(), plausible ? std::to_string(expected) : "nonsense");
  num_tokens_ = static_cast<std::int64_t>(num_tokens);
  num_documents_ = static_cast<std::int64_t>(num_documents);
  tokens_ = head + kHeaderBytes;
  offsets_ = head + offsets_at;
  mask_ = has_mask == 1 ? head + mask_at : nullptr;
}

void TokenShard::check_body(const std::filesystem::path& file) const {
  if (core::hash_hex(bytes_.substr(kHeaderBytes)) != hash_)
    user_error("{}: damaged token shard (its content does not have the hash it was written with); make it again",
               file.string());
  const auto offset = [&](std::int64_t i) { return load<std::uint64_t>(offsets_ + i * 8); };
  bool sound = offset(0) == 0 && offset(num_documents_) == static_cast<std::uint64_t>(num_tokens_);
  for (std::int64_t i = 0; i < num_documents_ && sound; ++i) sound = offset(i) < offset(i + 1);
  if (!sound) user_error("{}: token shard whose document offsets do not ascend; make it again", file.string());
  for (std::int64_t t = 0; t < num_tokens_; ++t) {
    const std::uint32_t id =
        token_bytes_ == 2 ? load<std::uint16_t>(tokens_ + t * 2) : load<std::uint32_t>(tokens_ + t * 4);
    if (id >= static_cast<std::uint64_t>(vocab_size_))
      user_error("{}: token shard with id {} outside its vocabulary of {}; make it again", file.string(), id,
                 vocab_size_);
  }
}

std::int64_t TokenShard::document_begin(std::int64_t index) const {
  R1_CHECK(index >= 0 && index <= num_documents_, "document {} of {}", index, num_documents_);
  return load<std::int64_t>(offsets_ + index * 8);
}

void TokenShard::copy_tokens(std::int64_t begin, std::span<std::int32_t> out) const {
  const auto count = static_cast<std::int64_t>(out.size());
  R1_CHECK(begin >= 0 && begin <= num_tokens_ && count <= num_tokens_ - begin, "tokens {} + {} of {}", begin, count,
           num_tokens_);
  if (token_bytes_ == 4) {
    if (count > 0) std::memcpy(out.data(), tokens_ + begin * 4, out.size_bytes());
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) out[i] = load<std::uint16_t>(tokens_ + (begin + i) * 2);
}

bool TokenShard::is_target(std::int64_t position) const {
  R1_CHECK(position >= 0 && position < num_tokens_, "token {} of {}", position, num_tokens_);
  if (mask_ == nullptr) return true;
  return (static_cast<unsigned char>(mask_[position / 8]) >> (position % 8)) & 1u;
}

}  // namespace r1::data
