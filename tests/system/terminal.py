"""A program on a pseudo terminal, and what a person would see on it.

Understands the few sequences that kiln uses: anything else fails the test that meets it.
"""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

from support import TIMEOUT_S, open_terminal

SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Terminal:
    def __init__(self, arguments, columns=80, rows=24, environment=None):
        self.master, slave = open_terminal()
        self.resize(columns, rows, tell=False)
        self.before = termios.tcgetattr(slave)
        self.raw = ""
        self.text = ""
        self.is_other_screen = False
        self.is_cursor_shown = True
        variables = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
                     **(environment or {})}
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments], stdin=slave, stdout=slave, stderr=slave,
            env=variables, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)

    def resize(self, columns, rows, tell=True):
        self.columns, self.rows = columns, rows
        self.lines = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def screen(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def read(self, seconds=0.1):
        """Takes what was written. False: there was nothing."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.raw += data.decode("utf-8", "surrogateescape")
        self.text += data.decode("utf-8", "surrogateescape")
        self.draw()
        return bool(data)

    def draw(self):
        while self.text:
            if self.text[0] == "\x1b":
                match = SEQUENCE.match(self.text)
                if match is None:
                    assert len(self.text) < 16, repr(self.text[:40])
                    return  # the rest has not come yet
                self.text = self.text[match.end():]
                self.obey(*match.groups())
                continue
            character, self.text = self.text[0], self.text[1:]
            if character == "\r":
                self.x = 0
            elif character == "\n":
                self.y = min(self.y + 1, self.rows - 1)
            elif self.x < self.columns and self.y < self.rows:
                self.lines[self.y][self.x] = character
                self.x += 1

    def obey(self, private, numbers, letter):
        if private:
            assert numbers in ("1049", "25", "7"), numbers
            if numbers == "1049":
                self.is_other_screen = letter == "h"
            elif numbers == "25":
                self.is_cursor_shown = letter == "h"
        elif letter == "H":
            row, column = (int(number) for number in numbers.split(";"))
            self.y, self.x = min(row, self.rows) - 1, column - 1
        elif letter == "K":
            assert numbers in ("", "2")
            first = 0 if numbers == "2" else self.x
            self.lines[self.y][first:] = [" "] * (self.columns - first)
        elif letter == "J":
            assert numbers == "2"
            self.lines = [[" "] * self.columns for _ in range(self.rows)]
        else:
            assert letter == "m", letter

    def until(self, wanted, seconds=TIMEOUT_S):
        """Reads until the screen shows a text, or a function of the screen is true."""
        shows = wanted if callable(wanted) else lambda screen: wanted in screen
        deadline = time.monotonic() + seconds
        while not shows(self.screen()):
            self.read()
            if time.monotonic() > deadline or (self.process.poll() is not None
                                               and not self.read(0)):
                raise AssertionError(f"never seen: {wanted}\n{self.screen()}")
        return self.screen()

    def end(self):
        """Waits for the program's end; its exit code."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None:
            self.read()
            assert time.monotonic() < deadline, self.screen()
        while self.read(0):
            pass
        return self.process.returncode

    def is_given_back(self):
        return (not self.is_other_screen and self.is_cursor_shown
                and self.raw.rfind("\x1b[?7h") > self.raw.rfind("\x1b[?7l")
                and termios.tcgetattr(self.slave) == self.before)
