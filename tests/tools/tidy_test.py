"""tools/tidy in a small repository: it reads the changed sources, through its includer for a header, finds what is planted (a
function over 80 lines, a wrong name), and says what it had no time for.
"""
import json
import os
import shutil
import subprocess
import unittest

from planted import TOOLS, PlantedTree


class Tidy(PlantedTree):
    def setUp(self):
        super().setUp()
        os.makedirs(self.root + "/tools")
        shutil.copy(TOOLS + "/tidy", self.root + "/tools/tidy")
        shutil.copy(TOOLS + "/../.clang-tidy", self.root + "/.clang-tidy")
        self.write("r1/core/old.cc", "int old_one() { return 1; }\nint OldOne() { return 1; }\n")
        self.write("r1/core/new.cc", '#include "r1/core/shared.h"\nint new_one() { return shared(); }\n')
        self.write("r1/core/shared.h", "inline int shared() { return 1; }\n")
        commands = [{"directory": self.root, "file": f"{self.root}/r1/core/{name}.cc",
                     "command": f"c++ -std=c++20 -I{self.root} -c {self.root}/r1/core/{name}.cc"} for name in ("old", "new")]
        self.write("build/compile_commands.json", json.dumps(commands, indent=0))
        self.write(".gitignore", "/build/\n")
        self.git("init", "-q", "-b", "main")
        self.commit()
        self.write("r1/core/new.cc", '#include "r1/core/shared.h"\nint new_one() { return shared() + 1; }\n')
        self.commit()

    def git(self, *args):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *args], cwd=self.root, check=True)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "step")

    def tidy(self, *args, seconds="100"):
        return self.run_tool(self.root + "/tools/tidy", "build", *args, R1_TIDY_SECONDS=seconds)

    def test_only_the_last_commit_is_read(self):
        status, said = self.tidy()
        self.assertEqual((status, said), (0, "tidy: 1 sources, none with findings among those checked\n"))

    def test_all_finds_the_wrong_name(self):
        status, said = self.tidy("--all")
        self.assertEqual(status, 1, said)
        self.assertIn("invalid case style for function 'OldOne'", said)
        self.assertIn("findings in 1 of 2 sources", said)

    def test_a_changed_header_is_read_through_its_includer(self):
        self.commit_header("inline int Shared() { return 1; }\ninline int shared() { return 1; }\n")
        status, said = self.tidy()
        self.assertEqual(status, 1, said)
        self.assertIn("invalid case style for function 'Shared'", said)

    def test_a_header_that_nobody_includes(self):
        self.write("r1/core/alone.h", "inline int alone() { return 1; }\n")
        self.commit()
        self.assertEqual(self.tidy(), (0, "tidy: no changed sources\n"))

    def commit_header(self, text):
        self.write("r1/core/shared.h", text)
        self.commit()

    def test_function_of_82_lines(self):
        body = "  x = x * 3 + 1;\n"
        self.write("r1/core/new.cc", "int long_one(int x) {\n" + body * 79 + "  return x;\n}\n")
        self.assertEqual(self.tidy()[0], 1)
        self.write("r1/core/new.cc", "int long_one(int x) {\n" + body * 77 + "  return x;\n}\n")
        self.assertEqual(self.tidy()[0], 0)

    def test_says_what_it_had_no_time_for(self):
        status, said = self.tidy(seconds="0")
        self.assertEqual(status, 0, said)
        self.assertIn("time is up, 1 of 1 sources not checked", said)


if __name__ == "__main__":
    unittest.main()
