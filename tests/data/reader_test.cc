// Lines, JSONL records, documents: order, limits, broken lines, separators.
#include "r1/data/reader.h"

#include <gmock/gmock.h>

#include "tests/data/test_files.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReaderTest : public TempFolder {
 protected:
  static std::vector<std::string> lines_of(const std::filesystem::path& file, std::int64_t limit = kMaxDocumentBytes) {
    LineReader reader(file, limit);
    std::vector<std::string> lines;
    for (std::string line; reader.next(line);) lines.push_back(reader.too_long() ? line + "..." : line);
    return lines;
  }
  static std::vector<std::string> texts_of(const std::filesystem::path& file, const ReaderConfig& config = {}) {
    std::vector<std::string> texts;
    for_each_document(std::vector{file}, config, [&](Document& d) { texts.push_back(d.source + "|" + d.text); });
    return texts;
  }
};

TEST_F(ReaderTest, LinesKeepEmptyOnesAndAnUnfinishedLast) {
  EXPECT_THAT(lines_of(write("a.txt", "one\n\ntwo\r\nthree")), ElementsAre("one", "", "two\r", "three"));
  EXPECT_THAT(lines_of(write("b.txt", "\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo\n")), ElementsAre("one", "\xEF\xBB\xBFtwo"));
  EXPECT_THAT(lines_of(write("c.txt", "")), ElementsAre());
  EXPECT_THAT(lines_of(write("d.txt", std::string("a\0b\nc", 5))), ElementsAre(std::string("a\0b", 3), "c"));
}

TEST_F(ReaderTest, LinesLongerThanTheBufferAndThanTheLimit) {
  const std::string big(300000, 'x');
  EXPECT_THAT(lines_of(write("a.txt.gz", gzip("first\n" + big + "\nlast\n"))), ElementsAre("first", big, "last"));
  EXPECT_THAT(lines_of(write("b.txt", "ab\nabc\nabcd\nz\n"), 3), ElementsAre("ab", "abc", "abc...", "z"));
  const std::string exact((1 << 16) - 1, 'y');  // '\n' is the last byte of the buffer
  EXPECT_THAT(lines_of(write("c.txt", exact + "\n\nend")), ElementsAre(exact, "", "end"));
}

TEST_F(ReaderTest, JsonlDocumentsWithSourceAndLanguage) {
  const auto file =
      write("a.jsonl.zst", zstd("{\"text\":\"h\\u00e9\",\"language\":\"fr\"}\n \n{\"text\":\"b\",\"source\":\"s\"}"));
  std::vector<Document> documents;
  EXPECT_EQ(for_each_document(std::vector{file}, {}, [&](Document& d) { documents.push_back(d); }), 0);
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(documents[0].text, "h\xC3\xA9");
  EXPECT_EQ(documents[0].language, "fr");
  EXPECT_EQ(documents[0].source, "a.jsonl.zst:1");
  EXPECT_EQ(documents[1].source, "s");
  EXPECT_EQ(documents[1].language, "");
  ReaderConfig other;
  other.text_field = "source";
  EXPECT_THAT(user_error_of([&] { texts_of(file, other); }), HasSubstr("a.jsonl.zst:1: key \"source\" is missing"));
}

TEST_F(ReaderTest, BrokenLinesAreErrorsWithFileAndLine) {
  const auto message = [&](const std::string& bad) {
    return user_error_of(
        [&] { texts_of(write("bad.jsonl", "{\"text\":\"ok\"}\n\n" + bad + "\n{\"text\":\"ok\"}\n")); });
  };
  EXPECT_THAT(message("{\"text\":\"cut"), HasSubstr(folder_.string() + "/bad.jsonl:3: not valid JSON"));
  EXPECT_THAT(message("[1]"), HasSubstr("bad.jsonl:3: a JSON object is expected, this is array"));
  EXPECT_THAT(message("{\"text\":7}"), HasSubstr("bad.jsonl:3: \"text\" must be a text, is number"));
  EXPECT_THAT(message("{\"text\":\"\xC3\x28\"}"), HasSubstr("bad.jsonl:3: not valid JSON"));
  EXPECT_THAT(message("{\"text\":\"a\"} {}"), HasSubstr("bad.jsonl:3: not valid JSON"));
  EXPECT_THAT(message("{\"n\":1e999}"), HasSubstr("bad.jsonl:3: not valid JSON"));
  EXPECT_THAT(message(std::string(200000, '[')), HasSubstr("bad.jsonl:3: not valid JSON"));
}

TEST_F(ReaderTest, BrokenLinesAreSkippedAndCountedOnRequest) {
  ReaderConfig config;
  config.on_bad_line = "skip";
  config.max_document_bytes = 30;
  const std::string too_long = "{\"text\":\"" + std::string(100, 'x') + "\"}";
  const auto file = write("a.jsonl", "{\"text\":\"1\"}\nnonsense\n" + too_long + "\n{}\n{\"text\":\"2\"}\n");
  DocumentReader reader(file, config);
  Document document;
  ASSERT_TRUE(reader.next(document));
  EXPECT_EQ(document.text, "1");
  EXPECT_EQ(reader.bad_lines(), 0);
  ASSERT_TRUE(reader.next(document));
  EXPECT_EQ(document.text, "2");
  EXPECT_EQ(document.source, "a.jsonl:5");
  EXPECT_FALSE(reader.next(document));
  EXPECT_EQ(reader.bad_lines(), 3);
}

TEST_F(ReaderTest, SkippingBrokenLinesDoesNotHideATruncatedFile) {
  ReaderConfig config;
  config.on_bad_line = "skip";
  const std::string whole = gzip("{\"text\":\"1\"}\n{\"text\":\"2\"}\n");
  const auto file = write("a.jsonl.gz", whole.substr(0, whole.size() - 5));
  EXPECT_THAT(user_error_of([&] { texts_of(file, config); }), HasSubstr("a.jsonl.gz: the gzip stream ends too early"));
}

TEST_F(ReaderTest, TextFilesAreOneDocumentOrSeparated) {
  const std::string text = "\nAlpha\n\n  beta\n<|doc|>\n\n<|doc|>\r\n<|doc|>x\ngamma\n\n";
  const auto file = write("book.txt", text);
  EXPECT_THAT(texts_of(file), ElementsAre("book.txt:1|" + text));
  ReaderConfig config;
  config.separator = "<|doc|>";
  EXPECT_THAT(texts_of(file, config), ElementsAre("book.txt:2|Alpha\n\n  beta", "book.txt:8|<|doc|>x\ngamma"));
  EXPECT_THAT(texts_of(write("blank.txt", " \n\n")), ElementsAre());
  config.max_document_bytes = 10;
  EXPECT_THAT(user_error_of([&] { texts_of(file, config); }), HasSubstr("book.txt:4: document is longer"));
  config.separator.clear();
  EXPECT_THAT(user_error_of([&] { texts_of(file, config); }), HasSubstr("max_document_bytes = 10"));
}

TEST_F(ReaderTest, UnknownKindsAndSettingsAreErrors) {
  EXPECT_THAT(user_error_of([&] { texts_of(write("a.pdf", "x")); }), HasSubstr("a.pdf: unknown kind"));
  EXPECT_THAT(user_error_of([&] { texts_of(write("a.gz", gzip("x"))); }), HasSubstr("a.gz: unknown kind"));
  ReaderConfig config;
  config.on_bad_line = "ignore";
  EXPECT_THAT(user_error_of([&] { texts_of(write("a.jsonl", ""), config); }), HasSubstr("on_bad_line: \"ignore\""));
}

TEST_F(ReaderTest, ConfigLoadsFromYaml) {
  ReaderConfig config;
  core::load_config_text("on_bad_line: skip\nseparator: '---'\nmax_document_bytes: 5\n", "r.yaml", {}, config);
  EXPECT_EQ(config.on_bad_line, "skip");
  EXPECT_EQ(config.separator, "---");
  EXPECT_EQ(config.max_document_bytes, 5);
}

TEST_F(ReaderTest, WrittenDocumentsReadBack) {
  const std::vector<Document> documents = {{"a \"quoted\"\nline \xE4\xBD\xA0", "here:1", "zh"},
                                           {"plain", "x.txt:3", ""}};
  write_documents(folder_ / "out.jsonl", documents);
  std::vector<Document> back;
  for_each_document(std::vector{folder_ / "out.jsonl"}, {}, [&](Document& d) { back.push_back(d); });
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].text, documents[0].text);
  EXPECT_EQ(back[0].language, "zh");
  EXPECT_EQ(back[1].source, "x.txt:3");
  const std::vector<Document> broken = {{"\xFF", "", ""}};
  EXPECT_THAT(user_error_of([&] { write_documents(folder_ / "bad.jsonl", broken); }), HasSubstr("not valid UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "bad.jsonl"));
}

TEST_F(ReaderTest, RealBookSplitsIntoItsDocuments) {
  const auto folder = real_data("openstax_ccby");
  R1_SKIP_WITHOUT(folder);
  ReaderConfig config;
  config.separator = "<|doc|>";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("physics")) continue;
    EXPECT_EQ(texts_of(entry.path(), config).size(), 99u);
    return;
  }
  FAIL() << "no physics book in " << folder;
}

}  // namespace
}  // namespace r1::data
