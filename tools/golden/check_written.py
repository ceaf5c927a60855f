#!/usr/bin/env python3
"""Does transformers compute the same with the folders that r1 wrote as with the golden ones they were read from?

  build-ci/tests/model/model_tests --gtest_filter='*FolderWrittenAndReadAgain*'   # writes TMP/r1_family_folder/<set>/<case>
  python tools/golden/check_written.py TMP/r1_family_folder                        # the Python of bench/peers/setup.sh

Compares float32 logits bit for bit, and that both folders hold the same tensors. It writes nothing; exit code 1 for a difference."""

import pathlib
import sys

import torch
import transformers
from case import load
from safetensors import safe_open
from safetensors.torch import load_file

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden"


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
    values = load_file(golden / "golden.safetensors")
    ours, theirs = load(written, torch.float32), load(golden, torch.float32)
    with torch.no_grad():
        for ids in (values["ids.0"], values["ids.1"]):
            pair = [model(input_ids=ids[None], use_cache=False).logits for model in (ours, theirs)]
            if not torch.equal(*pair):
                return f"logits differ by up to {(pair[0] - pair[1]).abs().max().item():.3g}"
    return None


def main():
    root, failed = pathlib.Path(sys.argv[1]), 0
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folders = sorted(file.parent for file in root.glob("*/*/config.json"))
    for folder in folders:
        difference = same(folder, GOLDEN / folder.relative_to(root))
        failed += difference is not None
        print(f"{folder.relative_to(root)}: {difference or 'same tensors, same logits'}")
    if not folders:
        sys.exit(f"{root}: no folder that r1 wrote")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
