#!/usr/bin/env python3
"""Does PEFT compute the same with the adapters that r1 wrote as with the golden ones they were read from?

  build-ci/tests/model/model_tests --gtest_filter='*Adapter*FilesWrittenAndReadAgain*'   # writes TMP/r1_adapter_folder/<case>
  python tools/golden/check_adapters.py TMP/r1_adapter_folder                             # the Python of bench/peers/setup.sh

Compares float32 logits bit for bit, adapted layers and scalings. It writes nothing; exit code 1 for a difference."""

import pathlib
import sys

import peft
import torch
from lora import GOLDEN, base_model
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from written import check_folders, logits_difference


def layers(model):
    """(name, rank, scaling) of each adapted layer."""
    return sorted((name, m.r["default"], m.scaling["default"]) for name, m in model.named_modules() if isinstance(m, LoraLayer))


def same(written, golden):
    with safe_open(golden / "golden.safetensors", "pt") as reader:
        base = GOLDEN / reader.metadata()["base"]
    ours, theirs = (peft.PeftModel.from_pretrained(base_model(base, torch.float32), f).eval() for f in (written, golden))
    if layers(ours) != layers(theirs):
        return "other layers or scalings"
    return logits_difference(ours, theirs, golden)


if __name__ == "__main__":
    check_folders(pathlib.Path(sys.argv[1]), "*/adapter_config.json", GOLDEN / "adapters", same, "same layers, same logits")
