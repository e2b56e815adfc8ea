#!/usr/bin/python3
"""What is trained on x86-64 and on ARM64 is the same bytes, also when one goes on with the other's.

KILN names the program for ARM64, run by an emulator, and NATIVE_KILN its twin for this machine.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "system"))
from support import KILN, KilnTest  # noqa: E402

NATIVE = os.environ["NATIVE_KILN"]
SIGNATURE = os.path.join(os.path.dirname(__file__), "..", "..", "perf", "signature.txt")
TIMEOUT_S = 300

EVERY = ["--table-mib", "2", "--memory", "400MB", "--trials-every", "0"]
# One ply at first, then deeper: searches, exact endings, the learner with all it has.
DEEPER = ["--games", "64", "--epoch-games", "16", "--deep-from", "0.5", "--deep-depth", "3",
          "--deep-exact-empties", "10", "--weight-decay", "0.001", "--lambda", "0.7"]
# A limit that falls anywhere within an iteration, and pruning.
BY_NODES = ["--games", "32", "--epoch-games", "16", "--nodes", "300", "--exact-empties", "9",
            "--selectivity", "2", "--update-target", "root", "--compress"]


class SameBytes(KilnTest):
    def train(self, program, name, *settings, workers=2):
        """Trains in a directory of that name and returns its newest checkpoint."""
        self.kiln("train", *settings, *EVERY, "--workers", workers, "--state", self.path(name),
                  program=program, timeout=TIMEOUT_S)
        return self.newest(name)

    def test_the_same_settings_train_the_same_bytes_with_any_number_of_workers(self):
        for name, settings in (("deeper", DEEPER), ("nodes", BY_NODES)):
            native = self.train(NATIVE, f"{name} native", *settings)
            for workers in (1, 2):
                arm = self.train(KILN, f"{name} arm64 {workers}", *settings, workers=workers)
                self.assert_same_file(native, arm)
        other = self.train(NATIVE, "seed", *BY_NODES, "--seed", 2)
        with open(native, "rb") as a, open(other, "rb") as b:
            self.assertNotEqual(a.read(), b.read(), "the comparison above proves nothing")

    def test_begun_on_one_machine_and_ended_on_the_other_it_is_the_same_run(self):
        straight = self.train(NATIVE, "straight", *DEEPER)
        for name, legs in (("to arm64", ((NATIVE, 16), (KILN, 0))),
                           ("from arm64", ((KILN, 32), (NATIVE, 0))),
                           ("there and back", ((NATIVE, 16), (KILN, 48), (NATIVE, 0)))):
            for program, games in legs:
                stop = ["--stop-after", games] if games else []
                divided = self.train(program, name, *DEEPER, "--resume", *stop)
            self.assert_same_file(straight, divided)

    def test_the_search_decides_as_the_signature_says(self):
        with open(SIGNATURE, encoding="utf-8") as file:
            signature = file.read()
        self.assertEqual(self.kiln("bench", "--signature", program=NATIVE).out, signature)
        self.assertEqual(self.kiln("bench", "--signature", timeout=TIMEOUT_S).out, signature)


if __name__ == "__main__":
    unittest.main()
