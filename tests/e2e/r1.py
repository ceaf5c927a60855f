"""What the end-to-end tests share: the program, scratch folders, comparing two run directories.

The program's path is the first argument of each test script (ctest passes it).
"""

import filecmp
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
TINY = HERE / "tiny.yaml"
PROGRAM = None  # set by main()

# Wall-clock lives in these alone: manifests and the report hold seconds, timings.jsonl is nothing else.
TIMED = {"manifest.json", "report.json", "report.html", "timings.jsonl"}


def run(*arguments, check=True, environment=None, **options):
    """Runs `r1 arguments` to its end."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **(environment or {})}, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"r1 {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stderr}")
    return done


def results(directory):
    """Relative names of the files of a run that must not depend on the clock."""
    return sorted(str(file.relative_to(directory)) for file in pathlib.Path(directory).rglob("*")
                  if file.is_file() and file.name not in TIMED and "tensorboard" not in file.parts)


def differences(one, other):
    """Names of result files that only one run has, or whose bytes differ."""
    names = set(results(one)) ^ set(results(other))
    for name in set(results(one)) & set(results(other)):
        if not filecmp.cmp(pathlib.Path(one) / name, pathlib.Path(other) / name, shallow=False):
            names.add(name)
    return sorted(names)


class Scratch(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="r1_e2e_")
        self.folder = pathlib.Path(self._folder.name)

    def tearDown(self):
        self._folder.cleanup()


def main():
    global PROGRAM
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__", verbosity=2)
