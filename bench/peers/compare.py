#!/usr/bin/env python3
"""Runs our speed bench and its peer one after the other on the same weights and prints one line per task with the ratio.

    compare.py MODEL_SPEED PEER_PYTHON RECIPE.yaml [--dtype f32] [--repeats 5] [--rounds 1]

Both use two threads. With --rounds N the pair is run N times, so that a machine that speeds up or slows down shows as spread. The
bars are those of issue 3: rollout 3x, training 1.5x. Exit status 1 when a median ratio misses its bar."""

import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

BARS = {"rollout": 3.0, "training": 1.5}


def lines(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def key(row):
    return (row["what"], row.get("batch") or row.get("rows"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model_speed")
    parser.add_argument("peer_python")
    parser.add_argument("recipe")
    parser.add_argument("--dtype", default="f32", choices=("f32", "bf16"))
    parser.add_argument("--repeats", default="5")
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    peer_script = pathlib.Path(__file__).with_name("transformers_peer.py")
    peer_dtype = {"f32": "float32", "bf16": "bfloat16"}[args.dtype]
    ratios = collections.defaultdict(list)
    shown = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            ours = lines([args.model_speed, args.recipe, folder, "--dtype", args.dtype, "--repeats", args.repeats])
            peer = {key(r): r for r in lines([args.peer_python, str(peer_script), folder, "--dtype", peer_dtype, "--repeats", args.repeats])
                    if r["what"] in BARS}
            for row in ours:
                other = peer[key(row)]
                name = f"{row['what']} {row.get('numerics', '')} {key(row)[1]}"
                ratios[name].append(row["tokens_per_second"] / other["tokens_per_second"])
                shown[name] = (row, other)
    missed = False
    for name, values in ratios.items():
        ours, other = shown[name]
        ratio, bar = statistics.median(values), BARS[ours["what"]]
        missed |= ratio < bar
        print(f"{name:<22} r1 {ours['tokens_per_second']:>10.0f} tok/s ({ours['min']:.0f}-{ours['max']:.0f})   transformers "
              f"{other['tokens_per_second']:>8.0f} ({other['min']:.0f}-{other['max']:.0f}, {other['mode']})   "
              f"{ratio:.2f}x ({min(values):.2f}-{max(values):.2f})  bar {bar}x")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
