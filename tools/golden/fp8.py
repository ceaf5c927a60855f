#!/usr/bin/env python3
"""Golden values of tiny block-scaled FP8 checkpoints: writes tests/golden/fp8/<case>/{config.json,model*.safetensors,golden.safetensors}.

Checkpoints of llama.py and deepseek_v3.py, their matrices quantised by torch (float8_e4m3fn) as DeepSeek-V3's published ones are: NAME
in F8_E4M3, NAME_scale_inv one float32 a block, the last block of a side smaller; embedding, head, norms and router stay. The values
are transformers' on the dequantised weights:
  ids.S [T] i64   logits.S [T, V] f64, from a float64 run on the float32 products of weight and scale
  loss [] f64: sum of next-token nll over all sequences / number of predicted tokens
  weight.NAME f32: the product; weight_bf16.NAME: the same rounded once, of one tensor with smaller last blocks
It is not a test: the C++ tests read what it wrote. The same environment gives the same bytes."""

import json
import pathlib
import tempfile

import torch
from case import load, nll, output_folder
from deepseek_v3 import load_model
from float64 import InFloat64
from safetensors.torch import load_file, save_file
from transformers.models.deepseek_v3 import modeling_deepseek_v3
from transformers.models.llama import modeling_llama

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden"
CASES = {
    "llama": dict(source="llama/llama", block=(128, 128), module=modeling_llama, load=load,
                  show="model.layers.1.mlp.down_proj.weight"),
    "deepseek_v3": dict(source="deepseek_v3/odd", block=(8, 16), module=modeling_deepseek_v3, load=load_model,
                        show="model.layers.2.mlp.experts.4.gate_proj.weight"),
}


def is_quantised(name, tensor):
    kept = ("embed_tokens", "lm_head", "mlp.gate.")
    return tensor.dim() == 2 and not any(part in name for part in kept)


def quantise(weight, block):
    """(F8 weight, scales [ceil(out / rows), ceil(in / columns)])."""
    rows, columns = block
    scales = torch.stack([torch.stack([part.abs().max() / 448.0 for part in strip.split(columns, 1)])
                          for strip in weight.split(rows, 0)])
    return (weight / spread(scales, weight, block)).to(torch.float8_e4m3fn), scales


def spread(scales, weight, block):
    """A scale for each weight."""
    whole = scales.repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)
    return whole[:weight.shape[0], :weight.shape[1]]


def write_case(root, name, case):
    folder, source = root / name, GOLDEN / case["source"]
    folder.mkdir(parents=True, exist_ok=True)
    stored, plain = {}, {}
    for tensor_name, weight in load_file(source / "model.safetensors").items():
        stored[tensor_name] = plain[tensor_name] = weight
        if is_quantised(tensor_name, weight):
            stored[tensor_name], scales = quantise(weight, case["block"])
            stored[tensor_name + "_scale_inv"] = scales
            plain[tensor_name] = stored[tensor_name].float() * spread(scales, weight, case["block"])
    config = json.loads((source / "config.json").read_text())
    quantisation = dict(activation_scheme="dynamic", fmt="e4m3", quant_method="fp8", weight_block_size=list(case["block"]))
    (folder / "config.json").write_text(json.dumps(config | dict(quantization_config=quantisation), indent=2) + "\n")
    save_file({n: t.contiguous() for n, t in sorted(stored.items())}, folder / "model.safetensors", metadata={"format": "pt"})

    given = load_file(source / "golden.safetensors")
    sequences = [given["ids.0"], given["ids.1"]]
    with tempfile.TemporaryDirectory() as dequantised, InFloat64(case["module"]):
        path = pathlib.Path(dequantised)
        (path / "config.json").write_text(json.dumps(config))
        save_file({n: t.contiguous() for n, t in plain.items()}, path / "model.safetensors", metadata={"format": "pt"})
        with torch.no_grad():
            logits, loss = nll(case["load"](path, torch.float64), sequences)
    assert (torch.cat(logits) - torch.cat([given["logits.0"], given["logits.1"]])).abs().max() > 1e-3, "nothing was quantised"
    out = {f"ids.{s}": ids for s, ids in enumerate(sequences)} | {f"logits.{s}": l for s, l in enumerate(logits)}
    out |= {"loss": loss, "weight." + case["show"]: plain[case["show"]],
            "weight_bf16." + case["show"]: plain[case["show"]].bfloat16()}
    save_file({n: t.contiguous().clone() for n, t in sorted(out.items())}, folder / "golden.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"{name}: loss {loss.item():.6f}, {sum(t.dtype == torch.float8_e4m3fn for t in stored.values())} tensors in FP8, "
          f"{sum(f.stat().st_size for f in folder.iterdir()) // 1024} KiB")


def main():
    out = output_folder(__doc__, "fp8")
    for name, case in CASES.items():
        write_case(out, name, case)


if __name__ == "__main__":
    main()
