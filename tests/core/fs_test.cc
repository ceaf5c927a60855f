// Reads and atomic writes, above all what is left behind when a write fails: full device (/dev/full), file size limit,
// an exception half-way, leftovers of a killed run. What a power cut leaves can't be tested here.
#include "r1/core/fs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>

#include "r1/core/error.h"

namespace r1::core {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FsTest : public testing::Test {
 protected:
  FsTest() {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~FsTest() override { fs::remove_all(root_); }

  /// Every file below the test's folder with its content, folders as "name/".
  std::map<std::string, std::string> tree() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      const std::string name = entry.path().lexically_relative(root_).string();
      found[name + (entry.is_directory() ? "/" : "")] = entry.is_regular_file() ? read_file(entry.path()) : "";
    }
    return found;
  }

  template <class Work>
  static std::string message_of(const Work& work) {
    try {
      work();
    } catch (const UserError& e) {
      return e.what();
    }
    return "nothing was thrown";
  }

  const fs::path root_ = fs::path(testing::TempDir()) / ("fs_test_" + std::to_string(getpid()));
};

using Tree = std::map<std::string, std::string>;

TEST_F(FsTest, WritesAndReadsAnyBytesAndMakesParents) {
  std::string bytes(300000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  write_file_atomic(root_ / "a/b/c.bin", bytes);
  EXPECT_EQ(tree(), (Tree{{"a/", ""}, {"a/b/", ""}, {"a/b/c.bin", bytes}}));
  write_file_atomic(root_ / "a/b/c.bin", "");
  EXPECT_EQ(read_file(root_ / "a/b/c.bin"), "");
}

TEST_F(FsTest, ReadsFilesThatDoNotKnowTheirSize) { EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("VmRSS")); }

TEST_F(FsTest, NamesThePathAndTheReason) {
  const fs::path missing = root_ / "none.txt";
  EXPECT_EQ(message_of([&] { read_file(missing); }), "can't read " + missing.string() + ": No such file or directory");
  EXPECT_THAT(message_of([&] { read_file(root_); }), HasSubstr("Is a directory"));
  write_file_atomic(root_ / "file", "x");
  EXPECT_THAT(message_of([&] { write_file_atomic(root_ / "file/below", "x"); }), HasSubstr("Not a directory"));
}

TEST_F(FsTest, AFullDiskLeavesTheOldFileAndNothingElse) {
  write_file_atomic(root_ / "file", "old");
  fs::create_symlink("/dev/full", root_ / "file.partial");  // every write to it fails with ENOSPC
  EXPECT_EQ(message_of([&] { write_file_atomic(root_ / "file", "new"); }),
            "can't write " + (root_ / "file").string() + ": No space left on device");
  EXPECT_EQ(tree(), (Tree{{"file", "old"}}));
  EXPECT_THAT(message_of([&] { append_file("/dev/full", "line\n"); }), HasSubstr("No space left on device"));
}

/// Runs `work` where no file may grow beyond `bytes` (a write past it is cut short, then fails with EFBIG).
template <class Work>
void with_file_size_limit(rlim_t bytes, const Work& work) {
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{bytes, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  work();
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, old_handler);
}

TEST_F(FsTest, AWriteCutShortLeavesNoHalf) {
  write_file_atomic(root_ / "file", "old");
  append_file(root_ / "log", "first\n");
  const std::string big(5000, 'x');
  std::string atomic, append, directory;
  with_file_size_limit(1000, [&] {
    atomic = message_of([&] { write_file_atomic(root_ / "file", big); });
    append = message_of([&] { append_file(root_ / "log", big); });
    directory = message_of([&] {
      write_directory_atomic(root_ / "dir", [&](const fs::path& at) { write_file_atomic(at / "file", big); });
    });
  });
  for (const std::string& message : {atomic, append, directory}) EXPECT_THAT(message, HasSubstr("File too large"));
  EXPECT_EQ(tree(), (Tree{{"file", "old"}, {"log", "first\n"}}));
}

TEST_F(FsTest, AppendsAndTruncates) {
  append_file(root_ / "sub/log", "one\n");
  append_file(root_ / "sub/log", "two\n");
  EXPECT_EQ(read_file(root_ / "sub/log"), "one\ntwo\n");
  truncate_file(root_ / "sub/log", 4);
  EXPECT_EQ(read_file(root_ / "sub/log"), "one\n");
  EXPECT_THAT(message_of([&] { truncate_file(root_ / "sub/log", 5); }), HasSubstr("it holds only 4"));
  EXPECT_EQ(read_file(root_ / "sub/log"), "one\n");
  EXPECT_THAT(message_of([&] { truncate_file(root_ / "none", 0); }), HasSubstr("No such file"));
  EXPECT_FALSE(fs::exists(root_ / "none"));
}

TEST_F(FsTest, ADirectoryAppearsWholeAndReplacesTheOldOne) {
  const auto fill = [](const std::string& text) {
    return [text](const fs::path& at) {
      write_file_atomic(at / "sub" / ("file_" + text), text);
      std::ofstream(at / "plain") << text;
    };
  };
  write_directory_atomic(root_ / "stage/out", fill("1"));
  EXPECT_EQ(tree(), (Tree{{"stage/", ""},
                          {"stage/out/", ""},
                          {"stage/out/plain", "1"},
                          {"stage/out/sub/", ""},
                          {"stage/out/sub/file_1", "1"}}));
  write_directory_atomic(root_ / "stage/out/", fill("2"));  // a trailing slash names the same folder
  EXPECT_EQ(tree(), (Tree{{"stage/", ""},
                          {"stage/out/", ""},
                          {"stage/out/plain", "2"},
                          {"stage/out/sub/", ""},
                          {"stage/out/sub/file_2", "2"}}));
}

TEST_F(FsTest, TheOldDirectoryStandsUntilTheNewOneIsWhole) {
  write_directory_atomic(root_ / "out", [](const fs::path& at) { write_file_atomic(at / "file", "old"); });
  std::string seen_during_fill;
  write_directory_atomic(root_ / "out", [&](const fs::path& at) {
    write_file_atomic(at / "file", "new");
    seen_during_fill = read_file(root_ / "out/file");
  });
  EXPECT_EQ(seen_during_fill, "old");
  EXPECT_EQ(read_file(root_ / "out/file"), "new");
}

TEST_F(FsTest, AFailedFillLeavesTheOldDirectoryAndPassesTheExceptionOn) {
  write_directory_atomic(root_ / "out", [](const fs::path& at) { write_file_atomic(at / "file", "old"); });
  const auto failing = [](const fs::path& at) {
    write_file_atomic(at / "file", "half");
    throw std::runtime_error("NaN loss");
  };
  EXPECT_THROW(write_directory_atomic(root_ / "out", failing), std::runtime_error);
  EXPECT_EQ(tree(), (Tree{{"out/", ""}, {"out/file", "old"}}));
}

TEST_F(FsTest, LeftoversOfAKilledRunAreCleared) {
  fs::create_directories(root_ / "out.partial");
  std::ofstream(root_ / "out.partial/stale") << "stale";
  std::ofstream(root_ / "file.partial") << "a longer stale text";
  write_directory_atomic(root_ / "out", [](const fs::path& at) { write_file_atomic(at / "file", "new"); });
  write_file_atomic(root_ / "file", "new");
  EXPECT_EQ(tree(), (Tree{{"file", "new"}, {"out/", ""}, {"out/file", "new"}}));
}

TEST_F(FsTest, AKillHalfWayThroughTheFillLeavesTheOldDirectory) {
  write_directory_atomic(root_ / "out", [](const fs::path& at) { write_file_atomic(at / "file", "old"); });
  const auto die = [&] {
    write_directory_atomic(root_ / "out", [](const fs::path& at) {
      write_file_atomic(at / "file", "new");
      raise(SIGKILL);
    });
  };
  EXPECT_EXIT(die(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(read_file(root_ / "out/file"), "old");
}

}  // namespace
}  // namespace r1::core
