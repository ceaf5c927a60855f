// Streaming readers: lines of any text file, records of a JSONL file, documents of .txt and .jsonl files; each also .gz
// and .zst (byte_source.h). Memory is bounded by one document. A broken record is an error that names file and line,
// unless the caller's setting says to skip it; then it is counted. Not here: Parquet and Arrow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/byte_source.h"
#include "r1/data/document.h"

namespace r1::data {

inline constexpr std::int64_t kMaxDocumentBytes = std::int64_t{256} << 20;

struct ReaderConfig {
  std::string on_bad_line = "error";  // error | skip: what a broken JSONL line does; skipped lines are counted
  std::string text_field = "text";  // JSONL: the key that holds a document's text
  std::string separator;  // .txt: documents are separated by lines equal to this; empty = one file, one document
  std::int64_t max_document_bytes = kMaxDocumentBytes;  // longest line or document accepted
};
void fields(core::FieldVisitor& v, ReaderConfig& c);
/// UserError when a value is outside its range.
void validate(const ReaderConfig& config);

/// Lines without their '\n' (a '\r' stays; a UTF-8 byte order mark at the start of the file is dropped).
class LineReader {
 public:
  explicit LineReader(std::filesystem::path file, std::int64_t max_line_bytes = kMaxDocumentBytes);

  /// False at the end of the file. A last line without '\n' counts. Damaged compression is a UserError.
  bool next(std::string& line);
  /// 1-based number of the line returned last.
  std::int64_t line_number() const { return line_number_; }
  /// The line returned last was longer than max_line_bytes; only its beginning was kept.
  bool too_long() const { return too_long_; }
  const std::filesystem::path& file() const { return file_; }

 private:
  bool refill();

  std::filesystem::path file_;
  std::size_t max_line_bytes_;
  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::int64_t line_number_ = 0;
  bool too_long_ = false;
};

/// The records of a JSONL file; blank lines are passed over.
class JsonlReader {
 public:
  JsonlReader(std::filesystem::path file, const ReaderConfig& config);

  /// Hands the next good line to `parse`, which throws UserError (without a location) on a broken record: rethrown here
  /// as "file:line: ..." or, with on_bad_line: skip, counted. False at the end of the file.
  bool next(const std::function<void(const std::string& line)>& parse);
  std::int64_t line_number() const { return lines_.line_number(); }
  /// "file name:line" of the record handed out last: the same wherever the folder lies.
  std::string location() const;
  /// Broken lines skipped so far.
  std::int64_t bad_lines() const { return bad_lines_; }

 private:
  LineReader lines_;
  bool skip_bad_;
  std::string line_;
  std::int64_t bad_lines_ = 0;
};

/// The documents of one file; its kind is told by the extension before .gz / .zst: .txt, .jsonl or .ndjson.
class DocumentReader {
 public:
  DocumentReader(std::filesystem::path file, const ReaderConfig& config);
  ~DocumentReader();
  DocumentReader(DocumentReader&&) noexcept;
  DocumentReader& operator=(DocumentReader&&) noexcept;

  /// False at the end. Blank .txt documents are passed over; a JSONL record without its text is a broken line.
  bool next(Document& document);
  std::int64_t bad_lines() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Every document of the files, in order. Returns the number of broken lines skipped.
std::int64_t for_each_document(std::span<const std::filesystem::path> files, const ReaderConfig& config,
                               const std::function<void(Document& document)>& take);

/// One JSON object a line, atomically.
void write_documents(const std::filesystem::path& file, std::span<const Document> documents);

}  // namespace r1::data
