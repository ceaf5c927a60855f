// The keys of one architecture in a GGUF file: "llama.block_count" for "block_count". Numbers that a file holds as
// float32 become the shortest decimal that gives that float32, so that 1e-5 is 1e-5 again. It knows no key's meaning.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "r1/weights/gguf_metadata.h"

namespace r1::model {

/// The decimal with the fewest digits that rounds to the same float32, if `widened` is one; else `widened`.
double shortest_decimal(double widened);

class GgufSection {
 public:
  GgufSection(const weights::GgufMetadata& metadata, std::string architecture)
      : metadata_(metadata), prefix_(std::move(architecture) + ".") {}

  bool has(const std::string& key) const { return metadata_.contains(prefix_ + key); }
  std::string name(const std::string& key) const { return prefix_ + key; }
  // UserError, each, when there is no value, nor another to take, or none of its kind.
  std::int64_t integer(const std::string& key) const { return metadata_.integer(prefix_ + key); }
  std::int64_t integer(const std::string& key, std::int64_t otherwise) const {
    return has(key) ? integer(key) : otherwise;
  }
  double number(const std::string& key) const { return shortest_decimal(metadata_.number(prefix_ + key)); }
  double number(const std::string& key, double otherwise) const { return has(key) ? number(key) : otherwise; }
  bool boolean(const std::string& key, bool otherwise) const {
    return has(key) ? metadata_.boolean(prefix_ + key) : otherwise;
  }
  std::string text(const std::string& key, const std::string& otherwise) const {
    return has(key) ? metadata_.text(prefix_ + key) : otherwise;
  }

 private:
  const weights::GgufMetadata& metadata_;
  std::string prefix_;
};

/// Sets keys of one architecture.
class GgufSectionWriter {
 public:
  GgufSectionWriter(weights::GgufMetadata& metadata, std::string architecture)
      : metadata_(metadata), prefix_(std::move(architecture) + ".") {}

  /// A u32. UserError when it is none.
  void integer(const std::string& key, std::int64_t value);
  void number(const std::string& key, double value) { metadata_.set(prefix_ + key, static_cast<float>(value)); }
  void boolean(const std::string& key, bool value) { metadata_.set(prefix_ + key, value); }
  void text(const std::string& key, const std::string& value) { metadata_.set(prefix_ + key, value); }

 private:
  weights::GgufMetadata& metadata_;
  std::string prefix_;
};

}  // namespace r1::model
