#!/usr/bin/python3
"""positions: sets of exactly solved positions, the same however they are made."""

import json
import os
import re
import signal
import unittest

from support import SMALL, KilnTest

# Games and solving of a moment.
QUICK = ["--untrained", "--depth", "1", "--table-mib", "1", "--even-within", "64"]
TWO = [*QUICK, "--empties", "10,8", "--count", "20"]


def symmetric_images(cells):
    board = [cells[8 * i:8 * i + 8] for i in range(8)]
    for _ in range(4):
        board = ["".join(row) for row in zip(*board[::-1])]
        yield "".join(board)
        yield "".join(row[::-1] for row in board)


def lines_of(text):
    return [line for line in text.splitlines() if not line.startswith("#")]


class Positions(KilnTest):
    def text_of(self, *arguments):
        path = self.path("made.obf")
        self.kiln("positions", path, "--force", *arguments)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_each_number_of_empties_has_its_positions(self):
        text = self.text_of(*QUICK, "--empties", "10,8", "--count", "5,20")
        lines = lines_of(text)
        self.assertEqual([line[:64].count("-") for line in lines], [8] * 20 + [10] * 5)
        for line in lines:
            self.assertRegex(line, r"\A[XO-]{64} [XO]; [a-h][1-8]:[+-]\d+; % e\d+-\d+ game=\d+\Z")

    def test_what_it_says_is_what_solve_finds(self):
        for flags in ([], ["--all-moves"]):
            self.text_of(*TWO, *flags)
            result = json.loads(self.kiln("solve", self.path("made.obf"), "--table-mib", 2,
                                          "--json").out)
            self.assertEqual(result["totals"]["right"], 40)

    def test_all_moves_are_listed_best_first(self):
        best = lines_of(self.text_of(*TWO))
        every = lines_of(self.text_of(*TWO, "--all-moves"))
        self.assertEqual(len(best), len(every))
        moves = 0
        for one, many in zip(best, every):
            self.assertEqual(one[:67], many[:67])
            scores = [int(score) for score in re.findall(r":([+-]\d+);", many)]
            self.assertEqual(scores, sorted(scores, reverse=True))
            self.assertIn(re.search(r" \w\d:[+-]\d+;", one)[0], many)
            moves += len(scores)
        self.assertGreater(moves, 3 * len(best))

    def test_it_is_the_same_file_for_any_number_of_threads(self):
        texts = {self.text_of(*TWO, "--threads", threads) for threads in (1, 2, 5)}
        self.assertEqual(len(texts), 1)

    def test_another_seed_is_another_set(self):
        boards = [set(line[:64] for line in lines_of(self.text_of(*TWO, "--seed", seed)))
                  for seed in (1, 2)]
        self.assertFalse(boards[0] & boards[1])

    def test_no_two_are_alike_and_no_game_gives_two_of_a_kind(self):
        lines = lines_of(self.text_of(*QUICK, "--empties", "8", "--count", "200"))
        names = {min(symmetric_images(line[:64].replace("X", "?") if line[65] == "O"
                                      else line[:64])) for line in lines}
        self.assertEqual(len(names), 200)
        self.assertEqual(len({re.search(r"game=(\d+)", line)[1] for line in lines}), 200)

    def test_the_header_tells_what_decides_it(self):
        self.kiln("train", *SMALL, "--checkpoint-every", 0, "--state", self.path("run"))
        flags = [flag for flag in TWO if flag != "--untrained"]
        trained = self.text_of(*flags, "--model", self.path("run"))
        self.assertIn("# kiln positions --empties 8,10 --count 20,20 --seed 1 --depth 1 "
                      "--random-share 0.05 --even-within 64 --table-mib 1\n", trained)
        print_of = re.compile(r"# with a model of (\d+) games, CRC-32C of its weights "
                              r"([0-9a-f]{8})\n")
        self.assertEqual(print_of.search(trained)[1], "128")
        untrained = self.text_of(*TWO)
        self.assertNotEqual(print_of.search(trained)[2], print_of.search(untrained)[2])
        self.assertIn("Nothing trains on them", trained)
        self.assertNotIn(self.folder, trained)

    def test_openings_that_are_not_even_are_left_out(self):
        # Large steps, so that after a few games there are values beyond one disc.
        self.kiln("train", *SMALL, "--learning-rate", 3, "--checkpoint-every", 0, "--state",
                  self.path("run"))
        flags = ["--model", self.path("run"), "--depth", 1, "--table-mib", 1, "--empties", 8,
                 "--count", 20]
        even = [self.kiln("positions", self.path("set.obf"), "--force", *flags, "--even-within",
                          discs).out for discs in (1, 64)]
        games = [list(map(int, re.search(r"from ([\d]+) even games of ([\d]+),", out).groups()))
                 for out in even]
        self.assertGreater(games[0][1], games[0][0])
        self.assertEqual(games[1][1], games[1][0])


class Interrupted(KilnTest):
    # More than a moment's work.
    LONG = [*QUICK, "--empties", "6,14", "--count", "30,400", "--threads", "2"]

    def test_what_is_solved_is_kept_and_gone_on_with(self):
        path = self.path("set.obf")
        process = self.start("positions", path, *self.LONG)
        deadline = 600
        while deadline > 0 and not self.is_solving(process):
            deadline -= 1
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        if "nothing is written" in done.out:
            self.assertFalse(os.path.exists(path))
        else:
            self.assertIn("partial: ", done.out)
            with open(path, encoding="utf-8") as file:
                kept = file.read()
            self.assertRegex(kept, r"\n# partial: \d+ of 430 positions; ")
            self.assertGreater(len(lines_of(kept)), 0)
        done = self.kiln("positions", path, *self.LONG, "--resume")
        self.assertIn("430 of 430 positions", done.out)
        with open(path, encoding="utf-8") as file:
            resumed = file.read()
        straight = self.path("straight.obf")
        self.kiln("positions", straight, *self.LONG)
        with open(straight, encoding="utf-8") as file:
            self.assertEqual(resumed, file.read())

    @staticmethod
    def is_solving(process):
        """Whether it used a second of the processor, which is more than playing takes."""
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            ticks = int(file.read().rsplit(")", 1)[1].split()[11])
        return process.poll() is not None or ticks >= os.sysconf("SC_CLK_TCK")

    def test_a_resumed_file_takes_what_is_solved_from_there(self):
        path = self.path("set.obf")
        self.kiln("positions", path, *TWO)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        first = lines_of(text)[0]
        # A score that it would never find, to see where it comes from.
        forged = re.sub(r":[+-]\d+;", ":+1;", first)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(first, forged))
        self.kiln("positions", path, *TWO, "--resume")
        with open(path, encoding="utf-8") as file:
            self.assertIn(forged, file.read())

    def test_a_file_of_another_command_is_not_gone_on_with(self):
        path = self.path("set.obf")
        self.kiln("positions", path, *TWO)
        line = self.refused(73, "positions", path, *TWO, "--seed", 2, "--resume")
        self.assertIn("--resume: ", line)
        self.assertIn("was made by another command or with another model", line)


class Refusals(KilnTest):
    def test_nothing_is_overwritten_unasked(self):
        path = self.write("mine.obf", "dear to me\n")
        line = self.refused(73, "positions", path, *TWO)
        self.assertIn("it is there already; give another name, --force", line)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "dear to me\n")
        self.kiln("positions", path, *TWO, "--force")
        self.assertEqual(os.listdir(self.folder), ["mine.obf"])

    def test_a_place_that_cannot_be_written_is_found_out_first(self):
        self.refused(73, "positions", self.path("none", "set.obf"), *TWO)
        self.refused(73, "positions", self.folder, *TWO, "--force")
        self.refused(73, "positions", "/dev/null", *TWO, "--force")

    def test_wrong_flags(self):
        path = self.path("set.obf")
        for arguments, line in [
                ([], "positions: no model; give --model PATH"),
                (["--empties", "12,"], "--empties: '' is not allowed; it takes a whole number"),
                (["--empties", "0"], "--empties: '0' is not allowed"),
                (["--empties", "8,8"], "--empties: 8 is there twice; give each number once"),
                (["--count", "1,2"], "--count: 2 numbers for 3 of --empties; give one for all"),
                (["--count", "50000"], "--count: 150000 positions altogether are too many"),
                (["--random-share", "2"], "--random-share: '2' is not allowed; it takes a share"),
                (["--even-within", "-1"], "--even-within: '-1' is not allowed"),
                (["--depth", "0"], "--depth: '0' is not allowed"),
        ]:
            flags = arguments if not arguments else ["--untrained", *arguments]
            self.assertIn(line, self.refused(2, "positions", path, *flags))
        self.refused(2, "positions", path, *TWO, "--force", "--resume")
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
