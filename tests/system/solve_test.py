#!/usr/bin/python3
"""solve: files of positions, solved or evaluated, and compared with what they say."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

from support import KILN, SMALL, KilnTest, open_terminal

DATA = os.path.join(os.path.dirname(__file__), "..", "data")
START = "---------------------------OX------XO--------------------------- X"
# Every move with its exact score, eight empties.
EIGHT = os.path.join(DATA, "eight_empties.obf")
DEVELOPMENT = os.path.join(DATA, "development.obf")
# The table is cleared at the start, which costs more than the small positions.
QUICK = ["--table-mib", "1"]


def positions_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line[0] not in "#%"]


class Solve(KilnTest):
    def result(self, *arguments, code=0):
        return json.loads(self.kiln("solve", "--json", *QUICK, *arguments, code=code).out)

    def test_scores_and_moves_are_those_of_the_file(self):
        result = self.result(EIGHT)
        count = len(positions_of(EIGHT))
        self.assertEqual(len(result["positions"]), count)
        for line, found in zip(positions_of(EIGHT), result["positions"]):
            scores = dict(re.findall(r" (\w\d):([+-]\d+);", line))
            self.assertEqual(found["verdict"], "right")
            self.assertEqual(found["empties"], line[:64].count("-"))
            self.assertEqual(found["score"], max(map(int, scores.values())))
            self.assertEqual(found["score"], int(scores[found["move"]]))
        totals = result["totals"]
        self.assertEqual((totals["right"], totals["wrong"], totals["unknown"]), (count, 0, 0))
        self.assertEqual(totals["nodes"], sum(p["nodes"] for p in result["positions"]))
        self.assertFalse(totals["partial"])

    def test_nothing_depends_on_the_threads(self):
        results = []
        for threads in (1, 2, 5):
            result = self.result(EIGHT, "--threads", threads)
            self.assertEqual(result.pop("threads"), threads)
            for timed in [result["totals"], *result["positions"]]:
                timed.pop("seconds")
            result["totals"].pop("thread_seconds")
            results.append(result)
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])

    def test_a_position_takes_as_many_nodes_wherever_it_stands(self):
        lines = [line for line in positions_of(DEVELOPMENT) if "% e16-" in line][:3]
        path = self.write("twice.obf", "\n".join(lines + lines[::-1]) + "\n")
        found = [(p["name"], p["score"], p["move"], p["nodes"])
                 for p in self.result(path, "--threads", 1)["positions"]]
        self.assertEqual(found[:3], found[:2:-1])
        self.assertGreater(found[0][3], 1000)
        spread = self.result(path, "--threads", 2)["positions"]
        self.assertEqual(found, [(p["name"], p["score"], p["move"], p["nodes"]) for p in spread])

    def test_the_winner_alone_agrees_with_the_exact_scores(self):
        exact = self.result(EIGHT)
        winner = self.result(EIGHT, "--winner")
        self.assertEqual(winner["task"], "winner")
        for left, right in zip(exact["positions"], winner["positions"]):
            score = left["score"]
            self.assertEqual(right["score"], (score > 0) - (score < 0))
            self.assertEqual(right["verdict"], "right")
        self.assertLess(winner["totals"]["nodes"], exact["totals"]["nodes"])
        words = self.kiln("solve", EIGHT, "--winner", *QUICK).out
        self.assertRegex(words, r" (win|draw|loss) ")

    def test_a_file_that_says_something_else_is_contradicted(self):
        lines = positions_of(EIGHT)
        score = re.compile(r" (\w\d):([+-]\d+);")
        scores = score.findall(lines[1])
        best = max(int(discs) for _, discs in scores)
        # Too high a score of some move; and only a move listed that is not the best.
        wrong_score = lines[1][:67] + f" {scores[0][0]}:{best + 2:+};"
        path = self.write("wrong.obf", "\n".join([lines[0], wrong_score, lines[2]]) + "\n")
        done = self.kiln("solve", path, *QUICK, code=65)
        self.assertIn(f"wrong score: the file says {best + 2:+}", done.out)
        self.assertIn("2 right, 1 wrong, 0 without a known score", done.out)
        self.assertEqual(done.err, f"kiln: {path}: 1 of 3 positions are not what the file says; "
                                   "one of the two is wrong\n")

    def test_a_move_that_the_file_scores_lower_is_wrong(self):
        line = next(line for line in positions_of(EIGHT)
                    if len(set(re.findall(r":([+-]\d+)", line))) > 1)
        scores = re.findall(r"(\w\d):([+-]\d+)", line)
        best = max(int(discs) for _, discs in scores)
        # What is best is said to be worth less than another move.
        swapped = [f" {move}:{best - 2 if int(discs) == best else best:+};"
                   for move, discs in scores]
        path = self.write("wrong.obf", line[:67] + "".join(swapped) + "\n")
        done = self.kiln("solve", path, *QUICK, code=65)
        self.assertRegex(done.out, rf"wrong move: the file says \w\d:{best - 2:+}\n")

    def test_without_scores_it_tells_its_own(self):
        bare = [line[:66] for line in positions_of(EIGHT)]
        path = self.write("bare.obf", "\n".join(bare))
        found = self.result(path)["positions"]
        known = self.result(EIGHT)["positions"]
        for left, right in zip(found, known):
            self.assertEqual((left["score"], left["move"]), (right["score"], right["move"]))
            self.assertNotIn("verdict", left)
        self.assertIn("0 right, 0 wrong,", self.kiln("solve", path, *QUICK).out)

    def test_passes_and_finished_games_have_scores_too(self):
        full = "X" * 40 + "O" * 24
        alone = "X" * 60 + "----"
        must_pass = "X" * 62 + "O-"
        path = self.write("odd.obf", f"{full} X; % full\n{full} O\n{alone} O;\n"
                                     f"{must_pass} O; --:-64;\n")
        found = self.result(path)["positions"]
        self.assertEqual([p["score"] for p in found], [16, -16, -64, -64])
        self.assertEqual([p["move"] for p in found], ["--"] * 4)
        self.assertEqual([p["name"] for p in found], ["full", "2", "3", "4"])
        self.assertEqual(found[3]["verdict"], "right")

    def test_text_has_a_line_a_position_and_totals(self):
        out = self.kiln("solve", EIGHT, "--threads", 1, *QUICK).out.splitlines()
        count = len(positions_of(EIGHT))
        self.assertEqual(out[0], f"{count} positions of {EIGHT}: model untrained (0 games), 1 MiB "
                                 "of table a thread, 1 thread")
        self.assertRegex(out[1], r"\Aposition +empties +score +move +nodes +seconds +M nodes/s  "
                                 r"solved exactly\Z")
        for line in out[2:2 + count]:
            self.assertRegex(line, r"\A[\w-]+ +8 +[+-]\d+ +[a-h][1-8] +[\d,]+ +\d+\.\d{3} +"
                                   r"\d+\.\d\d  right\Z")
        self.assertRegex(out[-2], rf"\A{count} positions, [\d,]+ nodes, ")
        self.assertEqual(out[-1], f"{count} right, 0 wrong, 0 without a known score")


class Evaluate(KilnTest):
    def result(self, *arguments):
        return json.loads(self.kiln("solve", EIGHT, "--json", *QUICK, *arguments).out)

    def test_the_error_is_the_mean_over_the_positions(self):
        self.kiln("train", *SMALL, "--checkpoint-every", 0, "--state", self.path("run"))
        for depth in (0, 1, 3):
            result = self.result("--model", self.path("run"), "--depth", depth)
            self.assertEqual(result["model_games"], 128)
            pairs = [(p["value"], p["known_score"]) for p in result["positions"]]
            row = result["error"][0]
            self.assertEqual(row["empties"], 8)
            self.assertEqual(row["all"]["positions"], len(pairs))
            mean = sum(abs(value - known) for value, known in pairs) / len(pairs)
            self.assertAlmostEqual(row["all"]["error"], mean)
            near = [(value, known) for value, known in pairs if abs(known) <= 20]
            self.assertEqual(row["near"]["positions"], len(near))
            mean = sum(abs(value - known) for value, known in near) / len(near)
            self.assertAlmostEqual(row["near"]["error"], mean)
            zero = sum(abs(known) for _, known in pairs) / len(pairs)
            self.assertAlmostEqual(row["all"]["zero_error"], zero)
            lines = [line[:64] for line in positions_of(EIGHT)]
            sides = [line[65] for line in positions_of(EIGHT)]
            discs = [(c.count("X") - c.count("O")) * (1 if s == "X" else -1)
                     for c, s in zip(lines, sides)]
            off = sum(abs(d - known) for d, (_, known) in zip(discs, pairs)) / len(pairs)
            self.assertAlmostEqual(row["all"]["discs_error"], off)
            self.assertEqual(result["error"][-1]["empties"], "all")

    def test_depth_0_is_the_static_evaluation(self):
        self.kiln("train", *SMALL, "--checkpoint-every", 0, "--state", self.path("run"))
        result = self.result("--model", self.path("run"), "--depth", 0)
        for line, found in list(zip(positions_of(EIGHT), result["positions"]))[:3]:
            board = self.kiln("board", line[:66], "--model", self.path("run"), "--depth", 1).out
            self.assertIn(f"evaluation {found['value']:+.2f} discs", board)
            self.assertNotIn("move", found)

    def test_a_search_to_the_end_has_no_error(self):
        result = self.result("--untrained", "--depth", 8)
        self.assertEqual(result["error"][0]["all"]["error"], 0)

    def test_an_untrained_model_is_no_better_than_zero(self):
        row = self.result("--untrained", "--depth", 0)["error"][0]["all"]
        self.assertEqual(row["error"], row["zero_error"])

    def test_text_tells_the_controls(self):
        out = self.kiln("solve", EIGHT, "--untrained", "--depth", 1, *QUICK).out
        self.assertRegex(out, r"empties  results  positions +error +rms +bias +zero +discs +mobil")
        self.assertRegex(out, r"\n +8  all +\d+ +\d+\.\d\d ")
        self.assertRegex(out, r"\n +8  \+-20 +\d+ +\d+\.\d\d ")


class Refusals(KilnTest):
    def test_wrong_files_are_refused_before_anything_is_solved(self):
        good = START + ";\n"
        for text, line in [
                ("", "there is no position in it; give 64 cells and the side to move a line"),
                ("# nothing\n", "there is no position in it"),
                (good + START[:-1] + "Q\n", "2:66: there is 'Q'; here belongs: a blank and the"),
                (good + "\n\0\0\n", "3:1: there is byte 0x00;"),
                (good + START + "; d3:+66;\n", "2:72: the score is beyond 64 discs"),
                (good + "x" * 100_000, "2: the line is longer than 4096 bytes"),
        ]:
            path = self.write("bad.obf", text)
            done = self.kiln("solve", path, *QUICK, code=65)
            self.assertEqual(done.out, "")
            self.assertTrue(done.err.startswith(f"kiln: {path}:"), done.err)
            self.assertIn(line, done.err)
            self.assertEqual(done.err.count("\n"), 1)

    def test_files_that_cannot_be_read_say_why(self):
        self.assertIn("cannot read", self.refused(66, "solve", self.path("none.obf")))
        self.assertIn("Is a directory", self.refused(74, "solve", self.folder))
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        with subprocess.Popen(["sh", "-c", f"echo '{START}' > {fifo}"]):
            line = self.refused(66, "solve", fifo)
        self.assertIn("a pipe can be read once; write it to a file first", line)

    def test_wrong_flags(self):
        for arguments, line in [
                (["--depth", 61], "--depth: '61' is not allowed; it takes a whole number from 0"),
                (["--depth", 2], "solve: --depth evaluates a model; give --model PATH"),
                (["--threads", 0], "--threads: '0' is not allowed"),
                (["--table-mib", 0], "--table-mib: '0' is not allowed"),
                (["--memory", "much"], "--memory: 'much' is not allowed"),
        ]:
            self.assertIn(line, self.refused(2, "solve", EIGHT, *arguments))
        self.refused(2, "solve", EIGHT, "--winner", "--depth", 2, "--untrained")
        self.refused(2, "solve", EIGHT, "--model", self.folder, "--untrained")
        self.refused(2, "solve")

    def test_too_small_a_budget_says_what_would_do(self):
        line = self.refused(78, "solve", EIGHT, "--memory", "100MB")
        smallest = re.search(r"the smallest that would do is (\d+) bytes", line)[1]
        self.kiln("solve", EIGHT, "--memory", smallest, "--threads", 1)

    def test_output_that_cannot_be_written_ends_it(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([KILN, "solve", EIGHT, *QUICK], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


class Interrupted(KilnTest):
    def test_what_is_done_is_told(self):
        # The start position is beyond any solver.
        path = self.write("long.obf", "\n".join(positions_of(EIGHT)[:3] + [START]) + "\n")
        for flags in ([], ["--json"]):
            process = self.start("solve", path, "--threads", 2, *QUICK, *flags)
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            out = self.finish(process).out
            if flags:
                result = json.loads(out)
                self.assertEqual(len(result["positions"]), 3)
                self.assertTrue(result["totals"]["partial"])
                self.assertEqual(result["totals"]["asked"], 4)
            else:
                self.assertIn("partial: 3 of 4 positions\n", out)
                self.assertIn("3 right, 0 wrong, 0 without a known score\n", out)

    def test_a_terminal_sees_how_far_it_is(self):
        path = self.write("long.obf", START + "\n")
        master, slave = open_terminal()
        environment = {**os.environ, "TERM": "xterm"}
        with subprocess.Popen([KILN, "solve", path, *QUICK], stdout=subprocess.DEVNULL,
                              stderr=slave, env=environment) as process:
            os.close(slave)
            seen = b""
            while b"0 / 1 positions" not in seen:
                seen += os.read(master, 4096)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=60), 0)
        os.close(master)


if __name__ == "__main__":
    unittest.main()
