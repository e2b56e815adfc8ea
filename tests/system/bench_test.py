#!/usr/bin/python3
"""`kiln bench`: what it prints, baselines, the signature and jobs. Not how fast anything is."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

from support import KILN, TIMEOUT_S, KilnTest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FAST = "from the board"  # a figure that takes a second
FIGURE = "static evaluation, from the board"


class Report(KilnTest):
    def test_json_holds_every_figure_with_machine_time_and_memory(self):
        done = self.kiln("bench", "--json", "--filter", FAST)
        report = json.loads(done.out)
        self.assertEqual(set(report), {"format", "machine", "partial", "figures", "time",
                                       "memory"})
        self.assertEqual(set(report["machine"]),
                         {"kind", "cpu", "cpus", "isa", "compiler", "build", "version", "date"})
        self.assertFalse(report["partial"])
        (figure,) = report["figures"]
        self.assertEqual(figure["name"], FIGURE)
        self.assertEqual(set(figure), {"name", "unit", "better", "target", "met", "median",
                                       "lowest", "highest", "samples"})
        self.assertEqual(figure["better"], "lower")
        self.assertIn(figure["median"], figure["samples"])
        self.assertEqual(figure["lowest"], min(figure["samples"]))
        self.assertEqual(figure["highest"], max(figure["samples"]))
        # The table goes where it does not disturb.
        self.assertIn(FIGURE, done.err)

    def test_time_of_training_is_told_with_its_bottleneck(self):
        report = json.loads(self.kiln("bench", "--json", "--filter", "bottleneck, 1 ply").out)
        (time,) = report["time"]
        self.assertEqual(set(time), {"work", "workers", "seconds", "bottleneck", "share",
                                     "shares"})
        self.assertAlmostEqual(sum(time["shares"].values()), 1, places=6)
        self.assertEqual(time["share"], time["shares"][time["bottleneck"]])
        for name in ("self-play search", "exact solving", "learning update"):
            self.assertGreater(time["shares"][name], 0, name)

    @unittest.skipIf(os.environ.get("KILN_SANITIZE"), "a run of minutes, and no memory to compare")
    def test_memory_is_what_a_run_answers(self):
        report = json.loads(self.kiln("bench", "--json", "--filter", "memory by component").out)
        regions = {region["name"]: region for region in report["memory"]["regions"]}
        self.assertGreater(regions["pattern weights"]["used_bytes"], 0)
        self.assertIn("transposition table", regions)

    def test_searches_and_plays_with_a_model_that_is_given(self):
        self.kiln("train", "--games", 64, "--trials-every", 0, "--state", self.path("mine"))
        self.kiln("train", "--games", 64, "--workload", "null", "--state", self.path("null"))
        flags = ["bench", "--filter", "solve, 14", "--model"]
        done = self.kiln(*flags, self.path("mine"))
        self.assertIn("with the model of game-000000000064.ckpt, game 64\n", done.out)
        self.assertNotIn("training", done.out)
        self.assertIn("solve, 14 empties ", done.out)
        self.assertIn("workload 'null'", self.refused(65, *flags, self.path("null")))
        self.assertIn("cannot read", self.refused(66, *flags, self.path("absent")))
        self.refused(2, *flags, self.path("mine"), "--save-baseline", self.path("base.json"))

    def test_a_filter_that_fits_nothing_is_told(self):
        self.assertIn("no such figure", self.refused(2, "bench", "--filter", "no such figure"))

    def test_interrupted_it_tells_what_is_complete(self):
        # Figures with an "a" take minutes; the first of them, seconds.
        process = self.start("bench", "--json", "--filter", "a", "--save-baseline",
                             self.path("base.json"))
        for line in process.stderr:
            if line.startswith("static evaluation, features known"):
                break
        process.send_signal(signal.SIGINT)
        report = json.loads(self.finish(process).out)
        self.assertTrue(report["partial"])
        self.assertEqual(report["figures"][0]["name"], "static evaluation, features known")
        self.assertLess(len(report["figures"]), 5)
        self.assertEqual(os.listdir(self.folder), [])  # half a baseline is none


class Baseline(KilnTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kiln-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.base = os.path.join(folder.name, "base.json")
        subprocess.run([KILN, "bench", "--filter", FAST, "--save-baseline", cls.base], check=True,
                       capture_output=True, timeout=TIMEOUT_S)

    def doctor(self, factor, **changes):
        with open(self.base, encoding="utf-8") as file:
            report = json.load(file)
        for figure in report["figures"]:
            figure["samples"] = [factor * sample for sample in figure["samples"]]
        report["machine"].update(changes)
        return self.write("doctored.json", json.dumps(report))

    def test_against_its_own_nothing_regressed(self):
        # Another program may have had the machine meanwhile: only what nobody could take for noise.
        done = self.kiln("bench", "--filter", FAST, "--compare", self.base, "--threshold", 400)
        self.assertIn("nothing regressed", done.out)
        self.assertEqual(done.err, "")

    def test_a_regression_is_named_with_its_ratio_and_the_exit_code(self):
        done = self.kiln("bench", "--filter", FAST, "--compare", self.doctor(0.1), code=1)
        self.assertIn(f"regressed against {self.path('doctored.json')}: {FIGURE}\n", done.out)
        self.assertRegex(done.out, rf"{FIGURE} .* REGRESSED\n")

    def test_a_threshold_may_allow_it(self):
        self.kiln("bench", "--filter", FAST, "--compare", self.doctor(0.5), "--threshold", 1000)

    def test_an_improvement_is_no_regression(self):
        done = self.kiln("bench", "--filter", FAST, "--compare", self.doctor(10))
        self.assertIn("improved", done.out)

    def test_figures_that_are_missing_are_named(self):
        with open(self.base, encoding="utf-8") as file:
            report = json.load(file)
        gone = dict(report["figures"][0], name="thought, from the board")
        other = dict(report["figures"][0], name="not wanted")
        report["figures"] += [gone, other]
        path = self.write("more.json", json.dumps(report))
        done = self.kiln("bench", "--filter", FAST, "--compare", path, "--threshold", 400)
        self.assertIn(f"not measured, but in {path}: thought, from the board\n", done.out)

    def test_another_machine_is_told(self):
        done = self.kiln("bench", "--filter", FAST, "--compare",
                         self.doctor(1, kind="z80", build="by hand"), "--threshold", 400)
        self.assertIn("of another kind: z80, not ", done.err)
        self.assertIn("another build: ", done.err)

    def test_what_cannot_be_used_is_refused_before_anything_is_measured(self):
        missing = self.path("absent", "file")
        for code, flags in ((66, ["--compare", missing]),
                            (65, ["--compare", self.write("bad.json", "{}")]),
                            (73, ["--save-baseline", missing]),
                            (73, ["--save-baseline", self.folder]),
                            (2, ["--compare", self.base, "--threshold", "-1"]),
                            (2, ["--compare", self.base, "--threshold", "many"]),
                            (2, ["--threshold", "5"]),
                            (2, ["--job", "none"]),
                            (2, ["--repeat", "5"]),
                            (2, ["--kind", "--json"])):
            self.refused(code, "bench", *flags, timeout=20)


class Signature(KilnTest):
    def test_is_the_one_that_is_stored(self):
        with open(os.path.join(ROOT, "perf", "signature.txt"), encoding="utf-8") as file:
            self.assertEqual(self.kiln("bench", "--signature").out, file.read())


class Jobs(KilnTest):
    def test_each_tells_what_it_did_and_by_which_build(self):
        done = json.loads(self.kiln("bench", "--job", "perft", "--repeat", 2).out)
        self.assertEqual(done["did"], 2 * 55092)
        self.assertEqual(set(done), {"job", "repeat", "isa", "compiler", "build", "did"})
        kind = self.kiln("bench", "--kind").out
        self.assertTrue(kind.startswith(done["isa"] + "-"), kind)


if __name__ == "__main__":
    unittest.main()
