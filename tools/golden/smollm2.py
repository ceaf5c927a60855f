#!/usr/bin/env python3
"""A real model through r1 and through other programs: SmolLM2-135M-Instruct, made ready by ./dev model smollm2. Prints figures, and
exits 1 when one is not what it should be.

  tensors     models/smollm2's tensors against the GGUF file's, dequantised by the `gguf` package: equal bit by bit
  answers     20 prompts, greedy, 64 tokens: r1 generate against transformers, both on models/smollm2 in float32: equal texts
  perplexity  of WikiText-2's test text, in windows of 1,024 tokens: r1 logits against transformers: within 0.1%
  llamacpp    the same prompts: llama.cpp (package `xllamacpp`) on the GGUF files that r1 writes, against r1: equal texts on F32; how
              many are equal on F16, BF16, Q8_0 (llama.cpp rounds activations there) is only printed
  tiny        transformers' tiny models of tests/golden/llama (biases, groups, scaled angles, norms of queries and keys) as GGUF files in
              llama.cpp: log-probabilities of the last position within 1e-5 of transformers' in float64
  roundtrips  folder -> folder in shards, folder -> GGUF of F32 and F16 -> folder: equal bit by bit

It is no unit test: it takes minutes, and packages that bench/peers/setup.sh has not all (pip install gguf xllamacpp)."""

import argparse
import json
import pathlib
import subprocess
import sys

PROMPTS = ["Name three colours.", "What is the capital of France?", "Write a haiku about rain.", "Explain gravity to a child.",
           "List five kinds of trees.", "What is 17 times 3?", "Translate 'good morning' into Spanish.", "Why is the sky blue?",
           "Give me a recipe for pancakes.", "Who wrote Hamlet?", "What does a compiler do?", "Tell me a short story about a fox.",
           "How do vaccines work?", "What is the largest planet?", "Write a polite email that declines an invitation.",
           "What is photosynthesis?", "Count from 1 to 10.", "Describe the taste of an apple.", "Was ist ein Wald? 🌲",
           "Fix this code: for i in range(10) print(i)"]
TEMPLATE = "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
NEW_TOKENS = 64
failures = []


def report(what, ok, figure):
    print(f"{'ok  ' if ok else 'FAIL'} {what}: {figure}", flush=True)
    if not ok:
        failures.append(what)


def tensors_of(folder):
    from safetensors.torch import load_file
    out = {}
    for file in sorted(pathlib.Path(folder).glob("*.safetensors")):
        out.update(load_file(file))
    return out


def check_tensors(args):
    import gguf
    import torch
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "attn_norm": "input_layernorm", "ffn_norm":
             "post_attention_layernorm", "attn_output": "self_attn.o_proj", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
             "attn_v": "self_attn.v_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    heads = {"attn_q": 9, "attn_k": 3}
    reader, found, equal = gguf.GGUFReader(args.gguf), tensors_of(args.model), 0
    for tensor in reader.tensors:
        parts = tensor.name.split(".")
        stem = parts[-2]
        name = (f"model.layers.{parts[1]}." if parts[0] == "blk" else "") + names[stem] + ".weight"
        rows = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
        if stem in heads:
            size = rows.shape[0] // heads[stem]
            rows = torch.cat([torch.cat([head[0::2], head[1::2]]) for head in rows.split(size)])
        equal += torch.equal(rows, found.pop(name))
    report("tensors", equal == len(reader.tensors) and not found,
           f"{equal} of {len(reader.tensors)} equal, {len(found)} more in the folder")


def r1_answers(args, model):
    args.work.mkdir(parents=True, exist_ok=True)
    prompts = args.work / "prompts.txt"
    prompts.write_text("\n".join(PROMPTS) + "\n", encoding="utf-8")
    done = subprocess.run([args.r1, "generate", model, "--file", prompts, "--prompt_template", TEMPLATE.replace("\n", "\\n"),
                           "--temperature", "0", "--max_new_tokens", str(NEW_TOKENS), "--json"],
                          stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    by_prompt = {answer["prompt"]: answer["completion"] for answer in answers}
    return [by_prompt[prompt] for prompt in PROMPTS]


def compare(what, got, expected, needed=len(PROMPTS)):
    equal = sum(a == b for a, b in zip(got, expected))
    for prompt, a, b in zip(PROMPTS, got, expected):
        if a != b:
            common = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            print(f"     {prompt!r} differs after {common} characters: {a[common:common + 30]!r} | {b[common:common + 30]!r}")
    report(what, equal >= needed, f"{equal} of {len(expected)} texts equal")


def transformers_model(args):
    import torch
    import transformers
    torch.set_num_threads(args.threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    return tokenizer, transformers.AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32, attn_implementation="eager")


def check_answers(args):
    import torch
    tokenizer, model = transformers_model(args)
    expected = []
    for prompt in PROMPTS:
        ids = tokenizer(TEMPLATE.replace("{prompt}", prompt), return_tensors="pt", add_special_tokens=False).input_ids
        with torch.no_grad():
            out = model.generate(ids, max_new_tokens=NEW_TOKENS, do_sample=False)[0, ids.shape[1]:].tolist()
        ends = model.generation_config.eos_token_id
        while out and out[-1] in (ends if isinstance(ends, list) else [ends]):
            out.pop()
        expected.append(tokenizer.decode(out, clean_up_tokenization_spaces=False))
    text = tokenizer.apply_chat_template([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], tokenize=False,
                                         add_generation_prompt=True)
    report("chat template loads in transformers", text.endswith("<|im_start|>assistant\n"), repr(text[:40]))
    compare("answers, r1 and transformers", r1_answers(args, args.model), expected)


def windows(args, tokenizer):
    text = (args.data / "wikitext2" / "test.txt").read_text(encoding="utf-8")
    ids = tokenizer(text, add_special_tokens=False).input_ids
    cut = [ids[i:i + 1024] for i in range(0, len(ids), 1024)]
    return [window for window in cut if len(window) > 1][:args.windows]


def check_perplexity(args):
    import math
    import torch
    from safetensors.torch import load_file
    tokenizer, model = transformers_model(args)
    cut = windows(args, tokenizer)
    args.work.mkdir(parents=True, exist_ok=True)
    ours = theirs = count = 0
    for start in range(0, len(cut), 4):
        batch, ids, out = cut[start:start + 4], args.work / "ids.json", args.work / "logits.safetensors"
        ids.write_text(json.dumps(batch))
        subprocess.run([args.r1, "logits", args.model, "--ids", ids, "--out", out, "--dtype", "f32"], check=True, stdout=subprocess.DEVNULL)
        found = load_file(out)
        for i, window in enumerate(batch):
            row = torch.tensor([window])
            with torch.no_grad():
                theirs += torch.nn.functional.cross_entropy(model(row).logits[0, :-1].double(), row[0, 1:], reduction="sum").item()
            ours -= found[f"logprobs.{i}"].double().sum().item()
            count += len(window) - 1
        out.unlink()
    mine, reference = math.exp(ours / count), math.exp(theirs / count)
    report("perplexity", abs(mine / reference - 1) < 1e-3, f"{mine:.6f} against {reference:.6f} on {count} tokens ({len(cut)} windows)")


def llamacpp_server(args, file, context):
    """All in float32: its fused attention would round to half precision."""
    import xllamacpp
    params = xllamacpp.CommonParams()
    params.model.path, params.warmup = str(file), False
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads = context, 1, args.threads
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    return xllamacpp.Server(params)


def llamacpp_answers(args, file):
    server, out = llamacpp_server(args, file, 1024), []
    for prompt in PROMPTS:
        answer = server.handle_completions({"prompt": TEMPLATE.replace("{prompt}", prompt), "n_predict": NEW_TOKENS, "temperature": 0,
                                            "top_k": 1, "cache_prompt": False})
        out.append(answer["choices"][0]["text"])
    return out


def check_llamacpp(args):
    for kind in ("f32", "f16", "bf16", "q8_0"):
        file = args.work / f"smollm2-{kind}.gguf"
        file.unlink(missing_ok=True)
        subprocess.run([args.r1, "convert", args.model, file, "--type", kind], check=True)
        compare(f"llama.cpp on r1's {kind} file, and r1 on it", llamacpp_answers(args, file), r1_answers(args, file),
                len(PROMPTS) if kind == "f32" else 0)


def tiny_tokenizer():
    """A tokenizer.json of 61 ids that cuts as Qwen2's."""
    vocabulary = {token: i for i, token in enumerate(["<|endoftext|>", "<|im_end|>", *"Ġ.0123456789abcdefghijklmnopqrstuvwxyz"])}
    special = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
               for token, i in vocabulary.items() if i < 2]
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"version": "1.0", "added_tokens": special, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_]},
            "decoder": bytes_, "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}


def check_tiny(args):
    import shutil
    import torch
    from safetensors.torch import load_file
    golden = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/llama"
    args.work.mkdir(parents=True, exist_ok=True)
    for case in ("llama", "llama_bias_llama3", "llama_linear", "llama_yarn", "qwen2", "qwen2_yarn", "qwen3"):
        folder, file = args.work / case, args.work / f"{case}.gguf"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(golden / case, folder, ignore=shutil.ignore_patterns("golden.safetensors"))
        (folder / "tokenizer.json").write_text(json.dumps(tiny_tokenizer()), encoding="utf-8")
        subprocess.run([args.r1, "convert", folder, file, "--type", "f32"], check=True)
        expected = load_file(golden / case / "golden.safetensors")
        wanted = torch.log_softmax(expected["logits.0"][-1], -1)
        answer = llamacpp_server(args, file, 64).handle_completions({"prompt": expected["ids.0"].tolist(), "n_predict": 1, "temperature": 0,
                                                                     "n_probs": 61, "logprobs": 61, "cache_prompt": False})
        found = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        worst = max(abs(entry["logprob"] - wanted[entry["id"]].item()) for entry in found)
        report(f"llama.cpp on r1's file of {case}", worst < 1e-5 and len(found) == 61, f"largest difference {worst:.1e} of {len(found)}")


def check_roundtrips(args):
    import shutil
    import torch
    before = tensors_of(args.model)
    steps = {"in shards": [["shards", "--shard_size", "100MB"]], "through GGUF F32": [["x.gguf", "--type", "f32"], ["x"]],
             "bf16 through GGUF BF16": [["b", "--dtype", "bf16"], ["b.gguf", "--type", "bf16"], ["bb", "--dtype", "bf16"]]}
    for what, conversions in steps.items():
        source, folders = args.model, []
        for target, *options in conversions:
            to = args.work / target
            shutil.rmtree(to, ignore_errors=True)
            to.unlink(missing_ok=True)
            subprocess.run([args.r1, "convert", source, to, *options], check=True)
            source = to
            folders += [to] if to.is_dir() else []
        start, end = tensors_of(folders[0]) if len(folders) > 1 else before, tensors_of(folders[-1])
        equal = sum(name in end and end[name].dtype == tensor.dtype and torch.equal(end[name], tensor) for name, tensor in start.items())
        same = [name for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json")
                if (args.model / name).read_bytes() == (folders[-1] / name).read_bytes()]
        report(f"round trip {what}", equal == len(start) == len(end) and len(same) == 3,
               f"{equal} of {len(start)} tensors equal, and {', '.join(same)}")


def main():
    checks = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("checks", nargs="*", default=list(checks), help=", ".join(checks))
    parser.add_argument("--r1", default=root / "build/r1", type=pathlib.Path)
    parser.add_argument("--model", default=root / "models/smollm2", type=pathlib.Path)
    parser.add_argument("--gguf", default=root / "models/SmolLM2-135M-Instruct.Q4_1.gguf", type=pathlib.Path)
    parser.add_argument("--data", default=root / "../shared/data", type=pathlib.Path, help="the folder that holds wikitext2/test.txt")
    parser.add_argument("--work", default=pathlib.Path("/tmp/r1_smollm2"), type=pathlib.Path, help="for files in between")
    parser.add_argument("--windows", default=None, type=int, help="perplexity of the first ones only")
    parser.add_argument("--threads", default=2, type=int)
    args = parser.parse_args()
    for name in args.checks:
        checks[name](args)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
