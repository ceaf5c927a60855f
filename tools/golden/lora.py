#!/usr/bin/env python3
"""Golden values of adapters: writes tests/golden/adapters/<case>/{adapter_config.json,adapter_model.safetensors,golden.safetensors}.

The reference is PEFT on transformers' classes, on the CPU; bench/peers/setup.sh builds that environment. The bases are the golden
models of this folder's other scripts; `base` in golden.safetensors' header names each case's. golden.safetensors holds (S = 0, 1: the
sequence; NAME = a tensor of adapter_model.safetensors; all values from a run wholly in float64):
  ids.S [T] i64   logits.S [T, V] f64: of the real tokens, virtual ones left out
  loss [] f64: sum of next-token nll over all sequences / number of predicted tokens (a token that follows a real one)
  grad.NAME f64: d loss / d NAME
  merged.NAME f32 (LoRA): weights of the base model after merge_and_unload of the plain float32 model: of the last one adapted
It is not a test: the C++ tests read what it wrote. The same environment gives the same bytes."""

import json
import pathlib

import deepseek_v3
import peft
import torch
from case import load, output_folder
from float64 import InFloat64
from safetensors.torch import load_file, save_file
from transformers.models.deepseek_v2 import modeling_deepseek_v2
from transformers.models.deepseek_v3 import modeling_deepseek_v3
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3
from transformers.models.qwen3_moe import modeling_qwen3_moe

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden"


def lora(**config):
    return peft.LoraConfig(task_type="CAUSAL_LM", **config)


MLA = ["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CASES = {
    "llama": ("llama/llama", modeling_llama, lora(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"])),
    "qwen2": ("llama/qwen2", modeling_qwen2, lora(r=3, lora_alpha=5, target_modules="all-linear")),
    "qwen3": ("llama/qwen3", modeling_qwen3, lora(r=2, lora_alpha=1.5, target_modules=["k_proj", "mlp.down_proj"])),
    "qwen3_moe": ("moe/qwen3_moe", modeling_qwen3_moe, lora(r=2, target_modules=["q_proj", "o_proj"], layers_to_transform=[1])),
    "deepseek_v2": ("moe/v2_lite", modeling_deepseek_v2, lora(r=2, lora_alpha=3, target_modules=["q_proj", "kv_b_proj"])),
    "deepseek_v3": ("deepseek_v3/moe", modeling_deepseek_v3, lora(r=2, lora_alpha=3, use_rslora=True, target_modules=MLA)),
    "prompt": ("llama/llama", modeling_llama, peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5)),
}


def nll(model, sequences, virtual):
    """(logits of each sequence's real tokens, mean next-token nll over all)."""
    logits = [model(input_ids=ids[None], use_cache=False).logits[0, virtual:] for ids in sequences]
    terms = [torch.nn.functional.cross_entropy(l[:-1], ids[1:], reduction="sum") for l, ids in zip(logits, sequences)]
    return logits, sum(terms) / sum(len(ids) - 1 for ids in sequences)


def base_model(folder, dtype):
    """The base under a name that does not say where this checkout is."""
    v3 = "deepseek_v3" in folder.parts
    model = deepseek_v3.load_model(folder, dtype) if v3 else load(folder, dtype)
    if v3:
        del model.mtp  # no module of transformers' own class
    model.config._name_or_path = model.name_or_path = str(folder.relative_to(GOLDEN.parents[1]))
    return model


def write_adapter(folder, base, config, seed):
    """A random adapter: B of a fresh one is zero, so that A has no gradient."""
    torch.manual_seed(seed)
    model = peft.get_peft_model(base_model(base, torch.float32), config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    file = folder / "adapter_config.json"
    written = json.loads(file.read_text())
    if isinstance(written.get("target_modules"), list):
        written["target_modules"].sort()  # a set's order is not the same in every run
    file.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
    return load_file(folder / "adapter_model.safetensors")


def trainable(base, folder, config):
    """The written adapter on a float64 base, with gradients."""
    if isinstance(config, peft.LoraConfig):
        model = peft.PeftModel.from_pretrained(base, folder, is_trainable=True, autocast_adapter_dtype=False)
    else:  # PEFT does not train a loaded prompt
        config.inference_mode = False
        model = peft.get_peft_model(base, config, autocast_adapter_dtype=False)
        model.prompt_encoder.default.embedding.weight.data = load_file(folder / "adapter_model.safetensors")["prompt_embeddings"]
    for parameter in model.parameters():
        parameter.data = parameter.data.double()
    return model.eval()


def merged_weights(base, folder):
    """By its name in the base: the last adapted layer's."""
    model = peft.PeftModel.from_pretrained(base_model(base, torch.float32), folder)
    adapted = [name for name in load_file(folder / "adapter_model.safetensors") if "lora_A" in name]
    wanted = [max(adapted)]
    whole = model.merge_and_unload().state_dict()
    names = [n.removeprefix("base_model.model.").replace("lora_A.", "") for n in wanted]
    return {f"merged.{name}": whole[name].contiguous().clone() for name in names}


def gradients(model, tensors):
    """The gradients under the names of adapter_model.safetensors."""
    named = {n.replace(".default", ""): p for n, p in model.named_parameters()}
    named |= {"prompt_embeddings": p for n, p in named.items() if n.startswith("prompt_encoder")}
    return {f"grad.{name}": named[name].grad for name in tensors}


def write_case(root, name, seed):
    base, module, config = CASES[name]
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    tensors = write_adapter(folder, GOLDEN / base, config, seed)
    virtual = config.num_virtual_tokens if name == "prompt" else 0
    vocab = json.loads((GOLDEN / base / "config.json").read_text())["vocab_size"]
    generator = torch.Generator().manual_seed(2000 + seed)
    sequences = [torch.randint(0, vocab, (n,), generator=generator) for n in (9, 6)]
    out = {f"ids.{s}": ids for s, ids in enumerate(sequences)}
    with torch.no_grad():
        plain = peft.PeftModel.from_pretrained(base_model(GOLDEN / base, torch.float32), folder)
        plain_logits, _ = nll(plain.eval(), sequences, virtual)
    with InFloat64(module):
        model = trainable(base_model(GOLDEN / base, torch.float64), folder, config)
        logits, loss = nll(model, sequences, virtual)
        loss.backward()
    for s in range(len(sequences)):
        assert logits[s].dtype == torch.float64 and (logits[s] - plain_logits[s]).abs().max() < 1e-4
        out[f"logits.{s}"] = logits[s].detach()
    out |= {"loss": loss.detach()} | gradients(model, tensors)
    if not virtual:
        out |= merged_weights(GOLDEN / base, folder)
    save_file({n: t.contiguous().clone() for n, t in sorted(out.items())}, folder / "golden.safetensors", {"base": base})
    for file in folder.iterdir():
        file.chmod(0o644)
    print(f"{name}: loss {loss.item():.6f}, {len(tensors)} tensors, {sum(f.stat().st_size for f in folder.iterdir()) // 1024} KiB")


def main():
    out = output_folder(__doc__, "adapters")
    for seed, name in enumerate(CASES, start=1):
        write_case(out, name, seed)


if __name__ == "__main__":
    main()
