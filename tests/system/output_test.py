#!/usr/bin/python3
"""What a run looks like: a line redrawn in place on a terminal, plain lines everywhere else."""

import fcntl
import os
import struct
import subprocess
import termios
import unittest

from support import KILN, SMALL, TRIED, KilnTest, open_terminal

COLUMNS = 40


class Output(KilnTest):
    def on_terminal(self, *arguments, kind="xterm"):
        """Runs kiln on a terminal COLUMNS wide and returns everything it wrote there."""
        master, slave = open_terminal()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        process = subprocess.Popen([KILN, *map(str, arguments)], stdin=slave, stdout=slave,
                                   stderr=slave, env={**os.environ, "TERM": kind})
        os.close(slave)
        written = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not piece:
                break
            written += piece
        os.close(master)
        self.assertEqual(process.wait(), 0, written)
        return written.decode()

    def test_on_a_terminal_one_line_is_redrawn_within_the_window(self):
        written = self.on_terminal("train", "--games", 512, "--exact-empties", 10, "--table-mib", 2,
                                   "--trials-every", 0, "--state", self.path("run"))
        redrawn = [piece.split("\r\n")[0] for piece in written.split("\r\x1b[K")[1:]]
        progress = [line for line in redrawn if " / 512 games (" in line]
        self.assertTrue(progress, written)
        for line in progress:
            self.assertLess(len(line), COLUMNS, line)
        # No other escape codes, and the cursor is left at the start of a line.
        self.assertNotIn("\x1b", written.replace("\r\x1b[K", ""))
        self.assertTrue(written.endswith("\r\n"))
        self.assertIn("finished at game 512 of 512", written)

    def test_a_terminal_that_cannot_redraw_gets_plain_lines(self):
        written = self.on_terminal("train", *SMALL, "--state", self.path("run"), kind="dumb")
        self.assertNotIn("\x1b", written)

    def test_elsewhere_lines_are_plain(self):
        done = self.kiln("train", *SMALL, "--state", self.path("run"))
        self.assertNotIn("\x1b", done.out)
        self.assertNotIn("\r", done.out)
        self.assertEqual(done.err, "")

    def test_verbose_runs_print_windows_and_say_which_games_they_cover(self):
        done = self.kiln("train", "--games", 100, "--time-ms", 1, "--workers", 1, "--verbose",
                         "--table-mib", 2, "--exact-empties", 8, "--checkpoint-every", 0,
                         "--state", self.path("run"))
        self.assertRegex(done.out, r"\ngames 1 to 100: black \d+ white \d+ drawn \d+, difference "
                                   r"[+-][\d.]+ discs, [\d.]+ moves, prediction error [\d.]+")

    def test_quiet_is_quiet(self):
        done = self.kiln("train", *TRIED, "--state", self.path("run"), "--quiet",
                         "--trials-every", 32)
        self.assertNotIn("saved", done.out)
        self.assertIn("finished at game 128 of 128", done.out)


if __name__ == "__main__":
    unittest.main()
