"""What check_written.py and check_adapters.py share: every folder that r1 wrote against the golden one that it was read from. It
makes no golden values (case.py does)."""

import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden"


def logits_difference(ours, theirs, golden):
    """None when both models give the golden sequences the same float32 logits, bit for bit; else what differs."""
    values = load_file(golden / "golden.safetensors")
    with torch.no_grad():
        for ids in (values["ids.0"], values["ids.1"]):
            pair = [model(input_ids=ids[None], use_cache=False).logits for model in (ours, theirs)]
            if not torch.equal(*pair):
                return f"logits differ by up to {(pair[0] - pair[1]).abs().max().item():.3g}"
    return None


def check_folders(root, config, golden_root, same, agreement):
    """Prints a line for each folder under `root` that has the file `config` (a pattern); same(written, golden) says what differs.
    Exits with 1 for a difference, or where r1 wrote nothing."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folders, failed = sorted(file.parent for file in root.glob(config)), 0
    for folder in folders:
        difference = same(folder, golden_root / folder.relative_to(root))
        failed += difference is not None
        print(f"{folder.relative_to(root)}: {difference or agreement}")
    sys.exit(f"{root}: r1 wrote nothing there" if not folders else 1 if failed else 0)
