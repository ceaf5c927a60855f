#!/usr/bin/env python3
"""Golden values of a tiny reward model: writes tests/golden/reward_model.json.

The reference is transformers' DeepseekV3ForSequenceClassification with one label, on the checkpoint of tests/golden/deepseek_v3/moe
and a random head, wholly in float64 (deepseek_v3.py says how), one text a forward. Losses: TRL's pairwise loss
-log sigmoid(c - r) + center (c + r)^2, and binary cross-entropy, as means.

  center, score_weight [H], chosen, rejected (lists of token ids), labels
  chosen_scores, rejected_scores   pairwise, pointwise: {loss, norms: {parameter on disk: |gradient|, those above 1e-6},
  score_gradient [H]}; pointwise is over the chosen texts with the labels.
It is not a test: the C++ test reads what it wrote. The same environment gives the same bytes."""

import argparse
import json
import pathlib

import torch
from safetensors.torch import load_file
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as dsv3

import deepseek_v3 as reference

ROOT = pathlib.Path(__file__).resolve().parents[2]
CENTER = 0.05


def load_model(folder, head):
    model = dsv3.DeepseekV3ForSequenceClassification.from_pretrained(
        folder, num_labels=1, dtype=torch.float64, attn_implementation="eager", experts_implementation="eager").eval()
    weights = load_file(folder / "model.safetensors")
    for name, buffer in model.named_buffers():
        if name.endswith("e_score_correction_bias"):
            buffer.data = weights[name].double()
    for name, tensor in reference.per_expert({n: p.detach() for n, p in model.named_parameters()}).items():
        assert name == "score.weight" or torch.equal(tensor, weights[name].double()), f"{name} did not survive"
    with torch.no_grad():
        model.score.weight.copy_(head[None])
    return model


def case(model, loss):
    model.zero_grad()
    loss.backward(retain_graph=True)
    named = reference.per_expert({n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    norms = {n: g.norm().item() for n, g in sorted(named.items()) if g.norm() > 1e-6}
    return dict(loss=loss.item(), norms=norms, score_gradient=model.score.weight.grad[0].tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "tests/golden/reward_model.json")
    out = parser.parse_args().out
    g = torch.Generator().manual_seed(11)
    head = (0.3 * torch.randn(32, generator=g)).double()
    texts = lambda sizes: [torch.randint(3, 96, (n,), generator=g).tolist() for n in sizes]
    chosen, rejected, labels = texts((12, 5, 20)), texts((7, 16, 3)), [1.0, 0.0, 0.25]
    with reference.InFloat64():
        model = load_model(ROOT / "tests/golden/deepseek_v3/moe", head)
        score = lambda ids: model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, 0]
        c, r = torch.stack([score(t) for t in chosen]), torch.stack([score(t) for t in rejected])
        pairwise = (-torch.nn.functional.logsigmoid(c - r) + CENTER * (c + r) ** 2).mean()
        y = torch.tensor(labels, dtype=torch.float64)
        pointwise = torch.nn.functional.binary_cross_entropy_with_logits(c, y)
        golden = dict(center=CENTER, score_weight=head.tolist(), chosen=chosen, rejected=rejected, labels=labels,
                      chosen_scores=c.tolist(), rejected_scores=r.tolist(), pairwise=case(model, pairwise),
                      pointwise=case(model, pointwise))
    out.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
