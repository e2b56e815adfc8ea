#!/usr/bin/python3
"""kiln match: two models against each other."""

import json
import re
import signal
import unittest

from support import KilnTest

USAGE, BAD_DATA, NO_INPUT, CONFIGURATION = 2, 65, 66, 78
MEASURED = ("seconds", "games_per_second")

# Enough to beat a player that knows nothing.
TRAINING = ["--games", "2048", "--epoch-games", "32", "--exact-empties", "8", "--memory", "400MB",
            "--table-mib", "2", "--checkpoint-every", "0", "--trials-every", "0"]


class Match(KilnTest):
    def setUp(self):
        super().setUp()
        self.kiln("train", *TRAINING, "--state", self.path("run"))

    def result(self, first, second, *arguments):
        players = [("untrained" if name == "untrained" else self.path(name))
                   for name in (first, second)]
        return json.loads(self.kiln("match", "--json", "--model", players[0], "--model",
                                    players[1], *arguments).out)

    def test_the_result_does_not_depend_on_the_workers(self):
        for flags in (["--pairs", 30, "--depth", 2],
                      ["--pairs", 30, "--nodes", 100, "--exact-from", 8],
                      ["--pairs", 400, "--sprt", "0,40"]):
            results = []
            for workers in (1, 2, 4):
                result = self.result("run", "untrained", "--workers", workers, *flags)
                self.assertEqual(result.pop("workers"), workers)
                for measured in MEASURED:
                    self.assertGreater(result.pop(measured), 0)
                results.append(result)
            self.assertEqual(results[0], results[1])
            self.assertEqual(results[0], results[2])

    def test_figures_agree_with_the_counts(self):
        result = self.result("run", "untrained", "--pairs", 60)
        self.assertEqual(sum(result["pentanomial"]), 60)
        self.assertEqual(result["wins"] + result["draws"] + result["losses"], 120)
        points = sum(n * i / 2 for i, n in enumerate(result["pentanomial"]))
        self.assertEqual(points, result["wins"] + result["draws"] / 2)
        self.assertAlmostEqual(result["score"], points / 120, places=12)
        self.assertAlmostEqual(result["draw_rate"], result["draws"] / 120, places=12)
        for name in ("score", "elo", "normalized_elo", "stone_difference"):
            self.assertLess(result[name + "_lower"], result[name])
            self.assertLess(result[name], result[name + "_upper"])
        self.assertEqual([m["games"] for m in result["models"]], [2048, 0])
        self.assertEqual(result["models"][1]["name"], "untrained")
        self.assertIsNone(result["sprt"])

    def test_against_itself_every_pair_ends_even(self):
        result = self.result("run", "run", "--pairs", 20, "--depth", 2)
        self.assertEqual(result["pentanomial"], [0, 0, 20, 0, 0])
        self.assertEqual((result["score"], result["elo"], result["stone_difference"]), (0.5, 0, 0))
        self.assertEqual(result["superiority"], 0.5)
        self.assertIsNone(result["normalized_elo"])

    def test_exchanged_players_get_the_exchanged_result(self):
        one = self.result("run", "untrained", "--pairs", 40)
        other = self.result("untrained", "run", "--pairs", 40)
        self.assertEqual(one["pentanomial"], other["pentanomial"][::-1])
        self.assertEqual(one["stone_difference"], -other["stone_difference"])
        self.assertNotEqual(one["pentanomial"], one["pentanomial"][::-1], "nothing was compared")

    def test_the_sequential_test_ends_early_and_after_whole_batches(self):
        result = self.result("run", "untrained", "--pairs", 5000, "--sprt", "0,50")
        sprt = result["sprt"]
        self.assertEqual(sprt["verdict"], "H1")
        self.assertGreaterEqual(sprt["log_likelihood_ratio"], sprt["bound"])
        self.assertLess(result["pairs"], 5000)
        self.assertEqual(result["pairs"] % sprt["batch_pairs"], 0)
        self.assertFalse(result["partial"])
        reverse = self.result("untrained", "run", "--pairs", 5000, "--sprt", "0,50")
        self.assertEqual(reverse["sprt"]["verdict"], "H0")
        capped = self.result("run", "untrained", "--pairs", 3, "--sprt", "0,1")
        self.assertEqual((capped["pairs"], capped["sprt"]["verdict"]), (3, "undecided"))

    def test_text_says_the_same(self):
        arguments = ["--pairs", 40, "--sprt", "-10,10"]
        result = self.result("run", "untrained", *arguments)
        text = self.kiln("match", "--model", self.path("run"), "--model", "untrained",
                         *arguments).out
        self.assertIn(f"A won {result['wins']}, drawn {result['draws']}, lost {result['losses']}",
                      text)
        counts = re.search(r"LL (\d+), LD (\d+), DD or WL (\d+), WD (\d+), WW (\d+)", text)
        self.assertEqual([int(n) for n in counts.groups()], result["pentanomial"])
        self.assertIn(f"score of A {result['score'] * 100:.1f} % "
                      f"[{result['score_lower'] * 100:.1f}, ", text)
        self.assertIn(f"{result['elo']:+.0f} [{result['elo_lower']:+.0f}, ", text)
        self.assertIn(f"LLR {result['sprt']['log_likelihood_ratio']:.2f}", text)
        self.assertIn("SPRT -10 against 10: ", text)

    def test_interrupted_it_tells_what_is_complete(self):
        process = self.start("match", "--model", self.path("run"), "--model", "untrained",
                             "--pairs", 20000, "--depth", 4, "--sprt", "-200,200", "--json",
                             "--opening-plies", 10)
        process.send_signal(signal.SIGINT)
        result = json.loads(self.finish(process).out)
        self.assertTrue(result["partial"])
        self.assertLess(result["pairs"], 20000)
        self.assertEqual(result["games"], 2 * result["pairs"])
        self.assertEqual(result["sprt"]["verdict"], "undecided")


class Refusals(KilnTest):
    def test_wrong_flags_are_named_with_what_is_allowed(self):
        two = ["--model", "untrained", "--model", "untrained"]
        for arguments, words in (
                ([], "two players, not 0"),
                (["--model", "untrained"], "two players, not 1"),
                ([*two, "--model", "untrained"], "two players, not 3"),
                ([*two, "--pairs", "0"], "--pairs: '0' is not allowed"),
                ([*two, "--pairs", "100001"], "from 1 to 100000"),
                ([*two, "--pairs", "50", "--opening-plies", "2"], "more --opening-plies"),
                ([*two, "--sprt", "30"], "--sprt: '30' is not allowed"),
                ([*two, "--sprt", "30,0"], "the lower one first"),
                ([*two, "--sprt", "0,nan"], "--sprt"),
                ([*two, "--sprt", "0,1000"], "from -200 to 200"),
                ([*two, "--exact-from", "99"], "--exact-from: '99' is not allowed"),
                ([*two, "--depth", "2", "--nodes", "9"], "excludes"),
                ([*two, "--workers", "65"], "from 1 to 64"),
                ([*two, "--memory", "lots"], "--memory: 'lots'")):
            with self.subTest(arguments):
                self.assertIn(words, self.refused(USAGE, "match", *arguments))

    def test_a_model_that_is_not_there_or_damaged_is_named(self):
        line = self.refused(NO_INPUT, "match", "--model", "untrained", "--model",
                            self.path("none"))
        self.assertIn(self.path("none"), line)
        path = self.write("broken.ckpt", "KILNCKPT")
        line = self.refused(BAD_DATA, "match", "--model", path, "--model", "untrained")
        self.assertIn(path, line)

    def test_too_small_a_budget_is_refused_with_what_would_do(self):
        players = ["--model", "untrained", "--model", "untrained", "--workers", 2, "--pairs", 1]
        line = self.refused(CONFIGURATION, "match", *players, "--memory", "60MB")
        smallest = 2 * int(re.search(r"is (\d+) bytes a model, of which", line)[1])
        self.kiln("match", *players, "--memory", smallest)
        self.refused(CONFIGURATION, "match", *players, "--memory", smallest - 2)


if __name__ == "__main__":
    unittest.main()
