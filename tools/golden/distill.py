#!/usr/bin/env python3
"""Golden values of the distillation divergences: writes tests/golden/distill.json.

Plain torch in float64: distributions by softmax, divergences by their definition as sums over the vocabulary, gradients with
respect to the student's logits by autograd (r1 has them in closed form). The kinds are those of the RL handbook (rl.md 2.3,
GKD): forward KL(T || S), reverse KL(S || T), jsd beta KL(T || M) + (1 - beta) KL(S || M) with M = (1 - beta) S + beta T, whose
ends beta = 0 and 1 are forward and reverse. It holds no normaliser over tokens and no on-policy sampling."""

import argparse
import json
import pathlib

import torch

TEACHER = [[2.0, -1.0, .5, .25, -3.0], [0.0, 0.0, 0.0, 0.0, 0.0], [-4.0, 6.0, 1.5, -.75, 2.25]]
STUDENT = [[1.5, .5, -.5, 1.25, -2.0], [1.0, -1.0, 2.0, -2.0, .5], [3.0, -2.0, .125, 4.5, -1.0]]
CASES = [(kind, beta, temperature) for kind, betas in (("forward", [.5]), ("reverse", [.5]), ("jsd", [0.0, .1, .5, .9, 1.0]))
         for beta in betas for temperature in (1.0, .9, 2.0)]


def kl(p, q):
    return (p * (p / q).log()).sum(-1)


def divergence(kind, beta, t, s):
    if kind == "forward" or (kind == "jsd" and beta == 0.0):
        return kl(t, s)
    if kind == "reverse" or (kind == "jsd" and beta == 1.0):
        return kl(s, t)
    m = (1 - beta) * s + beta * t
    return beta * kl(t, m) + (1 - beta) * kl(s, m)


def case(kind, beta, temperature):
    logits = torch.tensor(STUDENT, dtype=torch.float64, requires_grad=True)
    t = torch.softmax(torch.tensor(TEACHER, dtype=torch.float64) / temperature, -1)
    value = divergence(kind, beta, t, torch.softmax(logits / temperature, -1))
    value.sum().backward()
    return dict(kind=kind, beta=beta, temperature=temperature, value=value.tolist(), gradient=logits.grad.tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/distill.json"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    out = parser.parse_args().out
    cases = [case(*c) for c in CASES]
    out.write_text(json.dumps(dict(teacher=TEACHER, student=STUDENT, cases=cases), indent=1) + "\n")
    print(f"{out.name}: {len(cases)} cases")


if __name__ == "__main__":
    main()
