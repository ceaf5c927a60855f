"""tools/check_sizes refuses one line too many of each kind of file and the wrong openings and names, and passes the limits."""
import unittest

from planted import PlantedTree


def source(lines):
    return "// What it is.\n" + "int x;\n" * (lines - 1)


class CheckSizes(PlantedTree):
    def setUp(self):
        super().setUp()
        self.write("r1/core/a.h", source(150))
        self.write("r1/core/a.cc", source(600))
        self.write("tests/core/a_test.cc", source(500))
        self.write("tools/run", "#!/bin/sh\n# What it is.\n")
        self.write("tests/golden/big.json", "1\n" * 9000)

    def test_limits_themselves_pass(self):
        self.assert_clean("check_sizes")

    def test_long_sources_are_listed_not_refused(self):
        status, said = self.run_tool("check_sizes", self.root)
        self.assertEqual(status, 0, said)
        self.assertIn("above the target of 250 lines: r1/core/a.cc 600", said)

    def test_one_line_too_many(self):
        self.write("r1/core/a.cc", source(100))
        for path, limit in (("r1/core/b.h", 150), ("r1/core/b.cc", 600), ("tests/core/b_test.cc", 500)):
            self.write(path, source(limit + 1))
        status, said = self.run_tool("check_sizes", self.root)
        self.assertEqual(status, 1, said)
        for text in ("b.h: 151 lines, 150", "b.cc: 601 lines, 600", "b_test.cc: 501 lines, 500"):
            self.assertIn(text, said)

    def test_openings(self):
        self.write("r1/core/a.cc", source(10))
        self.write("r1/core/b.h", "#pragma once\n// Too late.\n")
        self.write("tools/bare", "#!/bin/sh\nset -e\n")
        self.assert_finds("check_sizes", "r1/core/b.h:1: a file opens with a comment",
                          "tools/bare:1: a file opens with a comment")

    def test_names(self):
        self.write("r1/core/a.cc", source(10))
        self.write("r1/core/utils.cc", source(3))
        self.write("r1/core/string_util.h", source(3))
        self.write("r1/core/RngState.h", source(3))
        self.assert_finds("check_sizes", "r1/core/utils.cc: no file is called utils", "string_util.h: no file is called utils",
                          "RngState.h: file names are snake_case")


if __name__ == "__main__":
    unittest.main()
