#!/usr/bin/env python3
"""Does transformers compute the same with the folders that r1 wrote as with the golden ones they were read from?

  build-ci/tests/model/model_tests --gtest_filter='*FolderWrittenAndReadAgain*'   # writes TMP/r1_family_folder/<set>/<case>
  python tools/golden/check_written.py TMP/r1_family_folder                        # the Python of bench/peers/setup.sh

Compares float32 logits bit for bit, and that both folders hold the same tensors. It writes nothing; exit code 1 for a difference."""

import pathlib
import sys

import torch
from case import load
from safetensors import safe_open
from written import GOLDEN, check_folders, logits_difference


def tensors(folder):
    out = {}
    for file in sorted(folder.glob("model*.safetensors")):
        with safe_open(file, "pt") as reader:
            out |= {name: reader.get_tensor(name) for name in reader.keys()}
    return out


def same(written, golden):
    ours, theirs = tensors(written), tensors(golden)
    if ours.keys() != theirs.keys() or any(not torch.equal(ours[n], theirs[n]) for n in ours):
        return "other tensors"
    return logits_difference(load(written, torch.float32), load(golden, torch.float32), golden)


if __name__ == "__main__":
    check_folders(pathlib.Path(sys.argv[1]), "*/*/config.json", GOLDEN, same, "same tensors, same logits")
