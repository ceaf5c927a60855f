"""tools/check_layers finds each kind of break that is planted, and passes a tree without one."""
import unittest

from planted import PlantedTree

LAYERS = """# lowest first
core:
tensor: core libtorch
model: core tensor libtorch
eval: core model
"""


class CheckLayers(PlantedTree):
    def setUp(self):
        super().setUp()
        self.write("r1/LAYERS", LAYERS)
        self.write("r1/core/error.h", "#include <string>\n")
        self.write("r1/core/error.cc", '#include "r1/core/error.h"\n#include <vector>\n')
        self.write("r1/tensor/ops.h", '#include <ATen/core/Tensor.h>\n#include "r1/core/error.h"\n')
        self.write("r1/model/model.h", '#include <vector>\n#include "r1/core/error.h"\n')
        self.write("r1/model/model.cc", '#include "r1/model/model.h"\n#include "r1/tensor/ops.h"\n')
        self.write("r1/eval/eval.cc", '#include "r1/model/model.h"\n')

    def test_clean_tree_passes(self):
        self.assert_clean("check_layers")

    def test_empty_tree_fails(self):
        for name in ("core/error.h", "core/error.cc", "tensor/ops.h", "model/model.h", "model/model.cc", "eval/eval.cc"):
            self.write("r1/" + name, "")
        self.assert_clean("check_layers")
        self.write("other/r1/LAYERS", "core:\n")
        status, said = self.run_tool("check_layers", self.root + "/other")
        self.assertEqual((status, "no sources" in said), (1, True), said)

    def test_upward_edge_in_a_source(self):
        self.write("r1/core/error.cc", '#include "r1/core/error.h"\n\n  #  include "r1/model/model.h"\n')
        self.assert_finds("check_layers", "r1/core/error.cc:3: core may not include model (r1/model/model.h)")

    def test_edge_that_is_not_listed(self):
        self.write("r1/eval/eval.cc", "#include <r1/tensor/ops.h>\n")
        self.assert_finds("check_layers", "r1/eval/eval.cc:1: eval may not include tensor")

    def test_libtorch_without_the_marker(self):
        self.write("r1/core/rng.cc", "#include <vector>\n#include <c10/util/Half.h>\n")
        self.assert_finds("check_layers", "r1/core/rng.cc:2: core may not include libtorch (c10/util/Half.h)")

    def test_libtorch_reached_through_another_header(self):
        self.write("r1/model/model.h", '#include "r1/tensor/ops.h"\n')
        self.assert_finds("check_layers", "r1/eval/eval.cc: eval compiles without libtorch, but reaches it by "
                          "r1/model/model.h -> r1/tensor/ops.h -> ATen/core/Tensor.h")

    def test_the_wide_torch_header_anywhere(self):
        self.write("r1/tensor/wide.cc", "#include <torch/torch.h>\n")
        self.write("tests/tensor/ops_test.cc", "#include <torch/torch.h>\n")
        self.assert_finds("check_layers", "r1/tensor/wide.cc:1: <torch/torch.h>", "tests/tensor/ops_test.cc:1: <torch/torch.h>")

    def test_own_header_first(self):
        self.write("r1/core/error.cc", '#include <vector>\n#include "r1/core/error.h"\n')
        self.assert_finds("check_layers", "r1/core/error.cc:2: the own header comes first")

    def test_relative_and_computed_includes(self):
        self.write("r1/core/hash.cc", '#include "error.h"\n#include "../model/model.h"\n#include R1_HEADER\n')
        self.assert_finds("check_layers", 'r1/core/hash.cc:1: "error.h" must be a full path', 'r1/core/hash.cc:2: "../model',
                          "r1/core/hash.cc:3: an #include must name its file")

    def test_folder_that_is_not_listed(self):
        self.write("r1/extra/a.h", "")
        self.assert_finds("check_layers", "r1/extra: not listed in r1/LAYERS")

    def test_a_circle_of_modules_cannot_be_written_down(self):
        self.write("r1/LAYERS", LAYERS.replace("tensor: core", "tensor: core eval"))
        self.assert_finds("check_layers", "LAYERS:3: tensor names eval, which is not listed above it")

    def test_a_module_listed_twice(self):
        self.write("r1/LAYERS", LAYERS + "core: eval\n")
        self.assert_finds("check_layers", "LAYERS:6: expected one line")


if __name__ == "__main__":
    unittest.main()
