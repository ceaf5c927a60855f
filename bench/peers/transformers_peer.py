#!/usr/bin/env python3
"""The named peer of ./dev bench: transformers 5.17's deepseek_v3 on the same weights, dtype and number of threads as r1.

Reads a Hugging Face folder (config.json, model.safetensors) that r1 wrote. The peer gets its best configuration, chosen anew for
each batch size: first every eager variant - attention {sdpa, eager} x experts {grouped_mm, batched_mm, eager} - is warmed up and
tried on `--trial-tokens` new tokens; then the best of them and the compiled ones (torch.compile, with a static cache in rollouts)
at full length; the fastest of these is measured `--repeats` times. batched_mm copies the weights of every token's experts, so it
is left out of training, where it would take gigabytes. One JSON object a line on stdout:
  {"what": "rollout", "batch": 16, "tokens_per_second": .., "min": .., "max": .., "mode": "compiled sdpa grouped_mm", ..}
  {"what": "training", "rows": 8, "length": 256, "tokens_per_second": .., "min": .., "max": .., "mode": "eager sdpa eager", ..}
  {"what": "rollout trial" | "training trial", "mode": .., "tokens_per_second": ..}   or, with "failed": why it can't run
tokens_per_second is the median; rollout counts new tokens, training counts the tokens of the batch.
It measures no MTP head, no padding and no stop token: new tokens are forced."""

import argparse
import itertools
import json
import logging
import os
import pathlib
import statistics
import sys
import time
import warnings

ATTENTION = ("sdpa", "eager")
EXPERTS = {"rollout": ("grouped_mm", "batched_mm", "eager"), "training": ("grouped_mm", "eager")}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path, help="Hugging Face folder of a deepseek_v3 model")
    parser.add_argument("--what", default="rollout,training", help="rollout, training or both")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"), help="of weights and arithmetic")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", default="1,16,64", help="rollout: sequences at a time")
    parser.add_argument("--prompt-length", type=int, default=16)
    parser.add_argument("--new-tokens", type=int, default=128)
    parser.add_argument("--rows", type=int, default=8, help="training: rows of the packed batch")
    parser.add_argument("--length", type=int, default=256, help="training: tokens a row")
    parser.add_argument("--modes", default="eager,compiled", help="eager, compiled or both")
    parser.add_argument("--trial-tokens", type=int, default=16, help="rollout: new tokens of an eager variant's trial")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


ARGS = parse()
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(ARGS.threads)  # read once, when torch is imported
os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import transformers  # noqa: E402


def say(**line):
    print(json.dumps(line), flush=True)


def load():
    model = transformers.AutoModelForCausalLM.from_pretrained(ARGS.model, dtype=getattr(torch, ARGS.dtype))
    assert model.config.model_type == "deepseek_v3", f"{ARGS.model} is no deepseek_v3 model"
    return model


class Peer:
    """One thing to measure. prepare(mode, attention, experts, tokens) -> (run, tokens per run); tokens: of a rollout's trial."""

    def __init__(self, what, prepare, **facts):
        self.what, self.prepare, self.facts = what, prepare, facts

    def trial(self, variant, tokens=None):
        """(tokens per second of one warmed-up run, tokens per run, run); None when the variant can't run, which is said."""
        name = " ".join(variant)
        torch.compiler.reset()
        try:
            run, count = self.prepare(*variant, tokens)
            run()
            if variant[0] == "compiled":
                run()  # a second call may compile once more: other strides, other shapes
            speed = count / timed(run)
        except Exception as error:
            why = f"{type(error).__name__}: {error}".split("\n")[0][:300]
            say(what=f"{self.what} trial", mode=name, failed=why, **self.facts)
            return None
        say(what=f"{self.what} trial", mode=name, tokens_per_second=speed, **self.facts)
        return speed, count, run

    def finals(self):
        modes, out = ARGS.modes.split(","), []
        if "eager" in modes:
            tried = {v: self.trial(v, ARGS.trial_tokens) for v in itertools.product(["eager"], ATTENTION, EXPERTS[self.what])}
            able = {variant: result[0] for variant, result in tried.items() if result is not None}
            out += [max(able, key=able.get)] if able else []
        if "compiled" in modes:
            out += [("compiled", "sdpa", experts) for experts in EXPERTS[self.what]]
        return out

    def measure(self):
        best, line = 0.0, None
        for variant in self.finals():
            result = self.trial(variant)
            if result is None or result[0] <= best:
                continue
            best, count, run = result  # repeated at once: a later trial would drop the compiled code
            speeds = [count / timed(run) for _ in range(ARGS.repeats)]
            line = dict(tokens_per_second=statistics.median(speeds), min=min(speeds), max=max(speeds), mode=" ".join(variant))
        if line is None:
            sys.exit(f"{self.what}: no variant runs here")
        say(what=self.what, **self.facts, **line, dtype=ARGS.dtype, threads=ARGS.threads, repeats=ARGS.repeats,
            torch=torch.__version__, transformers=transformers.__version__)


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def rollout(model, batch):
    prompt = torch.randint(0, model.config.vocab_size, (batch, ARGS.prompt_length),
                           generator=torch.Generator().manual_seed(batch))

    def prepare(mode, attention, experts, tokens):
        model.set_attn_implementation(attention)
        model.set_experts_implementation(experts)
        tokens = tokens or ARGS.new_tokens
        settings = dict(do_sample=True, temperature=1.0, top_k=0, top_p=1.0, use_cache=True, pad_token_id=0,
                        min_new_tokens=tokens, max_new_tokens=tokens, disable_compile=True)
        if mode == "compiled":
            compile_config = transformers.CompileConfig(fullgraph=False, mode="default")
            compile_config._compile_all_devices = True  # generate() compiles on GPUs only unless told so
            settings |= dict(disable_compile=False, cache_implementation="static", compile_config=compile_config)

        @torch.inference_mode()
        def run():
            ids = model.generate(prompt, attention_mask=torch.ones_like(prompt), **settings)
            assert ids.shape == (batch, ARGS.prompt_length + tokens), f"generate stopped early: {ids.shape}"

        return run, batch * tokens

    Peer("rollout", prepare, batch=batch, new_tokens=ARGS.new_tokens).measure()


def training(model):
    rows = torch.randint(0, model.config.vocab_size, (ARGS.rows, ARGS.length), generator=torch.Generator().manual_seed(0))

    def prepare(mode, attention, experts, _):
        model.set_attn_implementation(attention)
        model.set_experts_implementation(experts)
        forward = torch.compile(model) if mode == "compiled" else model
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.1, fused=True)

        def run():
            loss = forward(input_ids=rows, labels=rows, use_cache=False).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            assert torch.isfinite(loss), "the loss is not finite"

        return run, rows.numel()

    Peer("training", prepare, rows=ARGS.rows, length=ARGS.length).measure()


def main():
    torch.set_num_threads(ARGS.threads)
    torch._logging.set_logs(dynamo=logging.CRITICAL, inductor=logging.CRITICAL)  # every graph break is told at length
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    wanted = ARGS.what.split(",")
    if "rollout" in wanted:
        model = load().eval()
        for batch in map(int, ARGS.batches.split(",")):
            rollout(model, batch)
    if "training" in wanted:
        training(load().train())


if __name__ == "__main__":
    main()
