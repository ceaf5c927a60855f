#!/usr/bin/env python3
"""Golden values of tiny llama, qwen2 and qwen3 models: writes tests/golden/llama/<case>/{config.json,model*.safetensors,golden.safetensors}.

The reference is transformers' own classes (eager attention) with torch 2.11, on the CPU; bench/peers/setup.sh builds that environment.
golden.safetensors (S = 0, 1: the sequence; NAME = a parameter; all values from a run wholly in float64):
  ids.S [T] i64   logits.S [T, V] f64   logits_f32.S [T, V]: the same from a plain float32 run
  loss [] f64: sum of next-token nll over all sequences / number of predicted tokens
  grad.NAME f64: d loss / d NAME
It is not a test: the C++ tests read what it wrote. The same environment gives the same bytes."""

import argparse
import json
import pathlib

import torch
import transformers
from float64 import InFloat64
from safetensors.torch import save_file
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3

MODULES = {"llama": modeling_llama, "qwen2": modeling_qwen2, "qwen3": modeling_qwen3}
BASE = dict(vocab_size=61, hidden_size=24, intermediate_size=36, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=64, rms_norm_eps=1e-6, initializer_range=0.2, hidden_act="silu", attention_dropout=0.0,
            bos_token_id=0, eos_token_id=1, pad_token_id=None, tie_word_embeddings=False)
ROPE = dict(rope_type="default", rope_theta=10000.0)
# rope_parameters and the two older keys beside it: a file has one of the two, and both are read.
CASES = {
    "llama": dict(model_type="llama", config=dict(rope_parameters=ROPE), seed=1),
    "llama_bias_llama3": dict(model_type="llama", seed=2, config=dict(
        attention_bias=True, tie_word_embeddings=True, num_key_value_heads=1, head_dim=12, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                             original_max_position_embeddings=32))),
    "llama_yarn": dict(model_type="llama", seed=3, config=dict(
        num_key_value_heads=4, hidden_size=20, intermediate_size=27, num_attention_heads=4, head_dim=10,
        rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16))),
    "llama_linear": dict(model_type="llama", seed=4, config=dict(
        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0))),
    "qwen2": dict(model_type="qwen2", seed=5, config=dict(
        tie_word_embeddings=True, use_sliding_window=False, rope_parameters=dict(rope_type="default", rope_theta=1e6))),
    "qwen2_yarn": dict(model_type="qwen2", seed=6, config=dict(
        num_key_value_heads=1, hidden_size=32, use_sliding_window=False,
        rope_parameters=dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=16))),
    "qwen3": dict(model_type="qwen3", seed=7, sharded=True, config=dict(
        head_dim=10, num_attention_heads=6, num_key_value_heads=3, use_sliding_window=False,
        rope_parameters=dict(rope_type="default", rope_theta=1e6))),
    "qwen3_bias": dict(model_type="qwen3", seed=8, config=dict(
        head_dim=16, attention_bias=True, tie_word_embeddings=True, use_sliding_window=False, rope_parameters=ROPE)),
}


def load(folder, dtype):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
    for name, buffer in model.named_buffers():
        assert "inv_freq" in name, name
    return model


def nll(model, sequences):
    """(logits of each sequence, mean next-token nll over all)."""
    logits = [model(input_ids=ids[None], use_cache=False).logits[0] for ids in sequences]
    terms = [torch.nn.functional.cross_entropy(l[:-1], ids[1:], reduction="sum") for l, ids in zip(logits, sequences)]
    return logits, sum(terms) / sum(len(ids) - 1 for ids in sequences)


def write_case(root, name, case):
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()  # shards of an earlier run
    torch.manual_seed(case["seed"])
    config = transformers.AutoConfig.for_model(case["model_type"], **(BASE | case["config"]))
    model = transformers.AutoModelForCausalLM.from_config(config).float()
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if parameter_name.endswith("bias") or "norm" in parameter_name:
                parameter.add_(0.1 * torch.randn(parameter.shape))
    model.save_pretrained(folder, max_shard_size="20KB" if case.get("sharded") else "5GB")
    if name == "llama_yarn":  # the older spelling of the same file
        file = folder / "config.json"
        old = json.loads(file.read_text())
        rope = old.pop("rope_parameters")
        old |= {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope}
        file.write_text(json.dumps(old, indent=2) + "\n")

    generator = torch.Generator().manual_seed(1000 + case["seed"])
    sequences = [torch.randint(0, config.vocab_size, (n,), generator=generator) for n in (29, 50)]
    out = {f"ids.{s}": ids for s, ids in enumerate(sequences)}
    with torch.no_grad():
        plain, plain_loss = nll(load(folder, torch.float32), sequences)
    with InFloat64(MODULES[case["model_type"]]):
        model = load(folder, torch.float64)
        logits, loss = nll(model, sequences)
        loss.backward()
    for s in range(len(sequences)):
        assert logits[s].dtype == torch.float64 and (logits[s] - plain[s]).abs().max() < 1e-4
        out |= {f"logits.{s}": logits[s].detach(), f"logits_f32.{s}": plain[s]}
    assert abs(loss - plain_loss) < 1e-5
    out["loss"] = loss.detach()
    out |= {f"grad.{n}": p.grad for n, p in model.named_parameters()}
    save_file({n: t.contiguous().clone() for n, t in sorted(out.items())}, folder / "golden.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"{name}: loss {loss.item():.6f}, std of the logits {torch.cat(logits).std().item():.3f}, "
          f"{sum(f.stat().st_size for f in folder.iterdir()) // 1024} KiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/llama"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    out = parser.parse_args().out
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name, case in CASES.items():
        write_case(out, name, case)


if __name__ == "__main__":
    main()
