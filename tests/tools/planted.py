"""A throw-away source tree for the tests of tools/: write files, run a tool on them, read what it says."""
import os
import subprocess
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "tools")


class PlantedTree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_tool(self, name, *args, **environment):
        """-> (exit status, standard output and error together)"""
        done = subprocess.run([os.path.join(TOOLS, name), *args], text=True, env={**os.environ, **environment},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout

    def assert_finds(self, name, *expected):
        """The tool fails on the tree and says each of `expected`, and nothing else, one a line."""
        status, said = self.run_tool(name, self.root)
        self.assertEqual(status, 1, said)
        self.assertEqual(len(said.splitlines()), len(expected), said)
        for text in expected:
            self.assertIn(text, said)

    def assert_clean(self, name):
        status, said = self.run_tool(name, self.root)
        self.assertEqual(status, 0, said)
