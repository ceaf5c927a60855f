#!/usr/bin/env python3
"""kill -9 at random moments, then the same command: the bytes of the run that was left alone.

Each kill waits for a phase that the program marks (R1_PHASE_LOG), for a random occurrence of it and a random moment after it;
what it hit is read from the last mark and logged. A kill that came too late for its phase is a kill too, but the phase is tried
again. The seed is logged: R1_KILL_SEED repeats a run's draws (not its timing, which is the machine's).
"""

import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import r1
from r1 import run

# Phase to wait for, marks of it that may pass first (at most), seconds after the mark (at most).
PLANS = [
    ("pretrain/step", 120, 0.02),
    ("pretrain/update", 120, 0.002),
    ("pretrain/step", 120, 0.02),
    ("pretrain/checkpoint_begin", 5, 0.002),
    ("zero/rollout", 11, 0.02),
    ("zero/rollout", 11, 0.05),
    ("zero/reward", 11, 0.005),
    ("zero/update", 23, 0.02),
    ("zero/update", 23, 0.02),
    ("zero/checkpoint_begin", 5, 0.002),
]
MUST_HIT = ["pretrain/step", "zero/rollout", "zero/update", "pretrain/checkpoint_begin", "zero/checkpoint_begin"]
TRIES = 6


class KillResume(r1.Scratch):
    def marks(self, log):
        """The phases marked so far with their stages: pretrain/step is a forward and backward, each update ends one."""
        stage, marks = "", []
        for line in log.read_text().splitlines() if log.exists() else []:
            if line in ("pretrain", "rollout"):
                stage = {"pretrain": "pretrain", "rollout": "zero"}[line]
            marks.append(f"{stage}/{'step' if line == 'pretrain' else line}")
        return marks

    def kill_at(self, out, phase, occurrence, delay):
        """Starts the run, kills it; returns the phase that it was in, or None when it had ended before."""
        log = self.folder / "phases"
        log.unlink(missing_ok=True)
        process = subprocess.Popen([r1.PROGRAM, "run", str(r1.TINY), "--out", str(out)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env={**os.environ, "R1_PHASE_LOG": str(log)})
        while process.poll() is None and self.marks(log).count(phase) < occurrence:
            time.sleep(0.0005)
        time.sleep(delay)
        if process.poll() is not None:
            return None
        process.send_signal(signal.SIGKILL)
        process.wait()
        return self.marks(log)[-1]

    def test_ten_kills_give_the_bytes_of_the_run_left_alone(self):
        seed = int(os.environ.get("R1_KILL_SEED", random.SystemRandom().randrange(1 << 31)))
        draw = random.Random(seed)
        print(f"R1_KILL_SEED={seed}", file=sys.stderr)
        reference = self.folder / "reference"
        run("run", r1.TINY, "--out", reference)

        hits = collections.Counter()
        for number, (phase, most, delay) in enumerate(PLANS, 1):
            for attempt in range(TRIES):
                out = self.folder / "killed"
                shutil.rmtree(out, ignore_errors=True)
                occurrence, moment = draw.randint(1, most), draw.uniform(0, delay)
                hit = self.kill_at(out, phase, occurrence, moment)
                print(f"kill {number}: {moment * 1000:.1f} ms after {phase} no. {occurrence}: hit {hit}", file=sys.stderr)
                if hit is None:
                    continue
                hits[hit] += 1
                run("run", r1.TINY, "--out", out)
                self.assertEqual(r1.differences(reference, out), [], f"kill {number} in {hit}, seed {seed}")
                if hit == phase or phase not in MUST_HIT:
                    break
        print(f"hits: {dict(hits)}", file=sys.stderr)
        for phase in MUST_HIT:
            self.assertGreater(hits[phase], 0, f"no kill hit {phase}: {dict(hits)}, seed {seed}")
        self.assertGreaterEqual(sum(hits.values()), 10)

    def test_several_kills_in_one_run(self):
        seed = int(os.environ.get("R1_KILL_SEED", random.SystemRandom().randrange(1 << 31)))
        draw = random.Random(seed + 1)
        reference, out = self.folder / "reference", self.folder / "killed"
        run("run", r1.TINY, "--out", reference)
        for phase, most in [("pretrain/step", 60), ("pretrain/step", 60), ("zero/rollout", 5), ("zero/update", 6)]:
            hit = self.kill_at(out, phase, draw.randint(1, most), draw.uniform(0, 0.02))
            print(f"one run, after {phase}: hit {hit}", file=sys.stderr)
        run("run", r1.TINY, "--out", out)
        self.assertEqual(r1.differences(reference, out), [], f"seed {seed}")


if __name__ == "__main__":
    r1.main()
