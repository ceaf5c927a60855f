// Lines, JSONL records and documents over a ByteSource.
#include "r1/data/reader.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/json_record.h"

namespace r1::data {
namespace {

constexpr std::size_t kLineBufferBytes = 1 << 16;
constexpr const char* kBlank = " \t\r\n\v\f";

bool is_blank(const std::string& text) { return text.find_first_not_of(kBlank) == std::string::npos; }

enum class Kind { Text, Jsonl };

Kind kind_of(const std::filesystem::path& file) {
  std::filesystem::path name = file.filename();
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  const std::string extension = name.extension().string();
  if (extension == ".txt") return Kind::Text;
  if (extension == ".jsonl" || extension == ".ndjson") return Kind::Jsonl;
  user_error("{}: unknown kind of document file; known: .txt, .jsonl, .ndjson, each also with .gz or .zst",
             file.string());
}

[[noreturn]] void too_large(const std::filesystem::path& file, std::int64_t line, std::int64_t limit) {
  user_error("{}:{}: document is longer than max_document_bytes = {}; raise it or set `separator`", file.string(), line,
             limit);
}

}  // namespace

void fields(core::FieldVisitor& v, ReaderConfig& c) {
  v("on_bad_line", c.on_bad_line, "error | skip: what a broken JSONL line does (skipped lines are counted)");
  v("text_field", c.text_field, "JSONL: the key that holds a document's text");
  v("separator", c.separator, ".txt: lines equal to this separate documents; empty = one document a file");
  v("max_document_bytes", c.max_document_bytes, "longest line or document accepted");
}

void validate(const ReaderConfig& config) {
  if (config.on_bad_line != "error" && config.on_bad_line != "skip")
    user_error("on_bad_line: \"{}\" is unknown; use error or skip", config.on_bad_line);
  if (config.text_field.empty()) user_error("text_field: must not be empty");
  if (config.max_document_bytes < 1)
    user_error("max_document_bytes: must be at least 1, is {}", config.max_document_bytes);
}

LineReader::LineReader(std::filesystem::path file, std::int64_t max_line_bytes)
    : file_(std::move(file)),
      max_line_bytes_(static_cast<std::size_t>(max_line_bytes)),
      source_(open_bytes(file_)),
      buffer_(kLineBufferBytes) {
  R1_CHECK(max_line_bytes >= 1, "max_line_bytes {}", max_line_bytes);
}

bool LineReader::refill() {
  begin_ = 0;
  end_ = source_->read(buffer_.data(), buffer_.size());
  return end_ > 0;
}

bool LineReader::next(std::string& line) {
  line.clear();
  too_long_ = false;
  if (begin_ == end_ && !refill()) return false;
  ++line_number_;
  for (bool found = false; !found && (begin_ < end_ || refill());) {
    const char* start = buffer_.data() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(start, '\n', end_ - begin_));
    found = newline != nullptr;
    const std::size_t length = found ? static_cast<std::size_t>(newline - start) : end_ - begin_;
    const std::size_t kept = std::min(length, max_line_bytes_ - line.size());
    too_long_ = too_long_ || kept < length;
    line.append(start, kept);
    begin_ += length + (found ? 1 : 0);
  }
  if (line_number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  return true;
}

JsonlReader::JsonlReader(std::filesystem::path file, const ReaderConfig& config)
    : lines_(std::move(file), config.max_document_bytes), skip_bad_(config.on_bad_line == "skip") {
  validate(config);
}

std::string JsonlReader::location() const {
  return fmt::format("{}:{}", lines_.file().filename().string(), lines_.line_number());
}

bool JsonlReader::next(const std::function<void(const std::string& line)>& parse) {
  while (lines_.next(line_)) {
    if (is_blank(line_) && !lines_.too_long()) continue;
    try {
      if (lines_.too_long()) user_error("the line is longer than max_document_bytes");
      parse(line_);
      return true;
    } catch (const UserError& error) {
      if (!skip_bad_) user_error("{}:{}: {}", lines_.file().string(), lines_.line_number(), error.what());
      ++bad_lines_;
    }
  }
  return false;
}

struct DocumentReader::Impl {
  Impl(std::filesystem::path path, const ReaderConfig& reader_config) : file(std::move(path)), config(reader_config) {
    validate(config);
    if (kind_of(file) == Kind::Jsonl)
      records.emplace(file, config);
    else if (!config.separator.empty())
      lines.emplace(file, config.max_document_bytes);
    else
      whole = open_bytes(file);
  }

  bool next_record(Document& document) {
    return records->next([&](const std::string& line) {
      const nlohmann::json record = parse_record(line);
      document.text = r1::data::text_field(record, config.text_field.c_str());
      document.source = optional_text_field(record, "source");
      if (document.source.empty()) document.source = records->location();
      document.language = optional_text_field(record, "language");
    });
  }

  // Lines up to the next separator line, joined by '\n'.
  bool next_separated(Document& document) {
    std::string line;
    bool more = true;
    while (more) {
      document = {};
      while ((more = lines->next(line))) {
        if (lines->too_long()) too_large(file, lines->line_number(), config.max_document_bytes);
        if (line == config.separator || (line.ends_with('\r') && line.substr(0, line.size() - 1) == config.separator))
          break;
        add_line(document, line);
      }
      if (is_blank(document.text)) continue;
      document.text.erase(document.text.find_last_not_of(kBlank) + 1);
      return true;
    }
    return false;
  }

  void add_line(Document& document, const std::string& line) {
    if (document.text.empty()) {
      if (is_blank(line)) return;
      document.source = fmt::format("{}:{}", file.filename().string(), lines->line_number());
    } else {
      document.text += '\n';
    }
    document.text += line;
    if (static_cast<std::int64_t>(document.text.size()) > config.max_document_bytes)
      too_large(file, lines->line_number(), config.max_document_bytes);
  }

  bool next_whole(Document& document) {
    if (whole == nullptr) return false;
    document = {};
    std::vector<char> buffer(kLineBufferBytes);
    while (const std::size_t got = whole->read(buffer.data(), buffer.size())) {
      document.text.append(buffer.data(), got);
      if (static_cast<std::int64_t>(document.text.size()) > config.max_document_bytes)
        too_large(file, 1, config.max_document_bytes);
    }
    whole.reset();
    if (document.text.starts_with("\xEF\xBB\xBF")) document.text.erase(0, 3);
    document.source = file.filename().string() + ":1";
    return !is_blank(document.text);
  }

  std::filesystem::path file;
  ReaderConfig config;
  std::optional<JsonlReader> records;  // exactly one of these three
  std::optional<LineReader> lines;
  std::unique_ptr<ByteSource> whole;
};

DocumentReader::DocumentReader(std::filesystem::path file, const ReaderConfig& config)
    : impl_(std::make_unique<Impl>(std::move(file), config)) {}
DocumentReader::~DocumentReader() = default;
DocumentReader::DocumentReader(DocumentReader&&) noexcept = default;
DocumentReader& DocumentReader::operator=(DocumentReader&&) noexcept = default;

bool DocumentReader::next(Document& document) {
  if (impl_->records) return impl_->next_record(document);
  return impl_->lines ? impl_->next_separated(document) : impl_->next_whole(document);
}

std::int64_t DocumentReader::bad_lines() const { return impl_->records ? impl_->records->bad_lines() : 0; }

std::int64_t for_each_document(std::span<const std::filesystem::path> files, const ReaderConfig& config,
                               const std::function<void(Document& document)>& take) {
  std::int64_t bad_lines = 0;
  for (const auto& file : files) {
    DocumentReader reader(file, config);
    for (Document document; reader.next(document);) take(document);
    bad_lines += reader.bad_lines();
  }
  return bad_lines;
}

std::string to_json_line(const Document& document) {
  nlohmann::ordered_json record;
  record["text"] = document.text;
  if (!document.source.empty()) record["source"] = document.source;
  if (!document.language.empty()) record["language"] = document.language;
  return dump_record(record);
}

void write_documents(const std::filesystem::path& file, std::span<const Document> documents) {
  std::string bytes;
  for (const Document& document : documents) bytes += to_json_line(document) + "\n";
  core::write_file_atomic(file, bytes);
}

}  // namespace r1::data
