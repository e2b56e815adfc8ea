#!/usr/bin/python3
"""Where the program's memory comes from: the cold heap, and malloc left to the C library."""

import os
import re
import subprocess
import unittest

from support import KILN, KilnTest

SYSTEM_REFUSES, CONFIGURATION = 71, 78
SANITIZE = os.environ.get("KILN_SANITIZE", "")


class Heap(KilnTest):
    def test_operator_new_is_the_programs_and_malloc_the_c_librarys(self):
        if os.path.exists(f"{KILN}.debug"):
            self.check_static()
            return
        trace = self.path("bindings")
        subprocess.run([KILN, "perft", "1"], check=True, stdout=subprocess.DEVNULL, timeout=60,
                       env={**os.environ, "LD_DEBUG": "bindings", "LD_BIND_NOW": "1",
                            "LD_DEBUG_OUTPUT": trace})
        text = ""
        for name in os.listdir(self.folder):
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                text += file.read()
        owners = {}
        for owner, name in re.findall(r"binding file .* to (\S+) \[\d+\]: normal symbol `(\w+)'",
                                      text):
            owners.setdefault(name, set()).add(os.path.basename(owner))
        heap = "libasan.so" if "address" in SANITIZE else "libtsan.so" if SANITIZE else "libc.so"
        new = heap if SANITIZE else os.path.basename(KILN)
        for names, owner in ((("malloc", "free"), heap), (("_Znwm", "_ZdlPv"), new)):
            for name in names:
                self.assertEqual(1, len(owners[name]), f"{name}: {owners[name]}")
                self.assertTrue(min(owners[name]).startswith(owner), f"{name}: {owners[name]}")

    def check_static(self):
        """A static kiln binds nothing at run time: what its names lead to is in its symbols.

        That operator new is the program's own is seen by the test below alone.
        """
        text = subprocess.run(["nm", f"{KILN}.debug"], check=True, capture_output=True, text=True,
                              timeout=60).stdout
        addresses = dict(reversed(line.rsplit(" ", 2)[::2]) for line in text.splitlines())
        for name in ("malloc", "free"):
            self.assertEqual(addresses[f"__libc_{name}"], addresses[name], name)

    def test_a_full_heap_is_one_line_and_an_exit_code(self):
        path = self.write("large.toml", "games = 0\n" + "#" * 40_000_000)
        # Sanitizers have a heap of their own, which takes it and goes on to the mistake.
        code, line = (CONFIGURATION, "games") if SANITIZE else (SYSTEM_REFUSES, r"33\.6 MB")
        end = self.kiln("train", "--config", path, "--state", self.path("s"), code=code)
        self.assertRegex(end.err, rf"^kiln: .*{line}.*\n$")
        self.assertEqual("", end.out)
        self.assertFalse(os.path.exists(self.path("s")))


if __name__ == "__main__":
    unittest.main()
