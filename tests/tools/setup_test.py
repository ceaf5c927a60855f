"""tools/setup without a network: it takes a torch that is there, refuses one that is another version, and names packages by
os-release. (That the wheels unpack is seen by every fresh machine's set-up.)
"""
import os
import shutil
import unittest

from planted import TOOLS, PlantedTree


class Setup(PlantedTree):
    def setUp(self):
        super().setUp()
        shutil.copytree(TOOLS, self.root + "/clone/tools", ignore=shutil.ignore_patterns("golden", "__pycache__"))
        self.setup_path = self.root + "/clone/tools/setup"
        self.cache = {"XDG_CACHE_HOME": self.root + "/cache", "R1_TORCH_DIR": ""}

    def plant_torch(self, folder, minor):
        self.write(folder + "/lib/libtorch_cpu.so", "")
        self.write(folder + "/include/torch/headeronly/version.h",
                   f"#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR {minor}\n")
        return os.path.join(self.root, folder)

    def linked(self):
        return os.readlink(self.root + "/clone/.deps/libtorch")

    def test_a_torch_that_is_named(self):
        torch = self.plant_torch("torch", 11)
        status, said = self.run_tool(self.setup_path, "--no-packages", **{**self.cache, "R1_TORCH_DIR": torch})
        self.assertEqual(status, 0, said)
        self.assertEqual(self.linked(), os.path.realpath(torch))

    def test_another_version_is_refused(self):
        torch = self.plant_torch("torch", 10)
        status, said = self.run_tool(self.setup_path, "--no-packages", **{**self.cache, "R1_TORCH_DIR": torch})
        self.assertEqual(status, 1, said)
        self.assertIn("has no torch 2.11", said)
        self.assertFalse(os.path.exists(self.root + "/clone/.deps/libtorch"))

    def test_the_cache_and_then_the_link(self):
        torch = self.plant_torch("cache/r1/libtorch-2.11.0", 11)
        for _ in range(2):
            status, said = self.run_tool(self.setup_path, "--no-packages", **self.cache)
            self.assertEqual((status, self.linked()), (0, torch), said)

    def test_packages_by_distribution(self):
        for release, has, lacks in (("ID=debian\nVERSION_ID=\"12\"", "pkg-config", "pkgconf"),
                                    ("ID=ubuntu\nVERSION_ID=\"24.04\"", "pkgconf", "pkg-config")):
            status, said = self.run_tool(self.setup_path, "--list-packages", R1_OS_RELEASE=self.write("os-release", release))
            self.assertEqual((status, has in said.split(), lacks in said.split()), (0, True, False), said)
        status, said = self.run_tool(self.setup_path, "--list-packages", R1_OS_RELEASE=self.write("os-release", "ID=arch"))
        self.assertEqual(status, 1, said)
        self.assertIn("Debian 12 and Ubuntu 24.04", said)

    def test_unknown_option(self):
        status, said = self.run_tool(self.setup_path, "--everything", **self.cache)
        self.assertEqual((status, "unknown option --everything" in said), (1, True), said)


if __name__ == "__main__":
    unittest.main()
