#!/usr/bin/python3
"""The commands that look inside: debug ..., checkpoint diff."""

import csv
import io
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

from support import KILN, NULL, SMALL, KilnTest, patch

FOLDER = None


def setUpModule():
    """One run for all tests, which only read it: checkpoints at games 0 + 32 n."""
    global FOLDER
    FOLDER = tempfile.mkdtemp(prefix="kiln-debug-test-")
    for arguments in ([*SMALL, "--checkpoint-every", "32"],
                      [*NULL, "--checkpoint-every", "0"]):
        subprocess.run([KILN, "train", *arguments, "--state",
                        os.path.join(FOLDER, "null" if "null" in arguments else "run")],
                       check=True, capture_output=True)


def tearDownModule():
    shutil.rmtree(FOLDER, ignore_errors=True)


def checkpoint(games):
    return os.path.join(FOLDER, "run", f"game-{games:012}.ckpt")


RUN = property(lambda _: os.path.join(FOLDER, "run"))


class Board(KilnTest):
    def test_tells_discs_and_stage(self):
        out = self.kiln("debug", "board", "start", "--moves", "f5d6c3").out
        self.assertIn("white (O) to move:", out)
        self.assertIn("empty 57\n", out)
        self.assertIn("discs 7, stage 1 of 0 to 29\n", out)


class Patterns(KilnTest):
    run_path = RUN

    def test_weights_of_all_lanes_sum_to_the_evaluation(self):
        out = json.loads(self.kiln("debug", "patterns", "start", "--moves", "f5d6c3d3c4",
                                   "--model", self.run_path, "--json").out)
        self.assertEqual(len(out["lanes"]), 61)
        self.assertEqual(sum(lane["units"] for lane in out["lanes"]), out["evaluation_units"])
        self.assertEqual(out["sum_units"], out["evaluation_units"])
        self.assertEqual(out["stage"], 2)
        board = self.kiln("board", "start", "--moves", "f5d6c3d3c4", "--model", self.run_path).out
        self.assertIn(f"evaluation {out['evaluation_discs']:+.2f} discs", board)
        weights = read_sections(checkpoint(128))["othello.weights"]
        for lane in out["lanes"]:
            weight = struct.unpack_from("<H", weights, 2 * lane["index"])[0]
            self.assertEqual(weight - 32768, lane["units"])
            looked_at = {"count": 64, "mobility": 0, "frontier": 0}
            self.assertEqual(looked_at.get(lane["shape"], len(lane["pattern"])),
                             len(lane["cells"]))

    def test_text_draws_every_placement(self):
        out = self.kiln("debug", "patterns", "start", "--model", self.run_path).out
        self.assertIn("the sum of 61 weights", out)
        self.assertEqual(len(re.findall(r"^  +\d+  [XO-]+ +\d+ +\d+ ", out, re.M)), 58)
        self.assertRegex(out, r"\nedge \+ 2X, mirror images share a weight\n(  [-.]{8}){4}\n")


class Trace(KilnTest):
    run_path = RUN

    def test_tells_moves_returns_and_errors_of_the_next_game(self):
        out = self.kiln("debug", "trace", "--model", checkpoint(64)).out
        self.assertIn("the run plays this game with these weights\n", out)
        moves = re.findall(r"^ *\d+ ([XO]) ([a-h][1-8])  ([XO.]{64} [XO])  ", out, re.M)
        told = re.search(r"result [+-][\d.]+ discs for black \(X\); (\d+) moves: (\d+) random "
                         r"opening.*; (\d+) errors\n", out)
        self.assertEqual(len(moves), int(told[1]))
        self.assertEqual(out.count("random opening\n"), int(told[2]))
        self.assertEqual(len(re.findall(r"; error [+-]", out)), int(told[3]))
        played = re.search(r"^moves ([a-h1-8]+)$", out, re.M)[1]
        self.assertEqual("".join(square for _, square, _ in moves), played)
        # The positions are those that the moves lead to.
        half = len(moves) // 2
        board = self.kiln("board", moves[half][2]).out
        self.assertEqual(board, self.kiln("board", "start", "--moves", played[:2 * half]).out)

    def test_lists_the_weights_that_an_error_is_charged_to(self):
        out = self.kiln("debug", "trace", "--model", checkpoint(64), "--weights").out
        errors = len(re.findall(r"; error [+-]", out))
        self.assertEqual(len(re.findall(r" updates, gets [+-]", out)), 61 * errors)


class Replay(KilnTest):
    run_path = RUN

    def test_is_identical_to_the_game(self):
        for game in (64, 70, 95):
            out = self.kiln("debug", "replay", "--model", checkpoint(64), "--game", game,
                            "--verify").out
            self.assertIn("replay identical: ", out)
            trace = self.kiln("debug", "trace", "--model", checkpoint(64), "--game", game).out
            crc = re.search(r"^record crc32c [0-9a-f]{8}$", out, re.M)[0]
            self.assertIn(crc, trace)

    def test_other_moves_are_another_game(self):
        out = self.kiln("debug", "replay", "--model", checkpoint(64), "--moves", "f5d6").out
        self.assertIn("replay differs: 2 of ", out)
        line = self.refused(65, "debug", "replay", "--model", checkpoint(64), "--moves", "f5d6",
                            "--verify")
        self.assertIn("replay differs: 2 of ", line)


class Updates(KilnTest):
    def test_games_learned_here_are_those_the_trainer_learned(self):
        out = self.kiln("debug", "updates", "--model", checkpoint(64), "--games", 64, "--against",
                        checkpoint(128)).out
        self.assertIn(f"identical to {checkpoint(128)} in all 5 sections", out)

    def test_before_and_after_are_what_the_checkpoints_hold(self):
        out = self.kiln("debug", "updates", "--model", checkpoint(96), "--games", 32).out
        rows = re.findall(r"^stage +(\d+)  (.{12}) ([XO+0-9:-]+) +([+-][\d.]+) -> ([+-][\d.]+) "
                          r"\(([+-][\d.]+)\) discs, mean error [+-][\d.]+ of (\d+), update (\d+)$",
                          out, re.M)
        told = re.search(r"^([\d,]+) updates, largest change ([\d.]+) discs", out, re.M)
        self.assertEqual(len(rows), int(told[1].replace(",", "")))
        before, after = (self.weights(games) for games in (96, 128))
        for stage, shape, pattern, old, new, _, _, updates in rows[::50]:
            key = (stage, shape.strip(), pattern)
            untouched = {"discs": "0"}
            self.assertEqual(f"{float(before.get(key, untouched)['discs']):+.3f}", old)
            self.assertEqual(f"{float(after[key]['discs']):+.3f}", new)
            self.assertEqual(after[key]["updates"], updates)

    def weights(self, games):
        out = self.kiln("debug", "csv", "--model", checkpoint(games), "--touched").out
        return {(row["stage"], row["shape"], row["pattern"]): row
                for row in csv.DictReader(io.StringIO(out))}

    def test_large_changes_are_told_with_position_and_pattern(self):
        quiet = self.kiln("debug", "updates", "--model", checkpoint(96), "--threshold", 256).out
        self.assertNotIn("anomaly", quiet)
        self.assertIn(", 0 above 256 discs\n", quiet)
        self.assertIn("the run absorbs games 96 to 127 together", quiet)
        out = self.kiln("debug", "updates", "--model", checkpoint(96), "--threshold", 0.03).out
        anomalies = re.findall(r"^stage +(\d+) .* \(([+-][\d.]+)\) discs.*\n  anomaly: more than "
                               r"0.03 discs at once; largest error [+-][\d.]+ from game (\d+) "
                               r"after move (\d+): ([XO.]{64} [XO])$", out, re.M)
        self.assertGreater(len(anomalies), 0)
        self.assertIn(f", {len(anomalies)} above 0.03 discs\n", out)
        for stage, change, game, _, position in anomalies[:5]:
            self.assertGreater(abs(float(change)), 0.03)
            self.assertEqual(game, "96")
            told = self.kiln("debug", "board", position).out
            self.assertIn(f"stage {stage} of", told)

    def test_another_checkpoint_is_refused(self):
        line = self.refused(2, "debug", "updates", "--model", checkpoint(64), "--against",
                            checkpoint(128))
        self.assertIn("these games end at 65", line)
        other = self.path("other")
        self.kiln("train", *SMALL, "--seed", 5, "--checkpoint-every", 32, "--state", other)
        line = self.refused(65, "debug", "updates", "--model", checkpoint(96), "--games", 32,
                            "--against", self.path("other", "game-000000000128.ckpt"))
        self.assertIn("section othello.weights", line)


class Csv(KilnTest):
    run_path = RUN

    def rows(self, *arguments):
        done = subprocess.run([KILN, "debug", "csv", "--model", self.run_path,
                               *map(str, arguments)], capture_output=True, check=True)
        lines = done.stdout.decode("ascii").split("\r\n")
        self.assertEqual(lines.pop(), "")
        self.assertNotIn("\n", "".join(lines))
        return list(csv.DictReader(lines, strict=True))

    def test_weights_are_those_of_the_checkpoint(self):
        sections = read_sections(checkpoint(128))
        slots = sections["othello.optimiser"]
        rows = self.rows("--stage", 12)
        self.assertEqual(len(rows), len(slots) // 16 // 30)
        for at in range(0, len(rows), 97):
            carry, first, second, updates = struct.unpack_from("<fffI", slots,
                                                               16 * (12 * len(rows) + at))
            row = rows[at]
            for name, value in (("carry_units", carry), ("first_moment", first),
                                ("second_moment", second)):
                self.assertEqual(struct.pack("<f", float(row[name])), struct.pack("<f", value))
            self.assertEqual(int(row["updates"]), updates)
        touched = self.rows("--stage", 12, "--touched")
        self.assertEqual(touched, [row for row in rows if row["updates"] != "0"])
        some = self.rows("--stage", 12, "--shape", "edge + 2X")
        self.assertEqual(some, [row for row in rows
                                if row["shape"] == "edge + 2X"])

    def test_games_are_the_next_of_the_run(self):
        arguments = ["debug", "csv", "--model", checkpoint(64), "--games", 3]
        rows = list(csv.DictReader(io.StringIO(self.kiln(*arguments).out)))
        self.assertEqual([row["ticket"] for row in rows], ["64", "65", "66"])
        for row in rows:
            replay = self.kiln("debug", "replay", "--model", checkpoint(64), "--game",
                               row["ticket"], "--moves", row["move_list"], "--verify").out
            self.assertIn("replay identical", replay)

    def test_a_reader_that_leaves_ends_it_quietly(self):
        process = subprocess.Popen([KILN, "debug", "csv", "--model", self.run_path],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
                                   restore_signals=False)
        self.assertEqual(process.stdout.readline()[:5], b"stage")
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(60), -signal.SIGPIPE)


class Diff(KilnTest):
    run_path = RUN

    def diff(self, *arguments):
        return json.loads(self.kiln("checkpoint", "diff", *arguments, "--json").out)

    def test_identical_checkpoints_say_so(self):
        out = self.kiln("checkpoint", "diff", checkpoint(64), checkpoint(64)).out
        self.assertIn("identical: every byte of all 7 sections\n", out)
        self.assertTrue(self.diff(self.run_path, checkpoint(128))["identical"])

    def test_counts_what_changed(self):
        out = self.diff(checkpoint(96), checkpoint(128), "--top", 7)
        self.assertFalse(out["identical"])
        before, after = (read_sections(checkpoint(games)) for games in (96, 128))
        for name, section in out["sections"].items():
            self.assertEqual(len(before[name]), len(after[name]))
            self.assertEqual(section["changed_bytes"], changed(before[name], after[name], 1), name)
        slots = (state["othello.optimiser"] for state in (before, after))
        self.assertEqual(out["weights"]["changed_slots"], changed(*slots, 16))
        for part in ("stages", "shapes"):
            parts = out["weights"][part]
            parts = parts if part == "stages" else parts.values()
            for sum_of in ("weights", "changed", "changed_slots"):
                self.assertEqual(sum(sums[sum_of] for sums in parts), out["weights"][sum_of])
        changes = [abs(change["after_discs"] - change["before_discs"])
                   for change in out["weights"]["largest"]]
        self.assertEqual(len(changes), 7)
        self.assertEqual(changes, sorted(changes, reverse=True))
        self.assertEqual(changes[0], out["weights"]["largest_discs"])

    def test_text_tells_settings_sections_and_draws_the_largest(self):
        self.kiln("train", *SMALL, "--learning-rate", 0.1, "--checkpoint-every", 0, "--state",
                  self.path("other"))
        out = self.kiln("checkpoint", "diff", checkpoint(128), self.path("other"), "--top", 3).out
        self.assertIn("setting learning-rate 0.2 -> 0.1\n", out)
        self.assertRegex(out, r"section othello\.weights: [\d,]+ of [\d,]+ elements changed")
        self.assertEqual(len(re.findall(r"^  stage +\d+  .* -> ", out, re.M)), 3)
        self.assertRegex(out, r"\n      [XO.-]{8}\n")

    def test_checkpoints_of_other_kinds_are_told_apart(self):
        null = os.path.join(FOLDER, "null")
        out = self.kiln("checkpoint", "diff", null, self.run_path).out
        self.assertIn("section null.counters: only in ", out)
        self.assertIn("section othello.weights: only in ", out)
        self.assertNotIn("largest changes", out)

    def test_damage_is_refused(self):
        copy = shutil.copy(checkpoint(128), self.path("copy.ckpt"))
        patch(copy, os.path.getsize(copy) // 2, None)
        line = self.refused(65, "checkpoint", "diff", checkpoint(128), copy)
        self.assertIn("copy.ckpt: ", line)
        self.refused(66, "checkpoint", "diff", checkpoint(128), self.path("nothing"))
        self.refused(2, "checkpoint", "diff", checkpoint(128))
        self.refused(2, "checkpoint", "diff", checkpoint(128), checkpoint(96), "--top", "many")


class Refusals(KilnTest):
    run_path = RUN

    def test_models_that_are_none(self):
        null = os.path.join(FOLDER, "null")
        copy = shutil.copy(checkpoint(128), self.path("copy.ckpt"))
        patch(copy, os.path.getsize(copy) // 2, None)
        text = self.write("text.ckpt", "this is no checkpoint\n")
        for command in (["patterns"], ["trace"], ["replay"], ["updates"], ["csv"]):
            self.assertIn("--model", self.refused(2, "debug", *command))
            self.refused(66, "debug", *command, "--model", self.path("nothing"))
            self.assertIn("workload 'null'", self.refused(65, "debug", *command, "--model", null))
            self.refused(65, "debug", *command, "--model", copy)
            self.refused(65, "debug", *command, "--model", text)

    def test_values_that_are_not_allowed(self):
        model = ["--model", checkpoint(64)]
        for arguments, said in (
                (["trace", *model, "--game", 128], "its tickets are 0 to 127"),
                (["trace", *model, "--game", "x"], "--game"),
                (["trace", *model, "--game", -1], "--game"),
                (["trace", "--model", self.run_path], "beyond the run's target"),
                (["updates", *model, "--games", 65], "its tickets are 0 to 127"),
                (["updates", *model, "--games", 0], "from 1 to"),
                (["updates", *model, "--threshold", "nan"], "--threshold"),
                (["updates", *model, "--threshold", 0], "--threshold"),
                (["csv", *model, "--games", 65], "its tickets are 0 to 127"),
                (["csv", *model, "--stage", 30], "from 0 to 29"),
                (["csv", *model, "--shape", "edge"], "there are line 2, "),
                (["csv", *model, "--section", "books"], "weights or games"),
                (["csv", *model, "--games", 2, "--touched"], "leave them out"),
                (["replay", *model, "--moves", "a1"], "not legal"),
                (["patterns", "XO", *model], "ends too early"),
                (["patterns", "start", "--moves", "f5f5", *model], "not legal"),
                (["board", "nonsense"], "character"),
                (["boards"], "did you mean 'board'?"),
                ([], "which command?")):
            with self.subTest(arguments=arguments):
                self.assertIn(said, self.refused(2, "debug", *arguments))

    def test_every_command_has_help_with_examples(self):
        for command in ("board", "patterns", "trace", "replay", "updates", "csv"):
            out = self.kiln("debug", command, "--help").out
            self.assertGreaterEqual(out.split("Examples:")[1].count(f"kiln debug {command}"), 2)


def changed(before, after, size):
    """How many elements of that size differ, without looking closely where nothing does."""
    count = 0
    for first in range(0, len(before), 4096):
        if before[first:first + 4096] != after[first:first + 4096]:
            end = min(first + 4096, len(before))
            count += sum(before[at:at + size] != after[at:at + size]
                         for at in range(first, end, size))
    return count


def read_sections(path):
    """The sections of a checkpoint, by the layout in FORMATS.md."""
    with open(path, "rb") as file:
        contents = file.read()
    count = struct.unpack_from("<I", contents, 64)[0]
    sections = {}
    for at in range(128, 128 + 72 * count, 72):
        name, _, _, length, _, _, offset = struct.unpack_from("<32sIIQQQQ", contents, at)
        sections[name.rstrip(b"\0").decode()] = contents[offset:offset + length]
    return sections


if __name__ == "__main__":
    unittest.main()
