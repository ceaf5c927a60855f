#!/usr/bin/env python3
"""The whole R1 recipe on tiny models: every stage runs, the report has the table, the same seed gives the same bytes at another
place, a kill in any stage changes nothing, one changed field runs what depends on it alone, every recipe of the repository can
be planned."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import r1
from r1 import run

TINY_R1 = r1.HERE / "tiny_r1.yaml"
STAGES = ["corpus", "tokenizer", "pretrain", "zero", "cold_start", "reasoning_rl", "rejection_sampling", "sft", "reward_models",
          "general_rl", "students", "distill", "distill_control", "evaluate", "report"]
# Each has one field that changes and the stages that must run again; all others must not.
CHANGES = [
    ("evaluate.page_samples=1", ["evaluate", "report"]),
    # The control reads what distillation took; the table has no row of a soft student, and the control's budget (hard) is the same.
    ("distill.soft.steps=5", ["distill", "distill_control", "report"]),
]


def without_times(report):
    """report.json without what the clock decides."""
    report = json.loads(report)
    del report["seconds"]
    for stage in report["stages"]:
        del stage["seconds"]
    report["checks"] = [check for check in report["checks"] if check["name"] != "seconds"]
    return report


class WholeRecipe(r1.Scratch):
    """One run for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.shared = r1.pathlib.Path(r1.tempfile.mkdtemp(prefix="r1_e2e_"))
        cls.out = cls.shared / "run"
        run("run", TINY_R1, "--out", cls.out)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def report(self, out):
        return without_times((out / "report" / "report.json").read_text())

    def test_every_stage_leaves_a_manifest_and_a_model_that_can_be_asked(self):
        for stage in STAGES:
            self.assertTrue((self.out / stage / "manifest.json").exists(), stage)
            self.assertFalse((self.out / stage / "r1_state").exists(), stage)
        for model in ["cold_start/model", "general_rl/model", "distill/small_hard", "distill/large_soft"]:
            # A model this small also says bytes that are no text.
            run("generate", self.out / model, "--prompt", "1+1+1\n", "--max_new_tokens", "4", errors="replace")

    def test_the_report_has_every_model_and_measure(self):
        report = self.report(self.out)
        self.assertEqual(set(report["table"]), {"Base", "Zero", "Dev1", "Dev2", "Dev3", "R1", "small hard", "small control"})
        for model, row in report["table"].items():
            for measure in ["maths", "code", "knowledge", "format", "language", "helpful", "safe", "length"]:
                self.assertIn("value", row[measure], f"{model} {measure}")
        checks = {check["name"]: check for check in report["checks"]}
        self.assertEqual(checks["contaminated_test_problems"]["value"], 0)
        self.assertEqual(checks["sampling_logp_difference_max"]["value"], 0)
        for name in ["zero_minus_base", "dev2_language_consistency", "language_shortfall_closed"]:
            self.assertIn(name, checks)

    def test_examples_know_where_they_come_from(self):
        for file in ["cold_start/cold_start.jsonl", "rejection_sampling/sft.jsonl", "distill/distill.jsonl"]:
            records = [json.loads(line) for line in (self.out / file).read_text().splitlines()]
            self.assertTrue(records, file)
            self.assertEqual(len({r["id"] for r in records}), len(records), file)
            self.assertTrue(all(r["source"] and r["prompt"] and r["completion"] for r in records), file)
        sources = {json.loads(line)["source"] for line in (self.out / "rejection_sampling/sft.jsonl").read_text().splitlines()}
        self.assertIn("dev2", sources)
        self.assertIn("general", sources)

    def test_a_review_changes_what_is_trained_on(self):
        copy = self.folder / "reviewed"
        shutil.copytree(self.out, copy)
        records = [json.loads(line) for line in (self.out / "cold_start/review.jsonl").read_text().splitlines()]
        decisions = self.folder / "decisions.jsonl"
        decisions.write_text(json.dumps({"id": records[0]["id"], "decision": "reject"}) + "\n" +
                             json.dumps({"id": records[1]["id"], "decision": "edit", "completion": "<answer>7</answer>"}) + "\n")
        run("run", TINY_R1, "--out", copy, "--only", "cold_start", "--set", f"cold_start.review={decisions}")
        kept = {r["id"]: r for r in map(json.loads, (copy / "cold_start/cold_start.jsonl").read_text().splitlines())}
        self.assertNotIn(records[0]["id"], kept)
        self.assertEqual(kept[records[1]["id"]]["completion"], "<answer>7</answer>")
        self.assertEqual(len(kept), len(records) - 1)

    def test_one_changed_field_runs_what_depends_on_it_alone(self):
        for change, expected in CHANGES:
            copy = self.folder / change.split("=")[0]
            shutil.copytree(self.out, copy)
            again = run("run", TINY_R1, "--out", copy, "--set", change)
            ran = [stage for stage in STAGES if f"stage {stage} is done" in again.stderr]
            self.assertEqual(ran, expected, change)

    def test_an_edited_manifest_is_detected(self):
        copy = self.folder / "edited"
        shutil.copytree(self.out, copy)
        manifest = copy / "sft" / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"final_loss": ', '"final_loss": 1'))
        again = run("run", TINY_R1, "--out", copy, check=False)
        self.assertEqual(again.returncode, 2)
        self.assertIn("sft/manifest.json", again.stderr)

    def test_a_kill_in_every_stage_gives_the_bytes_of_the_run_left_alone(self):
        seed = int(os.environ.get("R1_KILL_SEED", random.SystemRandom().randrange(1 << 31)))
        print(f"R1_KILL_SEED={seed}", file=sys.stderr)
        rng = random.Random(seed)
        out, killed = self.folder / "killed", []
        for stage in STAGES:
            process = subprocess.Popen([r1.PROGRAM, "run", str(TINY_R1), "--out", str(out)], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            started, done = out / stage / "started.json", out / stage / "manifest.json"
            while process.poll() is None and not started.exists() and not done.exists():
                time.sleep(0.001)
            time.sleep(rng.random() * {"corpus": 0.05, "tokenizer": 0.05, "report": 0.01}.get(stage, 0.8))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed.append(stage)
        print(f"killed in or right after: {killed}", file=sys.stderr)
        self.assertGreaterEqual(len(killed), 12)
        run("run", TINY_R1, "--out", out)
        self.assertEqual(r1.differences(self.out, out), [])
        self.assertEqual(self.report(out), self.report(self.out))

    def test_every_recipe_of_the_repository_can_be_planned(self):
        for recipe in sorted((r1.REPOSITORY / "recipes").glob("*.yaml")):
            plan = run("run", recipe, "--plan", "--out", self.folder / "nowhere").stdout
            self.assertIn(f"recipe {recipe.stem}", plan)
            self.assertIn("new", plan)
            self.assertFalse((self.folder / "nowhere").exists())
        self.assertIn("10400 in all", run("run", r1.REPOSITORY / "recipes" / "r1_671b.yaml", "--plan").stdout)


if __name__ == "__main__":
    r1.main()
