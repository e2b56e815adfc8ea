#!/usr/bin/python3
"""A released kiln: one file that needs nothing from the system, and all of it works.

KILN names it. Under an emulator this takes a minute, so each thing is done once and little of it.
"""

import json
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "system"))
from support import EMULATED, KILN, KilnTest  # noqa: E402

EIGHT = os.path.join(os.path.dirname(__file__), "..", "data", "eight_empties.obf")
LARGEST_BYTES = 8 << 20
RUN = ["--epoch-games", "16", "--exact-empties", "6", "--table-mib", "2", "--memory", "400MB",
       "--workers", "2"]


def readelf(*options):
    return subprocess.run(["readelf", "--wide", *options, KILN], check=True, capture_output=True,
                          text=True, timeout=60).stdout


class Smoke(KilnTest):
    def test_it_is_one_small_file_that_asks_for_no_other(self):
        self.assertLess(os.path.getsize(KILN), LARGEST_BYTES)
        self.assertIn(" LOAD ", readelf("--program-headers"))
        self.assertNotIn(" INTERP ", readelf("--program-headers"))
        self.assertIn("(RELA)", readelf("--dynamic"))  # it can be moved: static-pie
        self.assertNotIn("(NEEDED)", readelf("--dynamic"))
        self.assertNotIn(".symtab", readelf("--section-headers"))

    def test_what_was_trained_can_be_listed_evaluated_played_and_shown(self):
        state = self.path("run")
        done = self.kiln("train", "--games", 64, *RUN, "--trials-every", 0, "--state", state)
        self.assertIn("finished at game 64 of 64", done.out)
        listed = self.kiln("checkpoint", "list", state).out
        self.assertIn("game-000000000064.ckpt", listed)
        self.kiln("checkpoint", "verify", self.newest("run"))
        score = json.loads(self.kiln("evaluate", "--json", "--model", state, "--opponent",
                                     "random", "--games", 10, "--depth", 1).out)
        self.assertEqual(score["games"], 10)
        self.assertIn("f5", self.kiln("board", "--model", state, "--depth", 2).out)

    def test_a_locked_down_run_answers_pauses_and_stops(self):
        state = ["--state", self.path("run")]
        process = self.start("train", "--games", 10_000_000, *RUN, "--trials-every", 0, *state,
                             # An emulator has no system call filters.
                             *([] if EMULATED else ["--lockdown"]))
        status = {"games": 0}
        deadline = time.monotonic() + 60
        while status["games"] == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
            if os.path.exists(self.path("run", "control.sock")):
                status = json.loads(self.kiln("status", "--json", *state).out)
        self.assertGreater(status["games"], 0)
        self.assertEqual(status["restarts"]["total"], 0)
        self.assertIn("weights", self.kiln("memory", *state).out)
        self.kiln("pause", *state)
        self.kiln("resume", *state)
        self.kiln("stop", *state)
        self.finish(process)
        self.assertGreaterEqual(len(self.checkpoints("run")), 1)
        self.assertNotIn("game-000000000000.ckpt", self.checkpoints("run"))

    def test_it_solves(self):
        result = json.loads(self.kiln("solve", "--json", "--table-mib", 1, EIGHT).out)
        self.assertEqual(result["totals"]["wrong"], 0)
        self.assertGreater(result["totals"]["right"], 0)


if __name__ == "__main__":
    unittest.main()
