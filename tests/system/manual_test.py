#!/usr/bin/python3
"""The manual pages of the packages say all that the help and the configuration file say."""

import os
import re
import subprocess
import sys
import unittest

from support import KILN, KilnTest

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
MAN_PAGES = os.path.join(DEPLOY, "package", "man_pages.py")


def words(text):
    """Text without the layout and the notes in which a page and a help differ."""
    text = re.sub(r" (Excludes|Needs): (--?[a-z-]+ ?)+| REQUIRED", " ", text)
    text = re.sub(r":[A-Z]+ in \[\S+ - \S+\]", " ", text)
    return re.sub(r"[\s.:;]+", " ", text.replace(",--", ", --")).strip().lower()


def read_page(path):
    """The text of a page: without requests, and with what it escapes as it was."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    text = "\n".join(re.sub(r"^\.(SH|SS|B|TP|TQ|PP|RS.*|RE|nf|fi|br)\b ?", "", line)
                     for line in lines)
    for escaped, character in (("\\&", ""), ("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"),
                               ("\\(ha", "^"), ("\\(ti", "~"), ("\\(dq", '"'), ("\\e", "\\")):
        text = text.replace(escaped, character)
    return words(text)


class Manual(KilnTest):
    def make(self, kiln=KILN, configuration=os.path.join(DEPLOY, "kiln.toml")):
        return subprocess.run([sys.executable, MAN_PAGES, kiln, configuration, "1.2.3",
                               "2026-01-31", self.folder], capture_output=True, text=True,
                              check=False)

    def assert_page_has(self, page, lines, of):
        for line in lines:
            for piece in re.split(r"\s{2,}", line.strip()):
                self.assertIn(words(piece), page, f"of {of}")

    def test_kiln_1_has_every_line_of_the_help_of_every_command(self):
        made = self.make()
        self.assertEqual(made.returncode, 0, made.stderr)
        page = read_page(self.path("kiln.1"))
        seen = []

        def visit(names):
            lines = self.kiln(*names, "--help").out.splitlines()
            seen.append(names)
            if not names:
                # exit codes are set one by one, and the name apart from what it names
                start = next(i for i, line in enumerate(lines) if line.startswith("Exit codes"))
                for code in re.split(r"; (?=\d)", " ".join(lines[start:])):
                    self.assertIn(words(code.removeprefix("Exit codes: ")), page)
                lines = lines[:start]
            for line in lines[2:]:
                if not re.match(r"[A-Z][a-z]+:$|  (-h,|help )", line):
                    self.assert_page_has(page, [line], names)
            if "Subcommands:" in lines:
                for line in lines[lines.index("Subcommands:") + 1:]:
                    if not line:
                        break
                    if line.split()[0] != "help":
                        visit((*names, line.split()[0]))

        visit(())
        self.assertIn(("debug", "csv"), seen)

    def test_kiln_toml_5_has_every_line_of_the_shipped_file(self):
        self.assertEqual(self.make().returncode, 0)
        page = read_page(self.path("kiln.toml.5"))
        with open(os.path.join(DEPLOY, "kiln.toml"), encoding="utf-8") as file:
            lines = [re.sub(r"^# == |^# ?", "", line) for line in file.read().splitlines()]
        self.assert_page_has(page, lines, "kiln.toml")

    def test_groff_has_no_complaint(self):
        self.assertEqual(self.make().returncode, 0)
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", self.path("kiln.1"),
                               self.path("kiln.toml.5")], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.stderr, "")

    def test_what_cannot_be_understood_is_an_error(self):
        made = self.make(configuration=self.write("kiln.toml", "# Text.\nGames: 5\n"))
        self.assertIn("'Games: 5' in kiln.toml", made.stderr)
        self.assertNotEqual(made.returncode, 0)
        script = self.write("kiln", "#!/bin/sh\necho Kiln\necho 'no usage'\n")
        os.chmod(script, 0o755)
        made = self.make(kiln=script)
        self.assertIn("no 'Usage: '", made.stderr)
        self.assertNotEqual(made.returncode, 0)


if __name__ == "__main__":
    unittest.main()
