#!/usr/bin/env python3
"""`r1 run` from nothing to the page: the tiny recipe, what a second run does, the other verbs on what came out."""

import json
import os
import shutil

import r1
from r1 import run


class TinyRun(r1.Scratch):
    """One run for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.shared = r1.pathlib.Path(r1.tempfile.mkdtemp(prefix="r1_e2e_"))
        cls.out = cls.shared / "run"
        cls.first = run("run", r1.TINY, "--out", cls.out)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def report(self):
        return json.loads((self.out / "report" / "report.json").read_text())

    def test_every_stage_leaves_a_manifest(self):
        for stage in ["corpus", "tokenizer", "pretrain", "zero", "eval", "report"]:
            manifest = json.loads((self.out / stage / "manifest.json").read_text())
            self.assertEqual(manifest["stage"], stage)
            self.assertEqual(manifest["recipe"], "tiny")
            self.assertFalse((self.out / stage / "r1_state").exists())
            for entry in manifest["inputs"] + manifest["outputs"]:
                self.assertFalse(entry["path"].startswith("/"), entry)

    def test_report_has_the_agreed_form(self):
        report = self.report()
        self.assertEqual(list(report), ["recipe", "seconds", "stages", "checks"])
        self.assertEqual([s["name"] for s in report["stages"]], ["corpus", "tokenizer", "pretrain", "zero", "eval"])
        checks = {c["name"]: c for c in report["checks"]}
        for name in ["base_pass_at_1", "final_pass_at_1", "pass_at_1_gain", "lenient_gain", "seconds"]:
            self.assertIsInstance(checks[name]["value"], float, name)
        self.assertEqual(checks["sampling_logp_difference_max"]["value"], 0)
        self.assertEqual(checks["contaminated_test_problems"]["value"], 0)
        page = (self.out / "report" / "report.html").read_text()
        self.assertIn("</html>", page)
        self.assertNotIn("<script", page)

    def test_metrics_are_logged_step_by_step(self):
        records = [json.loads(line) for line in (self.out / "metrics.jsonl").read_text().splitlines()]
        zero = [r for r in records if r["stage"] == "zero"]
        self.assertEqual([r["step"] for r in zero], list(range(1, 13)))
        for record in zero:
            self.assertEqual(record["sampling/sampling_logp_difference/max"], 0)
        losses = [r["loss"] for r in records if r["stage"] == "pretrain"]
        self.assertLess(losses[-1], losses[0] - 1)

    def test_a_second_run_does_nothing_and_a_moved_one_neither(self):
        copy = self.folder / "moved"
        shutil.copytree(self.out, copy)
        again = run("run", r1.TINY, "--out", copy)
        self.assertEqual(again.stderr.count("is complete and unchanged"), 6, again.stderr)
        self.assertEqual((copy / "metrics.jsonl").read_bytes(), (self.out / "metrics.jsonl").read_bytes())

    def test_a_changed_setting_runs_what_depends_on_it(self):
        copy = self.folder / "changed"
        shutil.copytree(self.out, copy)
        again = run("run", r1.TINY, "--out", copy, "--set", "eval.page_samples=2")
        for stage in ["corpus", "tokenizer", "pretrain", "zero"]:
            self.assertIn(f"stage {stage} is complete and unchanged", again.stderr)
        for stage in ["eval", "report"]:
            self.assertIn(f"stage {stage} is done", again.stderr)

    def test_a_plan_says_what_would_run_and_writes_nothing(self):
        new = self.folder / "new"
        plan = run("run", r1.TINY, "--out", new, "--plan", "--set", "data.texts=[/nonexistent/a.txt]").stdout
        self.assertIn("missing: /nonexistent/a.txt", plan)
        self.assertIn("6 of 6 stages run", plan)
        self.assertFalse(new.exists())
        before = {file: file.stat().st_mtime_ns for file in self.out.rglob("*")}
        plan = run("run", r1.TINY, "--out", self.out, "--plan").stdout
        self.assertEqual(plan.count("  complete\n"), 6, plan)
        plan = run("run", r1.TINY, "--out", self.out, "--plan", "--set", "zero.clip_high=0.3").stdout
        self.assertIn("its configuration changed: clip_high: ", plan)
        self.assertIn("depends on stage zero, which runs", plan)
        self.assertIn("3 of 6 stages run", plan)
        self.assertEqual({file: file.stat().st_mtime_ns for file in self.out.rglob("*")}, before)

    def test_from_runs_a_stage_and_what_depends_on_it_again(self):
        copy = self.folder / "from"
        shutil.copytree(self.out, copy)
        again = run("run", r1.TINY, "--out", copy, "--from", "eval")
        self.assertEqual(again.stderr.count("is complete and unchanged"), 4, again.stderr)
        for stage in ["eval", "report"]:
            self.assertIn(f"stage {stage} is done", again.stderr)
        self.assertEqual(r1.differences(self.out, copy), [])

    def test_only_runs_the_named_stages(self):
        out = self.folder / "only"
        refused = run("run", r1.TINY, "--out", out, "--only", "zero", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("which stage corpus makes", refused.stderr)
        refused = run("run", r1.TINY, "--out", out, "--only", "tokeniser", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("did you mean tokenizer?", refused.stderr)
        self.assertFalse(out.exists())
        done = run("run", r1.TINY, "--out", out, "--only", "corpus,tokenizer")
        self.assertEqual(done.stdout, "")
        self.assertEqual(sorted(file.parent.name for file in out.glob("*/manifest.json")), ["corpus", "tokenizer"])

    def test_the_same_recipe_gives_the_same_bytes_on_one_core(self):
        one_core = {min(os.sched_getaffinity(0))}
        run("run", r1.TINY, "--out", self.folder / "again", preexec_fn=lambda: os.sched_setaffinity(0, one_core))
        self.assertEqual(r1.differences(self.out, self.folder / "again"), [])

    def test_inspect_generate_eval_report(self):
        model = self.out / "zero" / "model"
        self.assertIn("routed experts", run("inspect", model).stdout)
        self.assertIn("<|eos|>", run("inspect", self.out / "tokenizer" / "tokenizer.json").stdout)
        self.assertIn("documents", run("inspect", self.out / "tokenizer" / "corpus.tokens").stdout)
        self.assertIn("stage zero of recipe tiny", run("inspect", self.out / "zero").stdout)
        arguments = ["generate", model, "--prompt", "User: 1+1=?\nAssistant: ", "--n", "3", "--max_new_tokens", "8",
                     "--logprobs"]
        samples = [json.loads(line) for line in run(*arguments).stdout.splitlines()]
        self.assertEqual([s["sample"] for s in samples], [0, 1, 2])
        self.assertTrue(all(t["logprob"] <= 0 for s in samples for t in s["logprobs"]))
        self.assertEqual(run(*arguments).stdout, run(*arguments).stdout)
        done = run("eval", model, "--problems", self.out / "corpus" / "heldout.jsonl", "--max_new_tokens", "48",
                   "--bootstrap_resamples", "200", "--majority_threshold", "0.5", "--engine.max_tokens", "160")
        figures = json.loads((self.out / "eval" / "eval.json").read_text())["after"]["headline"]
        self.assertEqual(json.loads(done.stdout)["headline"]["pass@1"]["value"], figures["pass@1"]["value"])
        copy = self.folder / "reported"
        shutil.copytree(self.out, copy)
        run("report", copy)
        self.assertEqual(r1.differences(self.out, copy), [])
        run("report", self.out, "--out", self.folder / "page")
        self.assertEqual((self.folder / "page" / "report.html").read_text(),
                         (self.out / "report" / "report.html").read_text())

    def test_tokenizer_is_lossless(self):
        tokenizer = self.out / "tokenizer" / "tokenizer.json"
        text = "<think>1+1;2</think> 你好 \t x\n"
        ids = run("tokenizer", "encode", tokenizer, input=text).stdout
        self.assertEqual(run("tokenizer", "decode", tokenizer, input=ids).stdout, text)


if __name__ == "__main__":
    r1.main()
