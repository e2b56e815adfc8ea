#!/usr/bin/python3
"""kiln train from end to end: the same bytes however a run is divided and whoever computes it."""

import os
import re
import signal
import unittest

from support import EMULATED, SMALL, TRIED, KilnTest, native_only

SANITIZED = bool(os.environ.get("KILN_SANITIZE"))  # which needs memory of its own


class Train(KilnTest):
    def test_trains_reports_and_leaves_a_checkpoint(self):
        done = self.kiln("train", *TRIED, "--state", self.path("run"), "--trials-every", 64)
        self.assertIn("finished at game 128 of 128: 128 games in ", done.out)
        self.assertIn("strength at game 64: ", done.out)
        self.assertIn("strength at game 128: ", done.out)
        self.assertRegex(done.out, r"solved positions at game 128: error .*8: [\d.]+, 10: ")
        table = done.out.split("strength over time")[1].splitlines()
        score = r"\d+\.\d % \[\d+\.\d, \d+\.\d\] +"
        for line, games in zip(table[2:4], (64, 128), strict=True):
            self.assertRegex(line, rf"\A +{games}( +\d+\.\d\d){{5}}  ({score}){{3}}0  [+-]\d+ \[")
        self.assertRegex(done.out, r"self-play: difference [+-]\d+\.\d+ discs .* of 100 games")
        self.assertRegex(done.out, r"checkpoint: \S+/game-000000000128\.ckpt\n\Z")
        self.assertEqual(done.err, "")
        # A fifth of the target, but never less than an epoch; the last is always saved.
        self.assertEqual(self.checkpoints("run"), [f"game-{n:012}.ckpt" for n in (128, 96, 64, 32)])

    @native_only("no system call filters; page faults are the emulator's")
    def test_sealed_it_needs_no_more_memory_over_10000_games(self):
        """Any call for memory would end a trainer that is locked down, and be told as a restart."""
        done = self.kiln("train", "--games", 10000, "--exact-empties", 2, "--workers", 4,
                         "--checkpoint-every", 5000, "--table-mib", 2, "--state",
                         self.path("run"), *([] if SANITIZED else ["--lockdown"]))
        self.assertNotIn("started again", done.out)
        faults = int(re.search(r"([\d,]+) page faults after", done.out)[1].replace(",", ""))
        if not SANITIZED:
            self.assertLessEqual(faults, 10)

    def test_uses_no_more_memory_than_planned_and_plans_no_more_than_given(self):
        done = self.kiln("train", *SMALL, "--state", self.path("run"))
        megabytes = re.search(r"memory: ([\d.]+) MB planned of ([\d.]+) MB, peak resident "
                              r"([\d.]+) MB", done.out)
        planned, budget, peak = map(float, megabytes.groups())
        self.assertEqual(budget, 400)
        self.assertLessEqual(planned, budget)
        if not os.environ.get("KILN_SANITIZE"):  # which needs memory of its own
            self.assertLessEqual(peak, planned)

    def test_the_result_does_not_depend_on_the_workers(self):
        for name, limit in (("depth", ["--depth", 2]), ("nodes", ["--nodes", 150])):
            for workers in (1, 2, 4):
                self.kiln("train", *SMALL, *limit, "--workers", workers, "--checkpoint-every", 0,
                          "--state", self.path(name, str(workers)))
            for workers in ("2", "4"):
                self.assert_same_file(self.newest(name, "1"), self.newest(name, workers))
        depth, nodes = self.newest("depth", "1"), self.newest("nodes", "1")
        with open(depth, "rb") as a, open(nodes, "rb") as b:
            self.assertNotEqual(a.read(), b.read(), "the comparison above proves nothing")

    def test_stopped_after_some_games_and_resumed_it_is_the_same_run(self):
        self.kiln("train", *SMALL, "--state", self.path("straight"))
        self.kiln("train", *SMALL, "--state", self.path("divided"), "--stop-after", 50)
        self.assertEqual(self.checkpoints("divided")[0], "game-000000000064.ckpt")
        # Everything that decides the result is in the checkpoint; the rest may differ, trials too.
        done = self.kiln("train", "--resume", "--workers", 3, "--state", self.path("divided"))
        self.assertIn("resuming from ", done.out)
        self.assertNotIn(" -> ", done.out)
        self.assert_same_file(self.newest("straight"), self.newest("divided"))

    def test_resumed_it_still_knows_how_strong_it_was(self):
        run = ["--state", self.path("run"), "--trials-every", 64]
        self.kiln("train", *TRIED, *run, "--stop-after", 64)
        done = self.kiln("train", *run, "--resume")
        rows = done.out.split("strength over time")[1].splitlines()[2:4]
        self.assertEqual([row.split()[0] for row in rows], ["64", "128"])

    def test_interrupted_and_resumed_it_is_the_same_run(self):
        # Which sanitizers and emulators make several times slower.
        target = 512 if SANITIZED or EMULATED else 2048
        run = ["--games", target, "--epoch-games", 32, "--exact-empties", 10, "--table-mib", 2,
               "--checkpoint-every", 64, "--keep", 1, "--trials-every", 0]
        self.kiln("train", *run, "--state", self.path("straight"))
        for number, name in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")):
            process = self.start("train", *run, "--state", self.path(name))
            while ": saved " not in process.stdout.readline():
                pass
            process.send_signal(number)
            done = self.finish(process, code=0)
            stopped = re.search(rf"{name} at game ([\d,]+) of {target:,}: ", done.out)
            self.assertIsNotNone(stopped, done.out)
            games = int(stopped[1].replace(",", ""))
            self.assertGreaterEqual(games, 64)
            self.assertLess(games, target)
            self.assertEqual(self.checkpoints(name), [f"game-{games:012}.ckpt"])
            self.assertEqual(done.err, "")
            self.kiln("train", "--resume", "--trials-every", 0, "--state", self.path(name))
            self.assert_same_file(self.newest("straight"), self.newest(name))

    def test_a_stop_reaches_into_a_search_that_takes_for_ever(self):
        process = self.start("train", "--games", 64, "--depth", 60, "--table-mib", 2,
                             "--random-plies", 0, "--state", self.path("run"))
        process.send_signal(signal.SIGINT)
        self.assertIn("interrupted at game 0 of 64", self.finish(process, code=0).out)
        self.assertEqual(self.checkpoints("run"), ["game-000000000000.ckpt"])

    def test_resume_tells_what_changes(self):
        run = ["--state", self.path("run")]
        again = [*run, "--resume", "--trials-every", 0]
        self.kiln("train", *SMALL, *run, "--stop-after", 32, "--learning-rate", 0.05)
        done = self.kiln("train", *again, "--stop-after", 64, "--learning-rate", 0.02,
                         "--nodes", 40, "--table-mib", 1)
        for line in ("  learning-rate 0.05 -> 0.02 from game 32 on\n",
                     "  depth 1 -> nodes 40 from game 32 on\n",
                     "  table-bytes 2097152 -> 1048576 from game 32 on\n",
                     "games from here on differ"):
            self.assertIn(line, done.out)
        # and keeps it
        done = self.kiln("train", *again, "--stop-after", 96)
        self.assertNotIn(" -> ", done.out)
        inspected = self.kiln("checkpoint", "inspect", self.path("run")).out
        self.assertIn("  learning-rate = 0.02\n", inspected)
        self.assertIn("  nodes = 40\n", inspected)

    def test_a_table_shrunk_to_fit_stays_as_it_was_when_there_is_more_room(self):
        untried = ["--trials-every", 0]
        tight = ["--games", 64, "--epoch-games", 32, "--exact-empties", 8, "--checkpoint-every", 0,
                 "--workers", 2, *untried]
        self.kiln("train", *tight, "--memory", "260MB", "--state", self.path("straight"))
        self.kiln("train", *tight, "--memory", "260MB", "--stop-after", 32, "--state",
                  self.path("divided"))
        done = self.kiln("train", "--resume", *untried, "--state", self.path("divided"))
        self.assertNotIn(" -> ", done.out)
        self.assert_same_file(self.newest("straight"), self.newest("divided"))

    def test_settings_come_from_a_file_and_flags_win(self):
        config = self.write("run.toml", f"""
            games = 64
            epoch-games = 32
            exact-empties = 8
            memory = "400MB"
            table-mib = 2
            epsilon = [0.2, 0.1, 0.0]
            nodes = 100
            trials-every = 0
            state = "{self.path('run')}"
            """)
        self.kiln("train", "--config", config, "--depth", 1, "--seed", 9)
        inspected = self.kiln("checkpoint", "inspect", self.path("run")).out
        for line in ("games = 64", "depth = 1", "seed = 9", "epsilon-early = 0.2",
                     "epsilon-middle = 0.1", "epsilon-late = 0"):
            self.assertIn(f"  {line}\n", inspected)
        self.assertNotIn("nodes = ", inspected)

    def test_time_limits_are_said_not_to_be_reproducible(self):
        done = self.kiln("train", "--games", 4, "--epoch-games", 4, "--time-ms", 1, "--table-mib",
                         2, "--exact-empties", 8, "--trials-every", 0, "--state",
                         self.path("run"))
        self.assertIn("cannot be reproduced", done.out)


if __name__ == "__main__":
    unittest.main()
