// Decisions of a reviewer come back to the records they were made on; the page holds every text, harmless.
#include "r1/pipeline/stages/review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/pipeline/page/review_page.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

SftRecord record(const std::string& id, const std::string& completion) {
  return {.id = id,
          .prompt = "1+1=?\n",
          .completion = completion,
          .source = "zero",
          .problem = "p",
          .domain = "maths",
          .language = "en"};
}

class ReviewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              (std::string("r1_review_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    records_ = {record("zero/p/0", "two"), record("zero/p/1", "three"), record("zero/p/2", "tw"),
                record("zero/p/3", "2")};
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string error_of(const std::string& lines) {
    core::write_file_atomic(folder_ / "decisions.jsonl", lines);
    try {
      apply_review(folder_ / "decisions.jsonl", records_);
    } catch (const UserError& e) {
      return e.what();
    }
    return "nothing thrown";
  }

  fs::path folder_;
  std::vector<SftRecord> records_;
};

TEST_F(ReviewTest, DecisionsAreApplied) {
  core::write_file_atomic(folder_ / "decisions.jsonl",
                          R"({"id":"zero/p/2","decision":"edit","completion":"two\nindeed"})"
                          "\n\n"
                          R"({"id":"zero/p/1","decision":"reject","completion":"three"})"
                          "\n"
                          R"({"id":"zero/p/0","decision":"accept"})");
  const ReviewCounts counts = apply_review(folder_ / "decisions.jsonl", records_);
  EXPECT_EQ(counts.accepted, 2);  // one of them without a decision
  EXPECT_EQ(counts.edited, 1);
  EXPECT_EQ(counts.rejected, 1);
  ASSERT_EQ(records_.size(), 3U);
  EXPECT_EQ(records_[0].completion, "two");
  EXPECT_EQ(records_[1].id, "zero/p/2");
  EXPECT_EQ(records_[1].completion, "two\nindeed");
  EXPECT_EQ(records_[2].completion, "2");
}

TEST_F(ReviewTest, BrokenDecisionsAreNamedWithFileAndLine) {
  const std::string good = R"({"id":"zero/p/0","decision":"accept","completion":"two"})";
  EXPECT_THAT(error_of(good + "\n{"), AllOf(HasSubstr("decisions.jsonl:2: "), HasSubstr("no JSON object")));
  EXPECT_THAT(error_of(R"({"id":"zero/q/0","decision":"accept"})"), HasSubstr(":1: there is no example \"zero/q/0\""));
  EXPECT_THAT(error_of(R"({"id":"zero/p/0","decision":"maybe"})"), HasSubstr("\"maybe\" is none of"));
  EXPECT_THAT(error_of(R"({"decision":"accept"})"), HasSubstr("\"id\" must be a text"));
  EXPECT_THAT(error_of(R"({"id":"zero/p/0","decision":"edit"})"), HasSubstr("\"completion\" must be a text"));
  EXPECT_THAT(error_of(R"({"id":"zero/p/0","decision":"edit","completion":""})"), HasSubstr("is empty"));
  EXPECT_THAT(error_of(good + "\n" + good), HasSubstr(":2: \"zero/p/0\" was decided on above"));
  EXPECT_EQ(records_.size(), 4U);  // nothing was applied
}

TEST_F(ReviewTest, DecisionsOnAnotherRunsTextsAreRefused) {
  EXPECT_THAT(error_of(R"({"id":"zero/p/0","decision":"reject","completion":"2 of another run"})"),
              HasSubstr("another completion in this run"));
}

TEST_F(ReviewTest, BytesThatAreNoTextComeBackAsTheyWere) {
  records_[0].completion = "two\xff";
  core::write_file_atomic(folder_ / "decisions.jsonl",
                          "{\"id\":\"zero/p/0\",\"decision\":\"accept\",\"completion\":\"two\xEF\xBF\xBD\"}\n");
  apply_review(folder_ / "decisions.jsonl", records_);
  EXPECT_EQ(records_[0].completion, "two\xff");
}

TEST_F(ReviewTest, ThePageHoldsTheRecordsAsJson) {
  records_[1].completion = "</script><script>alert(1)</script><!-- \"quoted\" \\ 你好";
  write_review(records_, "Cold <start>", folder_);
  EXPECT_EQ(read_records(folder_ / "review.jsonl").size(), 4U);
  const std::string html = core::read_file(folder_ / "review.html");
  const std::string open = "<script type=\"application/json\" id=\"examples\">";
  const std::size_t begin = html.find(open) + open.size(), end = html.find("</script>", begin);
  const Json examples = Json::parse(html.substr(begin, end - begin));
  ASSERT_EQ(examples.size(), 4U);
  EXPECT_EQ(examples[1]["completion"], records_[1].completion);
  EXPECT_EQ(examples[1]["source"], "zero");
  EXPECT_THAT(html, AllOf(HasSubstr("Cold &lt;start&gt;"), Not(HasSubstr("<script>alert")), Not(HasSubstr("http")),
                          Not(HasSubstr("src="))));
}

TEST_F(ReviewTest, OtherExamplesAreKeptApartInTheBrowser) {
  const auto key = [](const std::string& html) {
    const std::size_t begin = html.find("data-key=");
    return html.substr(begin, html.find('>', begin) - begin);
  };
  const std::string before = key(review_html(records_, "t"));
  EXPECT_EQ(before, key(review_html(records_, "t")));
  records_[2].completion = "other";
  EXPECT_NE(before, key(review_html(records_, "t")));
}

TEST_F(ReviewTest, TwoExamplesOfOneNameAreRefused) {
  records_.push_back(records_[0]);
  EXPECT_THROW(write_review(records_, "t", folder_), UserError);
}

}  // namespace
}  // namespace r1::pipeline
