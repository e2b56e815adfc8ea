#!/usr/bin/python3
"""The unit file: systemd understands it, its sandbox is tight, and it fits the program."""

import os
import re
import shlex
import shutil
import subprocess
import unittest

from support import KILN, KilnTest

DEPLOY = os.path.join(os.path.dirname(__file__), "..", "..", "deploy")
UNIT = os.path.join(DEPLOY, "systemd", "kiln.service")
EXPOSURE_TENTHS_MAX = 5


def unit_text():
    with open(UNIT, encoding="utf-8") as file:
        return file.read()


class UnitFile(KilnTest):
    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", "--man=no", *arguments], capture_output=True,
                              text=True, check=False)

    def place(self, text):
        """A unit of that text whose program exists here."""
        return self.write("kiln.service", text.replace("/usr/bin/kiln", os.path.abspath(KILN)))

    def assert_verified(self, unit):
        done = self.analyze("verify", unit)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def exposure(self, unit):
        return self.analyze("security", "--offline=true", f"--threshold={EXPOSURE_TENTHS_MAX}",
                            unit)

    def test_systemd_understands_every_line(self):
        self.assert_verified(self.place(unit_text()))

    def test_a_line_that_systemd_does_not_understand_would_be_seen(self):
        unit = self.place(unit_text().replace("WatchdogSec=", "WatchdogSecs="))
        self.assertIn("WatchdogSecs", self.analyze("verify", unit).stderr)

    def test_its_exposure_is_at_most_a_half(self):
        done = self.exposure(UNIT)
        self.assertEqual(done.returncode, 0, done.stdout[-500:])

    def test_a_wider_sandbox_would_be_seen(self):
        unit = self.place(unit_text().replace("PrivateNetwork=yes\n", "")
                          .replace("IPAddressDeny=any\n", ""))
        self.assertNotEqual(self.exposure(unit).returncode, 0)

    def test_the_metrics_port_is_a_drop_in_that_systemd_understands(self):
        unit = self.place(unit_text())
        os.mkdir(unit + ".d")
        shutil.copy(os.path.join(DEPLOY, "systemd", "metrics-port.conf"), unit + ".d")
        self.assert_verified(unit)

    def test_systemd_understands_the_backup(self):
        # verified together, and with a program that exists here for rsync
        for name in ("kiln-backup.service", "kiln-backup.timer"):
            with open(os.path.join(DEPLOY, "backup", name), encoding="utf-8") as file:
                self.write(name, file.read().replace("/usr/bin/rsync", "/bin/true"))
            self.assert_verified(self.path(name))

    def test_what_the_kernel_grants_is_what_the_configuration_plans(self):
        out = self.kiln("memory", "--plan", "--config", os.path.join(DEPLOY, "kiln.toml"),
                        "--workers", 4).out
        line = re.search(r"MemoryMax=\d+$", out, re.MULTILINE).group()
        self.assertIn(f"\n{line}\n", unit_text())

    def is_started_with(self, configuration):
        """Whether the unit's condition holds, and what it says if not."""
        line = re.search(r"^ExecCondition=((?:.*\\\n)*.*)$", unit_text(), re.MULTILINE).group(1)
        line = line.replace("\\\n", " ").replace("$$", "$")
        line = line.replace("/etc/kiln/kiln.toml", self.write("kiln.toml", configuration))
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout

    def test_it_does_not_start_before_somebody_says_what_to_train(self):
        with open(os.path.join(DEPLOY, "kiln.toml"), encoding="utf-8") as file:
            shipped = file.read()
        is_started, told = self.is_started_with(shipped)
        self.assertFalse(is_started, "the shipped configuration starts a run")
        self.assertIn("not started: games is not set", told)
        self.assertEqual(self.is_started_with(shipped.replace("#games = ", "games = ")), (True, ""))
        self.assertEqual(self.is_started_with("  games=5\n"), (True, ""))
        self.assertFalse(self.is_started_with("# games = 5\nmy-games = 5\ngames-more = 5\n")[0])

    def test_what_only_a_person_can_mend_is_not_tried_again(self):
        codes = re.search(r"^RestartPreventExitStatus=(.*)$", unit_text(), re.MULTILINE).group(1)
        # 73 (the directory is in use, or the disk is full) passes: a trainer that the kernel did
        # not let go of yet holds it.
        self.assertEqual(codes.split(), ["2", "65", "66", "77", "78"])


if __name__ == "__main__":
    unittest.main()
