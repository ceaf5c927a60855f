"""A golden case of a decoder: a tiny random checkpoint made by transformers, and what transformers computes with it.

Shared by the scripts of this folder that make such cases (llama.py, moe.py); it writes nothing by itself. golden.safetensors holds
(S = 0, 1: the sequence; NAME = a parameter's name on disk; all values from a run wholly in float64):
  ids.S [T] i64   logits.S [T, V] f64   logits_f32.S [T, V]: the same from a plain float32 run
  loss [] f64: sum of next-token nll over all sequences / number of predicted tokens
  grad.NAME f64: d loss / d NAME"""

import argparse
import pathlib

import torch
import transformers
from float64 import InFloat64
from safetensors.torch import save_file

BASE = dict(vocab_size=61, hidden_size=24, intermediate_size=36, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=64, rms_norm_eps=1e-6, initializer_range=0.2, hidden_act="silu", attention_dropout=0.0,
            bos_token_id=0, eos_token_id=1, pad_token_id=None, tie_word_embeddings=False)


def load(folder, dtype):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", experts_implementation="eager").eval()
    for name, buffer in model.named_buffers():
        assert "inv_freq" in name, name
    return model


def nll(model, sequences):
    """(logits of each sequence, mean next-token nll over all)."""
    logits = [model(input_ids=ids[None], use_cache=False).logits[0] for ids in sequences]
    terms = [torch.nn.functional.cross_entropy(l[:-1], ids[1:], reduction="sum") for l, ids in zip(logits, sequences)]
    return logits, sum(terms) / sum(len(ids) - 1 for ids in sequences)


def write_case(root, name, case, module, names_on_disk=dict, inspect=None):
    """One folder. `module`: the modelling file of the class; `names_on_disk`: parameters by name -> the same by their names on
    disk; `inspect`: called with the float64 model before it runs."""
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
    if "rewrite" in case:
        case["rewrite"](folder)

    generator = torch.Generator().manual_seed(1000 + case["seed"])
    sequences = [torch.randint(0, config.vocab_size, (n,), generator=generator) for n in case.get("lengths", (29, 50))]
    out = {f"ids.{s}": ids for s, ids in enumerate(sequences)}
    with torch.no_grad():
        plain, plain_loss = nll(load(folder, torch.float32), sequences)
    with InFloat64(module):
        model = load(folder, torch.float64)
        if inspect:
            inspect(model)
        logits, loss = nll(model, sequences)
        loss.backward()
    for s in range(len(sequences)):
        assert logits[s].dtype == torch.float64 and (logits[s] - plain[s]).abs().max() < 1e-4
        out |= {f"logits.{s}": logits[s].detach(), f"logits_f32.{s}": plain[s]}
    assert abs(loss - plain_loss) < 1e-5
    out["loss"] = loss.detach()
    gradients = {n: p.grad if p.grad is not None else torch.zeros_like(p) for n, p in model.named_parameters()}
    out |= {f"grad.{n}": g for n, g in names_on_disk(gradients).items()}
    save_file({n: t.contiguous().clone() for n, t in sorted(out.items())}, folder / "golden.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"{name}: loss {loss.item():.6f}, std of the logits {torch.cat(logits).std().item():.3f}, "
          f"{sum(f.stat().st_size for f in folder.iterdir()) // 1024} KiB")


def output_folder(doc, name):
    """--out, by default tests/golden/NAME; torch and transformers set up so that the same environment gives the same bytes."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2] / "tests/golden" / name)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return parser.parse_args().out
