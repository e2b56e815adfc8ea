#!/usr/bin/python3
"""The commands that look: evaluate, perft, board, memory, checkpoint, help."""

import json
import re
import signal
import unittest

from support import NULL, SMALL, KilnTest

PERFT = [4, 12, 56, 244, 1396, 8200, 55092, 390216]  # published


class Evaluate(KilnTest):
    def result(self, *arguments):
        return json.loads(self.kiln("evaluate", "--json", *arguments).out)

    def test_the_result_does_not_depend_on_the_workers(self):
        self.kiln("train", *SMALL, "--checkpoint-every", 0, "--state", self.path("run"))
        for flags in (["--depth", 2], ["--nodes", 100, "--exact-empties", 8]):
            results = []
            for workers in (1, 2, 4):
                result = self.result("--model", self.path("run"), "--games", 40, "--opponent",
                                     "corner", "--workers", workers, *flags)
                self.assertEqual(result.pop("workers"), workers)
                for measured in ("seconds", "games_per_second"):
                    self.assertGreater(result.pop(measured), 0)
                results.append(result)
            self.assertEqual(results[0], results[1])
            self.assertEqual(results[0], results[2])
            self.assertEqual(result["model"], self.newest("run"))
            self.assertEqual(result["model_games"], 128)

    def test_it_counts_every_game_once_and_gives_wilsons_interval(self):
        result = self.result("--untrained", "--games", 100)
        self.assertEqual(result["wins"] + result["draws"] + result["losses"], 100)
        score = (result["wins"] + result["draws"] / 2) / 100
        self.assertEqual(result["score"], score)
        z = 1.959964
        centre = (score + z * z / 200) / (1 + z * z / 100)
        half = z / (1 + z * z / 100) * (score * (1 - score) / 100 + z * z / 40000) ** 0.5
        self.assertAlmostEqual(result["wilson_lower"], centre - half, places=9)
        self.assertAlmostEqual(result["wilson_upper"], centre + half, places=9)
        self.assertFalse(result["partial"])

    def test_another_seed_is_another_match(self):
        first = self.result("--untrained", "--games", 100, "--seed", 1)
        second = self.result("--untrained", "--games", 100, "--seed", 2)
        self.assertNotEqual(first["stone_difference"], second["stone_difference"])

    def test_text_says_the_same(self):
        result = self.result("--untrained", "--games", 100)
        text = self.kiln("evaluate", "--untrained", "--games", 100).out
        self.assertIn(f"games 100: {result['wins']} won, {result['draws']} drawn, "
                      f"{result['losses']} lost", text)
        self.assertIn("95 % interval", text)

    def test_interrupted_it_tells_what_is_complete(self):
        process = self.start("evaluate", "--untrained", "--games", 1000000, "--depth", 3, "--json")
        process.send_signal(signal.SIGINT)
        result = json.loads(self.finish(process).out)
        self.assertTrue(result["partial"])
        self.assertLess(result["games"], 1000000)
        self.assertEqual(result["wins"] + result["draws"] + result["losses"], result["games"])


class Perft(KilnTest):
    def test_counts_as_published(self):
        lines = self.kiln("perft", 8).out.splitlines()
        for depth, (line, leaves) in enumerate(zip(lines, PERFT, strict=True), 1):
            self.assertRegex(line, rf"\Adepth {depth} leaves {leaves} seconds [\d.]+ "
                                   r"leaves/s \d+\Z")

    def test_counts_from_any_board(self):
        after_f5 = "-" * 27 + "OX------XXX" + "-" * 26 + " O"
        self.assertIn("depth 1 leaves 3 ", self.kiln("perft", 1, "--board", after_f5).out)
        self.assertIn("depth 0 leaves 1 ", self.kiln("perft", 0).out)


class Board(KilnTest):
    def test_draws_moves_and_reads_back_its_cells(self):
        out = self.kiln("board", "start", "--moves", "f5d6").out
        self.assertIn("4 - - . O X - - - 4\n5 - - . O X X - - 5\n6 - - . O - - - - 6\n", out)
        self.assertIn("black (X) 3, white (O) 3, empty 58\n", out)
        self.assertIn("black (X) to move: c3 c4 c5 c6 c7\n", out)
        cells = "".join(line[2:17] for line in out.splitlines()[1:9])
        again = self.kiln("board", cells + " X").out
        self.assertEqual(out, again)

    def test_a_model_tells_its_evaluation_and_best_move(self):
        self.kiln("train", *SMALL, "--checkpoint-every", 0, "--state", self.path("run"))
        out = self.kiln("board", "--model", self.path("run"), "--depth", 4).out
        self.assertRegex(out, r"evaluation [+-]\d+\.\d+ discs for black \(X\)")
        self.assertRegex(out, r"best move (d3|c4|f5|e6), [+-]\d+\.\d+ discs at depth 4, [\d,]+ ")

    def test_ends_of_games(self):
        self.assertIn("the game is over: +64", self.kiln("board", "X" + "-" * 63).out)
        self.assertIn("must pass", self.kiln("board", "OX" + "-" * 62 + "X").out)


class Memory(KilnTest):
    def test_the_table_adds_up(self):
        out = self.kiln("memory", "--plan", "--memory", "400MB", "--workers", 3).out
        rows = {}
        *table, last = out.splitlines()[1:]
        self.assertTrue(last.endswith(" MemoryMax=400000000"), last)
        for line in table:
            match = re.match(r"  (.{22}) (.{10}) +([\d,]+) ", line)
            rows[match[1].strip()] = int(match[3].replace(",", ""))
        budget, planned, rest = (rows.pop(name) for name in ("budget", "planned", "unassigned"))
        self.assertEqual(budget, 400_000_000)
        self.assertEqual(planned, sum(rows.values()))
        self.assertEqual(planned + rest, budget)
        self.assertIn("transposition table", rows)
        self.assertIn("program and libraries", rows)

    def test_only_the_table_shrinks(self):
        out = self.kiln("memory", "--plan", "--memory", "260MB", "--workers", 2).out
        shrunk = [line for line in out.splitlines() if "shrunk" in line]
        self.assertEqual(len(shrunk), 1)
        self.assertIn("transposition table", shrunk[0])


class Checkpoint(KilnTest):
    def test_lists_verifies_and_inspects(self):
        self.kiln("train", *NULL, "--state", self.path("run"), "--checkpoint-every", 128)
        lines = self.kiln("checkpoint", "list", self.path("run")).out.splitlines()
        self.assertRegex(lines[1], r"\Agame-000000000256.ckpt +256 +43.1 kB +null +complete\Z")
        self.assertRegex(lines[2], r"\Agame-000000000128.ckpt +128 ")
        verified = self.kiln("checkpoint", "verify", self.path("run")).out
        self.assertEqual(verified.count(": intact, "), 2)
        for path in (self.path("run"), self.newest("run")):
            inspected = self.kiln("checkpoint", "inspect", path).out
            self.assertIn("format version 1, workload null, 256 games", inspected)
            self.assertRegex(inspected, r"null\.counters +u64 +4,096 +8 +32,768 +10256 +1\n")
            self.assertIn("settings\n  workload = null\n  games = 256\n", inspected)


class Help(KilnTest):
    def test_every_command_has_help_with_examples(self):
        commands = re.findall(r"^  (\w+) ", self.kiln("help").out.split("Subcommands:")[1], re.M)
        self.assertLess({"train", "evaluate", "perft", "board", "memory", "checkpoint", "help"},
                        set(commands))
        for command in set(commands) - {"kiln"}:
            for asked in ([command, "--help"], ["help", command]):
                out = self.kiln(*asked).out
                self.assertIn(f"Usage: kiln {command}", out)
                self.assertGreaterEqual(out.split("Examples:")[1].count(f"  kiln {command}"), 2)
        self.assertRegex(self.kiln("--version").out, r"\Akiln \d+\.\d+\.\d+\n\Z")


if __name__ == "__main__":
    unittest.main()
