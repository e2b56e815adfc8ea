"""kiln report: of runs that go on, have ended, never were, or left nonsense behind."""

import html.parser
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from support import KILN, TIMEOUT_S, TRIED, KilnTest, children_of, patch

LONG = ["--games", "1000000", "--epoch-games", "32", "--memory", "400MB", "--table-mib", "2",
        "--workers", "1", "--trials-every", "0", "--quiet"]
VOID = {"meta", "br", "line", "circle", "polyline", "polygon"}


class Page(html.parser.HTMLParser):
    """Insists that a page is well-formed and stands alone."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe", "object", "embed"), tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in ("src", "href"), value
            assert "url(" not in (value or "") and "http" not in (value or ""), value
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open[-1:] == ["style"]:
            assert "http" not in data and "url(" not in data and "@import" not in data, data
        self.text += data


class Report(KilnTest):
    def page(self, *arguments):
        self.kiln("report", *arguments, "--html", self.path("page.html"))
        with open(self.path("page.html"), encoding="utf-8") as file:
            text = file.read()
        return Page(text)

    def json(self, *arguments):
        return json.loads(self.kiln("report", *arguments, "--json").out)

    def log(self, text, name="training_20260101_000000.jsonl"):
        os.makedirs(self.path("s", "logs"), exist_ok=True)
        with open(self.path("s", "logs", name), "wb") as file:
            file.write(text)


class OfARun(Report):
    def test_one_that_has_ended(self):
        self.kiln("train", "--workers", "1", *TRIED[2:], "--games", "1024",
                  "--trials-every", "512",
                  "--lambda", "0.5", "--checkpoint-every", "512", "--keep", "7", "--compress",
                  "--metrics-textfile", self.path("kiln.prom"), "--state", self.path("s"))
        text = self.kiln("report", "--state", self.path("s")).out
        for part in (": finished", "1,024 of 1,024 (100.0 %)", "nobody is training there",
                     "lambda", "default 0.3", "the plan, for the workers", "optimiser state",
                     "game-000000001024.ckpt", "header whole", "1 start of kiln train"):
            self.assertIn(part, text)
        self.assertTrue(all(len(line) <= 140 for line in text.split("\n") if "started" not in line))
        report = self.json("--state", self.path("s"))
        self.assertEqual(report["games"], 1024)
        self.assertEqual(report["training"][-1]["games"], 1000)
        self.assertEqual(report["training"][-1]["of_games"], 100)
        self.assertEqual(report["memory"]["source"], "plan")
        self.assertEqual(report["memory"]["budget_bytes"], 400_000_000)
        settings = {row["name"]: row for row in report["settings"]}
        self.assertEqual(settings["lambda"], {"name": "lambda", "value": "0.5", "default": "0.3",
                                              "is_default": False})
        self.assertTrue(settings["depth"]["is_default"])
        self.assertEqual((report["workload"], report["unit"]), ("othello", "game"))
        self.assertIn("as it was started last", report["operation_note"])
        operation = {row["name"]: row["value"] for row in report["operation"]}
        for name, value in (("workers", "1"), ("keep", "7"), ("compress", "true"),
                            ("checkpoint-every", "512"), ("trials-every", "512"),
                            ("lockdown", "false"), ("on-corrupt", "stop"), ("metrics", "none"),
                            ("metrics-textfile", self.path("kiln.prom")),
                            ("memory", "400000000"), ("resume", "false")):
            self.assertEqual(operation[name], value)
        for line in (r"  keep +7 +default 5\n", r"  checkpoint-every +512 +default a fifth of",
                     r"as by default +.*lockdown false"):
            self.assertRegex(text.split("Operation\n")[1].replace(",\n" + " " * 25, ", "), line)
        self.assertEqual(len(report["strength"]["held_out"]), 2)
        self.assertEqual(len(report["strength"]["corner"]), 2)
        self.assertEqual([row["games"] for row in report["checkpoints"]][:1], [1024])
        page = self.page("--state", self.path("s"))
        self.assertGreaterEqual(page.tags.count("figure"), 8)
        self.assertGreaterEqual(page.tags.count("polyline"), 8)
        self.assertIn("Not as by default", page.text)
        self.assertIn("Given, or decided from what was given", page.text)
        self.assertIn(self.path("kiln.prom"), page.text)

    def test_one_that_goes_on(self):
        run = self.start("train", *LONG, "--state", self.path("s"))
        self.wait_for_games(1)
        report = self.json("--state", self.path("s"))
        self.assertTrue(report["live"])
        self.assertEqual(report["operation_note"], "as the run has them now")
        self.kiln("set", "log-level", "warning", "--state", self.path("s"))
        self.kiln("set", "keep", "9", "--state", self.path("s"))
        operation = {row["name"]: row["value"]
                     for row in self.json("--state", self.path("s"))["operation"]}
        self.assertEqual((operation["keep"], operation["log-level"]), ("9", "warning"))
        self.assertEqual(report["memory"]["source"], "live")
        self.assertGreater(report["memory"]["resident_bytes"], 1_000_000)
        self.assertGreater(report["memory"]["accounted_bytes"], 1_000_000)
        self.assertIn("measured while the run goes on",
                      self.kiln("report", "--state", self.path("s")).out)
        self.assertIn("resident, says the kernel", self.page("--state", self.path("s")).text)
        run.kill()
        run.communicate()

    def test_a_trainer_that_was_started_again_leaves_no_hole(self):
        run = self.start("train", *LONG, "--checkpoint-every", "2048", "--state", self.path("s"))
        self.wait_for_games(3000)
        os.kill(children_of(run.pid)[0], signal.SIGKILL)
        self.wait_for_games(6000)
        self.kiln("stop", "--state", self.path("s"))
        run.communicate(timeout=TIMEOUT_S)
        report = self.json("--state", self.path("s"))
        self.assertEqual(report["restarts"], 1)
        self.assertGreaterEqual(report["training"][-1]["games"], 6000)
        self.assertEqual(sum(point["of_games"] for point in report["training"]),
                         report["training"][-1]["games"])

    def wait_for_games(self, games):
        deadline = time.monotonic() + TIMEOUT_S
        while self.json_of_status().get("games", 0) < games:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def json_of_status(self):
        # Its socket is there a moment after the process.
        done = subprocess.run([KILN, "status", "--state", self.path("s"), "--json"],
                              capture_output=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def test_the_page_replaces_an_older_one_only_when_it_is_whole(self):
        page = self.write("page.html", "old")
        self.refused(66, "report", "--state", self.path("nothing"), "--html", page)
        with open(page, encoding="utf-8") as file:
            self.assertEqual(file.read(), "old")
        self.assertEqual(os.listdir(self.folder), ["page.html"])

    def test_a_page_that_cannot_be_written(self):
        self.log(b"")
        for place in (self.path("no", "page.html"), self.folder):
            self.assertIn("--html", self.refused(73, "report", "--state", self.path("s"),
                                                 "--html", place))


class OfARouter(Report):
    """A router that has learned what there is to be learned long before its target."""

    def train(self, *arguments):
        rows = "".join(f"{i},{i % 2}\n" for i in range(80))
        self.kiln("router", "train", "--data", self.write("noise.csv", rows), "--epochs", "200",
                  "--patience", "3", "--hidden", "4", "--rate", "0.1", "--workers", "1",
                  "--state", self.path("s"), *arguments)

    def test_one_that_ended_early(self):
        self.train()
        report = self.json("--state", self.path("s"))
        self.assertEqual((report["workload"], report["unit"]), ("router", "ticket"))
        self.assertEqual(report["state"], "finished")
        self.assertLess(report["games"], report["target_games"])
        end = report["training_ended"]
        self.assertTrue(end["is_early"])
        self.assertEqual(end["epochs"], end["best_epoch"] + 3)
        self.assertEqual([row["epoch"] for row in report["epochs"]],
                         list(range(1, end["epochs"] + 1)))
        for name in ("training_loss", "loss", "accuracy", "auc", "calibration_error", "rate"):
            self.assertIsInstance(report["epochs"][-1][name], (int, float))
        operation = {row["name"]: row["value"] for row in report["operation"]}
        self.assertEqual(operation["workers"], "1")
        self.assertNotIn("trials-every", operation)
        text = self.kiln("report", "--state", self.path("s")).out
        for part in (": finished", "training ended", "early: no better for as long as patience",
                     f"the weights of epoch {end['best_epoch']} are kept", "validation", "AUC",
                     "tickets", "Operation"):
            self.assertIn(part, text)
        self.assertNotRegex(text, r"\d games|games/s|discs")
        page = self.page("--state", self.path("s"))
        self.assertGreaterEqual(page.tags.count("polyline"), 8)
        self.assertIn("Training ended after", page.text)
        self.assertNotIn("Stone difference", page.text)

    def test_one_that_was_stopped_goes_back_when_it_is_resumed(self):
        self.train("--stop-after", "20")
        first = self.json("--state", self.path("s"))
        self.assertEqual(first["state"], "not training")
        self.assertNotIn("training_ended", first)
        self.kiln("router", "train", "--resume", "--workers", "2", "--state", self.path("s"))
        report = self.json("--state", self.path("s"))
        self.assertEqual(report["state"], "finished")
        epochs = [row["epoch"] for row in report["epochs"]]
        self.assertEqual(epochs, list(range(1, report["training_ended"]["epochs"] + 1)))
        operation = {row["name"]: row["value"] for row in report["operation"]}
        self.assertEqual((operation["workers"], operation["resume"]), ("2", "true"))


class OfRemains(Report):
    def test_nothing_of_a_run(self):
        self.assertIn("cannot read", self.refused(66, "report", "--state", self.path("none")))
        os.mkdir(self.path("s"))
        self.assertIn("nothing of a run", self.refused(66, "report", "--state", self.path("s")))
        self.write("file", "")
        self.assertIn("not a directory", self.refused(66, "report", "--state", self.path("file")))

    def test_logs_without_a_checkpoint(self):
        self.log(b'{"time":"2026-11-21T20:22:27.571Z","level":"warning","event":"e","text":"t"}\n')
        text = self.kiln("report", "--state", self.path("s")).out
        self.assertIn("no checkpoint that could tell them", text)
        self.assertIn("not known: the run does not answer", text)
        report = self.json("--state", self.path("s"))
        self.assertEqual(report["memory"]["source"], "none")
        self.assertEqual(report["warnings"]["total"], 1)
        self.page("--state", self.path("s"))

    def test_hostile_logs(self):
        window = (b'{"time":"2026-11-21T20:22:27.571Z","level":"info","event":"window","text":"t",'
                  b'"games":%s,"window_games":100,"seconds":1,"black_wins":50,"white_wins":40,'
                  b'"draws":10,"stone_difference":%s,"prediction_error":1}\n')
        self.log(b"\x00\xff\xfe\n" + b"[" * 60_000 + b"\n" + b"x" * 20_000_000 + b"\n" +
                 window % (b"100", b"1") + window % (b"NaN", b"1") + window % (b"1e999", b"1") +
                 window % (b"-5", b"1") + window % (b"200", b"1e308") + window % (b'"200"', b"1") +
                 window % (b"200", b"-2") + b'{"time":"2026-11-21T20:22:27.571Z","level":"error",'
                 b'"event":"<b>","text":"<script>alert(1)</script>&\\u0000\\u001b[2J"}\n{"cut of')
        self.log(b"", "training_20260102_000000.jsonl")
        report = self.json("--state", self.path("s"))
        self.assertEqual([point["games"] for point in report["training"]], [100, 200])
        self.assertEqual(report["logs"]["skipped_lines"], 9)
        page = self.page("--state", self.path("s"))
        self.assertIn("<script>alert(1)</script>&", page.text)
        self.assertNotIn("\x1b", self.kiln("report", "--state", self.path("s")).out)

    def test_a_state_directory_with_a_hostile_name(self):
        name = self.path('<b onmouseover="x">&\'')
        self.log(b'{"time":"2026-11-21T20:22:27.571Z","level":"info","event":"e","text":"t"}\n')
        os.rename(self.path("s"), name)
        page = self.page("--state", name)
        self.assertIn(name, page.text)

    def test_damaged_checkpoints_are_said_to_be(self):
        self.kiln("train", "--workload", "null", "--games", "256", "--epoch-games", "32",
                  "--checkpoint-every", "128", "--state", self.path("s"))
        newest = self.newest("s")
        patch(newest, 20, None)
        report = self.json("--state", self.path("s"))
        self.assertEqual(report["workload"], "null")
        self.assertNotIn("training", report)
        self.assertFalse(report["checkpoints"][0]["header_is_whole"])
        self.assertTrue(report["checkpoints"][1]["header_is_whole"])
        self.assertIn(report["checkpoints"][1]["name"], report["settings_note"])
        self.assertIn("DAMAGED", self.kiln("report", "--state", self.path("s")).out)
        self.page("--state", self.path("s"))

    def test_a_long_log_is_thinned_and_takes_little_memory(self):
        line = ('{"time":"2026-11-21T20:22:27.571Z","level":"info","event":"window","text":"%s",'
                '"games":%d,"window_games":100,"seconds":%d,"black_wins":50,"white_wins":40,'
                '"draws":10,"stone_difference":1,"prediction_error":1}\n')
        self.log("".join(line % ("t" * 200, 100 * i, i) for i in range(1, 50_001)).encode())
        report = self.json("--state", self.path("s"))
        self.assertLessEqual(len(report["training"]), 512)
        self.assertGreaterEqual(len(report["training"]), 256)
        self.assertEqual(report["training"][-1]["games"], 5_000_000)
        self.assertEqual(sum(point["of_games"] for point in report["training"]), 5_000_000)
        self.page("--state", self.path("s"))

    def test_what_lasts_of_removed_logs_comes_first(self):
        line = ('{"time":"2026-11-21T20:22:27.571Z","level":"%s","event":"%s","text":"t",'
                '"games":%d%s}\n')
        window = (',"window_games":%d,"seconds":%d,"black_wins":0,"white_wins":0,'
                  '"draws":0,"stone_difference":1,"prediction_error":1,"times":%d')
        restart = line % ("warning", "trainer_restarted", 500, ',"kind":"killed","from":400%s')
        history = "".join(
            line % ("info", "window", at, window % (1_000, at, 10))
            for at in range(1_000, 100_001, 1_000)) + restart % ',"times":41'
        held_out = line % ("info", "held_out", 500, ',"error":9,"mobility_error":11,'
                           '"winner_share":0.5,"error_by_empties":[9,9,9,9]')
        started = line % ("info", "started", 0, "")
        self.log((started + held_out + history).encode(), "history_20260101_000000_9.jsonl")
        # Covered by it, and not yet removed.
        self.log((restart % "").encode(), "training_20260101_000000_9.jsonl")
        self.log((restart % "").encode(), "history_20260101_000000_8.jsonl")
        self.log((restart % "" + "".join(
            line % ("info", "window", at, window % (100, at, 1))
            for at in range(100_100, 101_001, 100))).encode(), "training_20260101_000000_10.jsonl")
        report = self.json("--state", self.path("s"))
        self.assertEqual(report["restarts"], 42)
        self.assertEqual(report["starts"], 1)
        self.assertEqual(report["logs"]["skipped_lines"], 0)
        self.assertEqual(report["training"][0]["games"], 1_000)
        self.assertEqual(report["training"][-1]["games"], 101_000)
        self.assertEqual(report["strength"]["held_out"][0]["games"], 500)
        self.assertEqual(sum(point["of_games"] for point in report["training"]), 101_000)
        self.page("--state", self.path("s"))

    def test_a_logs_folder_that_is_none(self):
        os.makedirs(self.path("s"))
        self.write("s/logs", "a file")
        self.assertIn("problem", self.kiln("report", "--state", self.path("s")).out)
        os.remove(self.path("s", "logs"))
        os.makedirs(self.path("s", "logs", "training_1.jsonl"))
        self.assertIn("not a regular file", self.kiln("report", "--state", self.path("s")).out)
        shutil.rmtree(self.path("s", "logs"))

    def test_help(self):
        self.assertIn("kiln report --state", self.kiln("report", "--help").out)
        self.refused(2, "report", "--htm", "x")


if __name__ == "__main__":
    unittest.main()
