#!/usr/bin/python3
"""A running trainer, asked over its socket: its answers are true, and what it is told is done."""

import json
import os
import stat
import time
import unittest

from support import FAULTY_KILN, KilnTest, limit_file_sizes, native_only

# Full-size state, short games: some ten seconds if nobody interferes.
RUN = ["--games", "40000", "--epoch-games", "64", "--exact-empties", "4", "--memory", "400MB",
       "--table-mib", "2", "--workers", "2", "--trials-every", "0"]
NO_RUN = 69
IO = 74


class RunControl(KilnTest):
    def begin(self, *more, **options):
        process = self.start("train", *RUN, *more, "--state", self.path("run"), **options)
        self.wait_for(lambda status: status["state"] == "training" and status["games"] > 0)
        return process

    def ask(self, command, *arguments, code=0):
        done = self.kiln(command, *arguments, "--state", self.path("run"), code=code)
        return done.out or done.err

    def status(self):
        return json.loads(self.ask("status", "--json"))

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if os.path.exists(self.path("run", "control.sock")):
                if condition(status := self.status()):
                    return status
            time.sleep(0.02)
        return self.fail("it did not come to that")

    def stop(self, process):
        self.ask("stop")
        return self.finish(process)

    def test_status_tells_how_the_run_is(self):
        process = self.begin()
        status = self.wait_for(lambda status: "window" in status and "seconds_left" in status)
        self.assertEqual(status["reason"], "")
        self.assertEqual(status["workload"], "othello")
        self.assertEqual(status["target_games"], 40000)
        self.assertEqual(status["pid"], process.pid)
        self.assertGreater(status["games_per_second"], 0)
        self.assertEqual(len(status["workers"]), 2)
        self.assertEqual(status["restarts"]["total"], 0)
        self.assertIn("prediction_error", status["window"])
        self.assertIn("training", self.ask("status"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("run", "control.sock")).st_mode), 0o600)
        self.stop(process)
        self.ask("status", code=NO_RUN)
        self.assertFalse(os.path.exists(self.path("run", "control.sock")))

    def test_status_tells_how_strong_the_run_is_and_was(self):
        process = self.start("train", *RUN[:-1], "1024", "--state", self.path("run"))
        status = self.wait_for(lambda status: len(
            status.get("strength_curve", {}).get("points", [])) > 1)
        self.assertEqual(status["held_out"]["empties"], [8, 10, 12, 14])
        self.assertEqual(len(status["held_out"]["error_by_empties"]), 4)
        for opponent, interval in (("random", "wilson"), ("corner", "wilson"), ("self", "pairs")):
            strength = status["strengths"][opponent]
            self.assertEqual(strength["interval"], interval)
            self.assertLessEqual(strength["score_lower"], strength["score"])
            self.assertLessEqual(strength["score"], strength["score_upper"])
        points = status["strength_curve"]["points"]
        self.assertEqual([point["games"] for point in points[:2]], [1024, 2048])
        self.assertLess(points[0]["chained_elo"]["lower"], points[0]["chained_elo"]["value"])
        text = self.ask("status")
        self.assertRegex(text, r"strength .* against corner \[.* against itself at game .* Elo ")
        self.assertRegex(text, r"solved .* discs .*8: [\d.]+, 10: [\d.]+, 12: [\d.]+, 14: ")
        self.stop(process)

    def test_paused_it_gives_its_memory_back_and_resumed_it_ends_as_if_never_paused(self):
        arguments = ["--stop-after", "6400"]
        process = self.begin(*arguments)
        before = time.monotonic()
        self.assertIn("paused", self.ask("pause"))
        took = time.monotonic() - before
        self.assertLess(took, 5, "R2.2")
        status = self.status()
        self.assertEqual((status["state"], status["trainer_pid"]), ("paused", 0))
        self.assertIn("asked to pause", status["reason"])
        newest = self.newest("run")
        self.kiln("checkpoint", "verify", newest)
        self.assertIn(f"{status['games']:012d}", newest)
        self.assertIn("going on", self.ask("resume"))
        self.finish(process)
        self.kiln("train", *RUN, *arguments, "--state", self.path("straight"))
        self.assert_same_file(self.newest("run"), self.newest("straight"))

    def test_asked_to_save_it_saves_at_the_next_epoch(self):
        process = self.begin("--checkpoint-every", "0")
        self.assertEqual(self.checkpoints("run"), [])
        answer = self.ask("save")
        self.assertRegex(answer, r"saved game [\d,]+")
        games = int(answer.split("game ")[1].replace(",", ""))
        self.assertEqual(self.checkpoints("run")[0], f"game-{games:012d}.ckpt")
        self.kiln("checkpoint", "verify", self.newest("run"))
        self.stop(process)

    def test_a_save_under_way_does_not_answer_for_what_was_learned_since(self):
        """On a slow disk the save that is due anyway takes longer than some epochs."""
        process = self.start("train", "--workload", "null", "--games", "1000000", "--epoch-games",
                             "64", "--workers", "2", "--checkpoint-every", "4096",
                             "--state", self.path("run"), program=FAULTY_KILN,
                             env={**os.environ, "KILN_TICKET_US": "1000", "KILN_SYNC_MS": "1500"})
        self.wait_for(lambda status: status["games"] > 4096)
        self.assertEqual(self.checkpoints("run"), [], "the save is over already")
        games = self.status()["games"]
        answer = self.ask("save")
        saved = int(answer.split("saved game ")[1].replace(",", ""))
        self.assertGreaterEqual(saved, games)
        self.kiln("checkpoint", "verify", self.path("run", f"game-{saved:012d}.ckpt"))
        self.stop(process)

    def test_a_save_that_fails_is_answered(self):
        process = self.begin("--checkpoint-every", "0", preexec_fn=limit_file_sizes)
        before = time.monotonic()
        self.assertRegex(self.ask("save", code=IO), "kiln: save: game .* could not be saved: File")
        self.assertLess(time.monotonic() - before, 60)
        process.kill()

    def test_stopped_it_saves_and_ends_well(self):
        process = self.begin()
        self.assertRegex(self.ask("stop"), r"ended; saved up to game [\d,]+")
        done = self.finish(process)
        self.assertIn("stopped at game", done.out)
        self.kiln("checkpoint", "verify", self.path("run"))

    def test_a_setting_changes_from_an_epoch_on_and_is_kept_in_checkpoints(self):
        process = self.begin()
        self.assertIn("learning-rate 0.05", self.ask("set", "learning-rate", "0.05"))
        self.wait_for(lambda status: status["state"] == "training")
        refused = self.ask("set", "seed", "2", code=2)
        self.assertIn("seed", refused)
        self.assertIn("allowed", self.ask("set", "depth", "99", code=2))
        self.ask("set", "log-level", "debug")
        self.stop(process)
        shown = self.kiln("checkpoint", "inspect", self.newest("run")).out
        self.assertIn("learning-rate = 0.05", shown)

    @native_only("the emulator's own memory is counted with the program's")
    def test_memory_is_accounted_for_to_the_percent(self):
        process = self.begin()
        report = json.loads(self.ask("memory", "--json"))
        rows = {row["name"]: row for row in report["regions"]}
        self.assertLess(rows["transposition table"]["used_bytes"],
                        rows["transposition table"]["planned_bytes"] + 1)
        self.assertGreater(rows["worker stacks"]["peak_bytes"], 0)
        for row in rows.values():
            self.assertLessEqual(row["used_bytes"], row["planned_bytes"], row)
        if not os.environ.get("KILN_SANITIZE"):
            self.assertLess(abs(report["difference_percent"]), 1)
            self.assertLessEqual(report["kernel"]["faults_since_seal"], 10)
            self.assertLessEqual(report["kernel"]["resident_bytes"], report["budget_bytes"])
        self.assertIn("transposition table", self.ask("memory"))
        self.stop(process)


if __name__ == "__main__":
    unittest.main()
