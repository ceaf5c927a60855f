#!/usr/bin/env python3
"""Does PEFT compute the same with the adapters that r1 wrote as with the golden ones they were read from?

  build-ci/tests/model/model_tests --gtest_filter='*Adapter*FilesWrittenAndReadAgain*'   # writes TMP/r1_adapter_folder/<case>
  python tools/golden/check_adapters.py TMP/r1_adapter_folder                             # the Python of bench/peers/setup.sh

Compares float32 logits bit for bit, adapted layers and scalings. It writes nothing; exit code 1 for a difference."""

import pathlib
import sys

import peft
import torch
import transformers
from lora import GOLDEN, base_model
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from safetensors.torch import load_file


def layers(model):
    """(name, rank, scaling) of each adapted layer."""
    return sorted((name, m.r["default"], m.scaling["default"]) for name, m in model.named_modules() if isinstance(m, LoraLayer))


def same(written, golden):
    with safe_open(golden / "golden.safetensors", "pt") as reader:
        base = GOLDEN / reader.metadata()["base"]
    ours, theirs = (peft.PeftModel.from_pretrained(base_model(base, torch.float32), f).eval() for f in (written, golden))
    if layers(ours) != layers(theirs):
        return "other layers or scalings"
    values = load_file(golden / "golden.safetensors")
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
    folders = sorted(file.parent for file in root.glob("*/adapter_config.json"))
    for folder in folders:
        difference = same(folder, GOLDEN / "adapters" / folder.relative_to(root))
        failed += difference is not None
        print(f"{folder.relative_to(root)}: {difference or 'same layers, same logits'}")
    if not folders:
        sys.exit(f"{root}: no adapter that r1 wrote")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
