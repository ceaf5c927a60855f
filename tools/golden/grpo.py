#!/usr/bin/env python3
"""Golden values of the GRPO family's losses and advantages: writes tests/golden/grpo.json.

Plain torch in float64 after the formulas of the RL handbook (rl.md 2.2-2.3: TRL's _compute_loss and its reductions; the R1 row
is TRL's `grpo` with epsilon 10 and beta 0.001). Every value that the handbook prints (taken there from the projects' own code) is
asserted against it before anything is written: losses and gradient norms to 1e-9, gradients to 1e-8. Batch: B = 2, T = 4.
It holds no CISPO, SAPO, VESPO or importance-sampling correction."""

import argparse
import json
import pathlib

import torch

INPUTS = dict(
    logp=[[-.5, -1.2, -.1, 0], [-2, -.3, -.7, -1.5]],
    old_logp=[[-.6, -1, -.4, 0], [-1.6, -.35, -.7, -2.1]],
    ref_logp=[[-.55, -1.4, -.1, 0], [-1.8, -.5, -.6, -1.7]],
    mask=[[1, 1, 1, 0], [1, 1, 1, 1]],
    advantages=[1.5, -.75],
    max_completion_length=8)

# name, options, then what the handbook prints: loss, |gradient|, gradient.
CASES = [
    ("grpo", dict(), -.3428451150, .4073277172,
     [[-.27629273, -.20468269, 0, 0], [0, .09855667, .09375, .17082364]]),
    ("bnpo", dict(reduction="token_mean"), -.1686871549, .3861928439, None),
    ("dapo", dict(reduction="token_mean"), -.1686871549, .3861928439,
     [[-.23682234, -.1754423, 0, 0], [0, .11263619, .10714286, .19522701]]),
    ("dr_grpo", dict(reduction="constant"), -.0738006303, .1689593692, None),
    ("dapo, beta .04", dict(reduction="token_mean", beta=.04), -.1682071814, .3862171930,
     [[-.23654365, -.17440648, 0, 0], [-.00126516, .11367201, .10654188, .19626284]]),
    ("dapo, beta .04, bias-corrected KL", dict(reduction="token_mean", beta=.04, bias_correction_kl=True),
     -.1681726832, .3868281229, [[-.23650658, -.17450661, 0, 0], [-.00076608, .11383764, .10657143, .19730944]]),
    ("dapo, epsilon_high .28", dict(reduction="token_mean", epsilon_high=.28), -.1858300120, .3861928439, None),
    ("dapo, delta 1.5", dict(reduction="token_mean", delta=1.5), -.2031998835, .3332136335, None),
    ("R1: grpo, epsilon 10, beta .001", dict(epsilon_low=10., epsilon_high=10., beta=.001), -.3924559815, .5326695810, None),
    ("grpo, sequence level", dict(level="sequence"), -.4025189072, .5040640113, None),
    ("GSPO: grpo, sequence level, 3e-4/4e-4", dict(level="sequence", epsilon_low=3e-4, epsilon_high=4e-4),
     -.3511145779, .1995927110, [[0, 0, 0, 0], [.09979636] * 4]),
]
DEFAULTS = dict(reduction="sequence_mean", level="token", epsilon_low=.2, epsilon_high=.2, delta=None, beta=0.0,
                bias_correction_kl=False)

REWARDS = [[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 0, 1]]
PRINTED_ADVANTAGES = {
    "group": [[.86587543, -.86587543, -.86587543, .86587543], [0] * 4, [.49990002, .49990002, -1.49970006, .49990002]],
    "batch": [[.97081978, -.97081978, -.97081978, .97081978], [0] * 4, [.48540989, .48540989, -1.45622967, .48540989]],
    "none": [[.5, -.5, -.5, .5], [0] * 4, [.25, .25, -.75, .25]],
    "rloo": [[.66666667, -.66666667, -.66666667, .66666667], [0] * 4, [.33333333, .33333333, -1., .33333333]],
}


def tensor(name):
    return torch.tensor(INPUTS[name], dtype=torch.float64)


def k3(logp, ref):
    return torch.exp(ref - logp) - (ref - logp) - 1


def loss_of(options, logp):
    """(loss, metrics) of one case; `logp` requires a gradient."""
    o = DEFAULTS | options
    old, ref, mask, a = tensor("old_logp"), tensor("ref_logp"), tensor("mask"), tensor("advantages")[:, None]
    log_ratio = logp - old
    if o["level"] == "sequence":
        log_ratio = (log_ratio * mask).sum(-1, keepdim=True) / mask.sum(-1, keepdim=True)
    w = log_ratio.exp()
    capped = w if o["delta"] is None else w.clamp(max=o["delta"])
    per_token = -torch.min(capped * a, w.clamp(1 - o["epsilon_low"], 1 + o["epsilon_high"]) * a)
    per_token = per_token.expand_as(mask)
    kl = k3(logp, ref) * (w if o["bias_correction_kl"] else 1)
    if o["beta"]:
        per_token = per_token + o["beta"] * kl
    summed = (per_token * mask).sum(-1)
    if o["reduction"] == "sequence_mean":
        loss = (summed / mask.sum(-1)).mean()
    elif o["reduction"] == "token_mean":
        loss = summed.sum() / mask.sum()
    else:
        loss = summed.sum() / (mask.shape[0] * INPUTS["max_completion_length"])
    low, high = (capped < 1 - o["epsilon_low"]) & (a < 0), (capped > 1 + o["epsilon_high"]) & (a > 0)
    mean = lambda x: ((x * mask).sum() / mask.sum()).item()
    metrics = dict(low_mean=mean(low), high_mean=mean(high), region_mean=mean(low | high),
                   high_max=((high * mask).sum(-1) / mask.sum(-1)).max().item(), kl=mean(kl.detach()))
    return loss, metrics


def loss_case(name, options, loss, norm, gradient):
    logp = tensor("logp").requires_grad_()
    value, metrics = loss_of(options, logp)
    value.backward()
    assert abs(value.item() - loss) < 1e-9, (name, value.item(), loss)
    assert abs(logp.grad.norm().item() - norm) < 1e-9, (name, logp.grad.norm().item(), norm)
    if gradient is not None:
        assert (logp.grad - torch.tensor(gradient, dtype=torch.float64)).abs().max() < 1e-8, (name, logp.grad)
    return dict(name=name, **(DEFAULTS | options), loss=value.item(), gradient_norm=logp.grad.norm().item(),
                gradient=logp.grad.tolist(), metrics=metrics)


def advantages(scale):
    r = torch.tensor(REWARDS, dtype=torch.float64)
    if scale == "rloo":
        return r - (r.sum(-1, keepdim=True) - r) / (r.shape[1] - 1)
    centred = r - r.mean(-1, keepdim=True)
    spread = {"group": r.std(-1, keepdim=True), "batch": r.std()}.get(scale)
    return centred if spread is None else centred / (spread + 1e-4)


def kl_means():
    """Masked token means of the KL estimators of logp against ref_logp: k1, |k1|, k2 = k1^2/2, k3."""
    logp, ref, mask = tensor("logp"), tensor("ref_logp"), tensor("mask")
    d = logp - ref
    mean = lambda x: ((x * mask).sum() / mask.sum()).item()
    out = dict(k1=mean(d), abs=mean(d.abs()), k2=mean(d * d / 2), k3=mean(k3(logp, ref)))
    for key, printed in dict(k1=.05, abs=.1357142857, k2=.0123214286, k3=.0119993371).items():
        assert abs(out[key] - printed) < 1e-10, (key, out[key])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/grpo.json"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    out = parser.parse_args().out
    losses = [loss_case(*case) for case in CASES]
    dapo = next(c for c in losses if c["name"] == "dapo")["metrics"]
    for key, printed in dict(low_mean=.14285714, high_mean=.14285714, region_mean=.28571429, high_max=.33333333).items():
        assert abs(dapo[key] - printed) < 1e-8, (key, dapo[key])
    table = []
    for scale, printed in PRINTED_ADVANTAGES.items():
        value = advantages(scale)
        assert (value - torch.tensor(printed, dtype=torch.float64)).abs().max() < 1e-8, (scale, value)
        table.append(dict(scale=scale, advantages=value.tolist()))
    document = dict(inputs=INPUTS, losses=losses, kl=kl_means(), rewards=REWARDS, advantages=table)
    out.write_text(json.dumps(document, indent=1) + "\n")
    print(f"{out.name}: {len(losses)} losses, {len(table)} advantage tables")


if __name__ == "__main__":
    main()
