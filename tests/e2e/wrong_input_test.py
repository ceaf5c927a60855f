#!/usr/bin/env python3
"""Wrong input: one clear line, exit code 2, nothing half-written."""

import json
import os
import shutil
import subprocess
import sys
import unittest

import r1
from r1 import run

NUMBERS = '{"id":"a","numbers":[3,4,5],"target":12,"gold_expr":"3+4+5","prompt":"p"}\n'


class WrongInput(r1.Scratch):
    def refused(self, *arguments, said, **options):
        """`r1 arguments` ends with 2 and says all of `said` in its last line, the only one that is no log line."""
        done = run(*arguments, check=False, **options)
        self.assertEqual(done.returncode, 2, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.startswith("r1: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertEqual(done.stderr.splitlines()[-1], lines[0])
        for text in said:
            self.assertIn(text, lines[0])
        return done

    def tiny(self, *sets, out=None):
        arguments = ["run", r1.TINY, "--out", out or self.folder / "run"]
        for item in sets:
            arguments += ["--set", item]
        return arguments

    def nothing_is_left(self):
        self.assertFalse((self.folder / "run").exists())

    def test_unknown_key(self):
        self.refused(*self.tiny("zero.clip_hihg=0.3"), said=["clip_hihg", "clip_high"])
        recipe = self.folder / "r.yaml"
        recipe.write_text("name: tiny\nzero:\n  stepz: 3\n")
        self.refused("run", recipe, "--out", self.folder / "run", said=["r.yaml:3", "stepz", "steps"])
        self.nothing_is_left()

    def test_missing_files(self):
        self.refused("run", self.folder / "none.yaml", said=["none.yaml"])
        self.refused(*self.tiny("data.texts=[/nonexistent/a.txt]"), said=["/nonexistent/a.txt"])
        self.refused("generate", self.folder / "model", "--prompt", "x", said=["model"])
        self.refused("inspect", self.folder / "nothing", said=["nothing"])
        self.nothing_is_left()

    def test_unknown_verb_and_option(self):
        self.refused("rnu", "x", said=["run"])
        self.refused("generate", "x", "--promt", "y", said=["--prompt"])
        self.refused(said=["subcommand"])

    def test_broken_jsonl_line_is_named_or_skipped_and_counted(self):
        text = self.folder / "text.jsonl"
        text.write_text('{"text": "one"}\n{"text": \n{"text": "three"}\n')
        self.refused(*self.tiny(f"data.texts=[{text}]"), said=["text.jsonl:2"])
        self.assertFalse((self.folder / "run" / "corpus" / "manifest.json").exists())
        self.assertFalse((self.folder / "run" / "corpus" / "corpus.jsonl").exists())
        # With the setting the stage is finished; what is wrong on purpose then stops the run behind it.
        self.refused(*self.tiny(f"data.texts=[{text}]", "corpus.reader.on_bad_line=skip", "tokenizer.vocab_size=10"),
                     said=["vocab_size"])
        manifest = json.loads((self.folder / "run" / "corpus" / "manifest.json").read_text())
        self.assertEqual(manifest["metrics"]["bad_lines"], 1)
        self.assertEqual(manifest["metrics"]["documents/text"], 2)

    def test_broken_countdown_row(self):
        data = self.folder / "data"
        data.mkdir()
        for name in ["test_500.jsonl", "val_200.jsonl", "sft_train_2k.jsonl"]:
            (data / name).write_text(NUMBERS)
        (data / "val_200.jsonl").write_text(NUMBERS + '{"id":"b","numbers":"no"}\n')
        self.refused(*self.tiny("corpus.kind=countdown", f"data.countdown={data}"), said=["val_200.jsonl:2"])

    def test_nan_loss_stops_and_keeps_the_last_good_checkpoint(self):
        done = self.refused(*self.tiny("pretrain.optimizer.learning_rate=1e30", "pretrain.optimizer.max_grad_norm=1e30",
                                       "pretrain.optimizer.warmup_steps=0", "pretrain.checkpoint_every=1"),
                            said=["step", "checkpoint"])
        self.assertRegex(done.stderr.splitlines()[-1], r"step \d+")
        self.assertTrue(any((self.folder / "run" / "pretrain" / "r1_state").rglob("*.safetensors")))
        self.assertFalse((self.folder / "run" / "pretrain" / "model").exists())
        self.assertFalse((self.folder / "run" / "pretrain" / "manifest.json").exists())

    def test_run_directory_of_another_recipe(self):
        run_directory = self.folder / "run"
        run_directory.mkdir()
        (run_directory / "run.json").write_text('{"format":1,"recipe":"other"}\n')
        self.refused(*self.tiny(), said=["recipe other", "recipe tiny"])
        self.assertEqual(sorted(os.listdir(run_directory)), ["run.json"])

    def test_stage_directory_of_another_recipe(self):
        self.refused(*self.tiny("tokenizer.vocab_size=10"), said=["vocab_size"])  # stops behind the first stage
        other = self.folder / "other.yaml"
        other.write_text(r1.TINY.read_text().replace("name: tiny", "name: other"))
        self.refused("run", other, "--out", self.folder / "second", "--set", "tokenizer.vocab_size=10",
                     said=["vocab_size"])
        shutil.rmtree(self.folder / "run" / "corpus")
        shutil.copytree(self.folder / "second" / "corpus", self.folder / "run" / "corpus")
        self.refused(*self.tiny(), said=["recipe other", "recipe tiny"])

    def test_an_edited_output_is_refused(self):
        self.refused(*self.tiny("tokenizer.vocab_size=10"), said=["vocab_size"])
        with open(self.folder / "run" / "corpus" / "heldout.jsonl", "a") as file:
            file.write("\n")
        self.refused(*self.tiny(), said=["heldout.jsonl", "was changed"])

    def test_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mounting a small tmpfs needs rights that this machine does not give")
        try:
            self.refused(*self.tiny("corpus.generated.num_documents=20000", out=disk / "run"),
                         said=["No space left on device"])
            self.assertFalse((disk / "run" / "corpus" / "manifest.json").exists())
            self.assertFalse((disk / "run" / "corpus" / "corpus.jsonl").exists())
            self.assertEqual(list(disk.rglob("*.partial")), [])
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_help_names_every_key(self):
        text = run("run", "--help").stdout
        for key in ["zero.clip_high", "pretrain.optimizer.learning_rate", "corpus.generated.families", "--out", "--set"]:
            self.assertIn(key, text)
        self.assertIn("--min_p", run("generate", "--help").stdout)


if __name__ == "__main__":
    r1.main()
