#!/usr/bin/env python3
"""`r1 run --nproc 2`: pre-training and RL shared by two processes; killed and run again, the same bytes."""

import json
import os
import signal
import subprocess
import time

import r1
from r1 import run

SETTINGS = ["--set", "pretrain.steps=40", "--set", "zero.steps=4", "--only", "corpus,tokenizer,pretrain,zero", "--nproc", "2"]


class Processes(r1.Scratch):
    def command(self, out):
        return ["run", r1.TINY, "--out", out, *SETTINGS]

    def losses(self, out, stage):
        records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        return [r["loss"] for r in records if r["stage"] == stage]

    def test_two_processes_do_what_one_does_and_a_kill_changes_nothing(self):
        one, two, cut = self.folder / "one", self.folder / "two", self.folder / "cut"
        run(*self.command(one)[:-1], "1")
        done = run(*self.command(two))
        for stage in ["pretrain", "zero"]:
            self.assertIn(f"stage {stage} is shared by 2 processes", done.stderr)
        self.assertNotIn("stage corpus is shared", done.stderr)
        for a, b in zip(self.losses(one, "pretrain"), self.losses(two, "pretrain"), strict=True):
            self.assertAlmostEqual(a, b, delta=1e-3)
        metrics = json.loads((two / "zero" / "manifest.json").read_text())["metrics"]
        self.assertEqual(metrics["sampling_logp_difference_max"], 0)

        killed = subprocess.Popen([r1.PROGRAM, *map(str, self.command(cut))], stderr=subprocess.DEVNULL)
        while not (cut / "pretrain" / "r1_state" / "step-25").exists():
            self.assertIsNone(killed.poll(), "it ended before its first checkpoint")
            time.sleep(0.005)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        run(*self.command(cut))
        self.assertEqual(r1.differences(two, cut), [])


if __name__ == "__main__":
    r1.main()
