#!/usr/bin/python3
"""kiln play: whole dialogues with a person, with NBoard and with GTP controllers."""

import os
import queue
import random
import re
import signal
import subprocess
import threading
import time
import unittest

from support import KILN, TIMEOUT_S, KilnTest, native_only, open_terminal

CELLS = "---------------------------O*------*O---------------------------"
# White has no move there, black has a1 only.
WHITE_PASSES = "-O******" + "-" * 56
# Deep enough never to end by itself.
ENDLESS = ["--depth", 60]


class Player:
    """A kiln play, whose answers are waited for at most so long."""

    def __init__(self, test, *arguments, protocol=None, **options):
        flags = ["--untrained"] + (["--protocol", protocol] if protocol else [])
        self.process = subprocess.Popen(
            [KILN, "play", *flags, *map(str, arguments)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=test.watched(), **options)
        test.addCleanup(self.close)
        self.test = test
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode("utf-8", "replace").rstrip("\n"))
        self.lines.put(None)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass

    def send(self, line):
        data = line if isinstance(line, bytes) else line.encode()
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def line(self, timeout=TIMEOUT_S):
        try:
            return self.lines.get(timeout=timeout)
        except queue.Empty:
            self.test.fail(f"no answer within {timeout} s")

    def until(self, pattern, timeout=TIMEOUT_S):
        """The lines up to the first that matches."""
        lines = []
        deadline = time.monotonic() + timeout
        while True:
            line = self.line(max(deadline - time.monotonic(), 0.001))
            self.test.assertIsNotNone(line, f"kiln ended instead of {pattern}: {lines}")
            lines.append(line)
            if re.search(pattern, line):
                return lines

    def gtp(self, command):
        """The answer to a GTP command, from = or ? on, without the empty line."""
        self.send(command)
        return "\n".join(self.until(r"\A\Z")[:-1])

    def ended(self, code=0, timeout=TIMEOUT_S):
        self.test.assertEqual(self.process.wait(timeout), code)
        return self.process.stderr.read().decode()

    def wait_for_signals(self):
        self.test.wait_for_signals(self.process)


class Gtp(KilnTest):
    def test_two_programs_play_a_game_to_its_end_and_agree_about_it(self):
        players = {"b": Player(self, "--depth", 2, protocol="gtp"),
                   "w": Player(self, "--depth", 3, protocol="gtp")}
        for player in players.values():
            self.assertEqual(player.gtp("boardsize 8"), "=")
            self.assertEqual(player.gtp("clear_board"), "=")
        moves, passes, colour = "", 0, "b"
        while passes < 2:
            other = "w" if colour == "b" else "b"
            answer = players[colour].gtp(f"genmove {colour}")
            self.assertRegex(answer, r"\A= ([a-h][1-8]|pass)\Z")
            self.assertEqual(players[other].gtp(f"play {colour} {answer[2:]}"), "=")
            passes = passes + 1 if answer == "= pass" else 0
            moves += "" if answer == "= pass" else answer[2:]
            colour = other
            self.assertLess(len(moves), 121)
        scores = {player.gtp("final_score") for player in players.values()}
        self.assertEqual(len(scores), 1)
        self.assertEqual(players["b"].gtp("showboard"), players["w"].gtp("showboard"))
        # The rules of another command, which finds passes itself, see the same game.
        board = self.kiln("board", "start", "--moves", moves).out
        self.assertIn("the game is over", board)
        black, white = map(int, re.search(r"black \(X\) (\d+), white \(O\) (\d+)", board).groups())
        self.assertRegex(scores.pop(), r"\A= B\+" if black > white else
                         r"\A= W\+" if white > black else r"\A= 0\Z")
        for player in players.values():
            self.assertEqual(player.gtp("quit"), "=")
            self.assertEqual(player.ended(), "")

    def test_random_games_with_passes_follow_the_rules(self):
        """Every move that showboard marks is taken, a pass exactly where it marks none."""
        player = Player(self, protocol="gtp")
        generator = random.Random(1)
        passes = 0
        for _ in range(20):
            player.gtp("clear_board")
            while True:
                board = player.gtp("showboard")
                if board.endswith("the game is over"):
                    break
                colour = "black" if board.endswith("black to move") else "white"
                rows = [line[2:17].split() for line in board.split("\n")[2:10]]
                legal = ["abcdefgh"[f] + str(r + 1)
                         for r in range(8) for f in range(8) if rows[r][f] == "."]
                passed = player.gtp(f"play {colour} pass")
                if legal:
                    self.assertEqual(passed, "? illegal move: there is a move to play")
                    self.assertEqual(player.gtp(f"play {colour} {generator.choice(legal)}"), "=")
                else:
                    self.assertEqual(passed, "=")
                    self.assertEqual(player.gtp("undo"), "=")
                    self.assertEqual(player.gtp(f"genmove {colour}"), "= pass")
                    passes += 1
            self.assertRegex(player.gtp("final_score"), r"\A= ([BW]\+\d+|0)\Z")
        self.assertGreater(passes, 0)

    def test_a_game_under_the_clock_stays_within_its_time(self):
        player = Player(self, protocol="gtp")
        total_s = 4
        self.assertEqual(player.gtp(f"time_settings {total_s} 0 0"), "=")
        used = {"b": 0.0, "w": 0.0}
        colour = "b"
        while not player.gtp("showboard").endswith("the game is over"):
            started = time.monotonic()
            player.gtp(f"genmove {colour}")
            used[colour] += time.monotonic() - started
            colour = "w" if colour == "b" else "b"
        self.assertLess(max(used.values()), total_s, used)
        self.assertGreater(min(used.values()), total_s / 4, "time that is left is wasted")

    def test_commands_sent_at_once_are_answered_in_order_to_the_last(self):
        commands = "1 genmove b\n2 genmove w\n3 name\n4 undo\n5 quit\n6 name\n"
        done = self.kiln("play", "--untrained", "--protocol", "gtp", "--depth", 6, input=commands)
        self.assertRegex(done.out, r"\A=1 ..\n\n=2 ..\n\n=3 Kiln\n\n=4\n\n=5\n\n\Z")

    def test_an_interrupt_comment_ends_a_search(self):
        player = Player(self, *ENDLESS, protocol="gtp")
        player.send("genmove b")
        time.sleep(0.2)
        player.send("# interrupt")
        self.assertRegex(player.until(r"\A\Z", timeout=5)[0], r"\A= [a-h][1-8]\Z")

    def test_noise_is_answered_with_errors_and_loses_nothing(self):
        player = Player(self, protocol="gtp")
        player.gtp("play b f5")
        board = player.gtp("showboard")
        generator = random.Random(2)
        for _ in range(200):
            noise = bytes(generator.randrange(256) for _ in range(generator.randrange(1, 80)))
            player.send(b"x" + noise.replace(b"\n", b"").replace(b"#", b""))
            self.assertEqual(player.until(r"\A\Z"), ["? unknown command", ""])
        player.send(b"7 " + b"y" * 3_000_000)
        self.assertEqual(player.until(r"\A\Z")[0],
                         "?7 syntax error: a line has at most 65536 bytes")
        self.assertEqual(player.gtp("showboard"), board)


class Nboard(KilnTest):
    def board(self, *arguments):
        player = Player(self, *arguments, protocol="nboard")
        player.send("nboard 2")
        self.assertEqual(player.line(), "set myname Kiln")
        return player

    def test_the_session_of_the_protocols_text(self):
        player = self.board()
        player.send("set game (;GM[Othello]PC[NBoard]DT[2014-02-21 20:52:27 GMT]PB[a]PW[b]RE[?]"
                    f"TI[15:00]TY[8]BO[8 {CELLS} *]B[F5]W[F6]B[D3]W[C5]B[E6]W[F7]B[E7]W[F4];)")
        player.send("set depth 6")
        player.send("ping 1")
        self.assertEqual(player.line(), "pong 1")
        player.send("go")
        self.assertEqual(player.line(), "status Kiln is thinking")
        self.assertRegex(player.line(), r"\Anodestats \d+ \d+\.\d\d\Z")
        move = re.fullmatch(r"=== ([a-h][1-8])/-?\d+\.\d\d/\d+\.\d\d", player.line())
        self.assertEqual(player.line(), "status Kiln is waiting")
        player.send(f"move {move[1].upper()}/0.5/1.0")
        player.send("hint 2")
        lines = player.until("status Kiln is waiting")
        deepest = [line for line in lines if re.search(r" 0 6\Z", line)]
        self.assertEqual(len(deepest), 2, lines)
        player.send("learn")
        self.assertEqual(player.line(), "learned")
        player.process.stdin.close()
        self.assertEqual(player.ended(), "")

    def test_a_ping_stops_a_long_search_within_a_second(self):
        player = self.board()
        player.send("set depth 60")
        for command, owed in (("go", r"\A=== [a-h][1-8]/"), ("hint 3", r"\Asearch [a-h][1-8]")):
            player.send(command)
            time.sleep(0.3)
            player.send("ping 7")
            lines = player.until(r"\Apong 7\Z", timeout=1)
            self.assertTrue(any(re.search(owed, line) for line in lines), lines)
            self.assertEqual(lines[-2], "status Kiln is waiting", "nothing is left for later")
        self.assert_silent(player)

    def test_a_ping_stops_a_long_solution_within_a_second(self):
        player = self.board("--exact-from", 30)
        moves = "f5d6c3d3c4f4f6f3e6e7f7c5b6d7c6b5e3f8e2d8c8d2c7e8b4a6a5"
        player.send("set game (;" + "".join(
            f"{'BW'[i // 2 % 2]}[{moves[i:i + 2]}]" for i in range(0, len(moves), 2)) + ";)")
        player.send("go")
        time.sleep(0.3)
        player.send("ping 1")
        self.assertTrue(any(line.startswith("=== ") for line in
                            player.until(r"\Apong 1\Z", timeout=1)))

    def test_a_foreign_board_with_a_pass(self):
        player = self.board()
        player.send(f"set game (;BO[8 {WHITE_PASSES} O];)")
        player.send("go")
        self.assertTrue(player.until(r"\A===")[-1].startswith("=== PA/-64.00/"))
        player.send("move PA")
        player.send("go")
        self.assertTrue(player.until(r"\A===")[-1].startswith("=== a1/64.00/"))
        player.send(f"set game (;BO[8 {WHITE_PASSES} O]W[PA]B[A1];)")
        player.send("go")
        player.until("status The game is over")

    def test_unknown_lines_are_passed_over_and_told_once_on_standard_error(self):
        player = self.board()
        for _ in range(3):
            player.send("fly high")
        player.send(b"\xff\xfe\x00\x1b[2J")
        player.send("set game (;B[F5]W[A1];)")
        self.assertRegex(player.line(),
                         r"\Astatus Error: GGF, character 10: white cannot play 'A1'")
        player.send("set game " + "(" * 3_000_000)
        self.assertRegex(player.line(), r"\Astatus Error: a line has at most")
        player.send("ping 1")
        self.assertEqual(player.line(), "pong 1")
        self.assert_silent(player)
        player.send("quit")
        complaints = player.ended().splitlines()
        self.assertEqual(len(complaints), 2, complaints)
        self.assertEqual(complaints[0],
                         "kiln: 'fly' is not understood; lines with it are passed over")

    def assert_silent(self, player):
        with self.assertRaises(queue.Empty):
            player.lines.get(timeout=0.3)


class Endings(KilnTest):
    PROTOCOLS = ("gtp", "nboard", None)
    LONG = {"gtp": "genmove b", "nboard": "go", None: "f5"}

    def searching(self, protocol):
        player = Player(self, *ENDLESS, protocol=protocol)
        player.wait_for_signals()
        player.send(self.LONG[protocol])
        time.sleep(0.2)
        return player

    def test_ctrl_c_ends_a_search_and_the_program(self):
        for protocol in self.PROTOCOLS:
            for signal_number in (signal.SIGINT, signal.SIGTERM):
                player = self.searching(protocol)
                player.process.send_signal(signal_number)
                self.assertEqual(player.ended(timeout=5), "", protocol)

    def test_a_closed_pipe_ends_a_search_and_the_program_in_silence(self):
        for protocol in self.PROTOCOLS:
            reader, writer = os.pipe()
            process = subprocess.Popen(
                [KILN, "play", "--untrained", *map(str, ENDLESS),
                 *(["--protocol", protocol] if protocol else [])],
                stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.PIPE)
            self.addCleanup(process.kill)
            os.close(writer)
            process.stdin.write(self.LONG[protocol].encode() + b"\n")
            process.stdin.flush()
            time.sleep(0.3)
            os.close(reader)
            self.assertEqual(process.wait(5), 0, protocol)
            self.assertEqual(process.stderr.read(), b"")
            process.stdin.close()
            process.stderr.close()

    def test_the_end_of_the_input_ends_the_program_after_the_answer(self):
        for protocol, answer in (("gtp", r"\A= [a-h][1-8]\n\n\Z"),
                                 ("nboard", r"\n=== [a-h][1-8]/")):
            done = self.kiln("play", "--untrained", "--protocol", protocol, "--depth", 6,
                             input=self.LONG[protocol])
            self.assertRegex(done.out, answer)
        done = self.kiln("play", "--untrained", "--protocol", "gtp", input="")
        self.assertEqual((done.out, done.err), ("", ""))

    def test_a_reader_that_does_not_read_cannot_keep_it_from_ending(self):
        process = subprocess.Popen([KILN, "play", "--untrained", "--protocol", "gtp"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=self.watched())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        process.stdin.write(b"list_commands\n" * 1000)  # some 200 kB of answers
        process.stdin.flush()
        self.wait_for_signals(process)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(5), 0)
        process.stdin.close()

    @native_only("what starts the emulator leaves a file in the place of a closed descriptor")
    def test_closed_descriptors_are_refused(self):
        for closed, name in (("<&-", "standard input"), (">&-", "standard output")):
            done = subprocess.run(["/bin/sh", "-c", f'exec "$0" play --untrained {closed}', KILN],
                                  stderr=subprocess.PIPE, text=True, check=False, timeout=20,
                                  input="" if closed == ">&-" else None)
            self.assertEqual(done.returncode, 74)
            self.assertEqual(done.stderr,
                             f"kiln: {name} is closed; play needs it for the dialogue\n")

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([KILN, "play", "--untrained", "--protocol", "gtp"],
                                  input="name\n", stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False, timeout=TIMEOUT_S)
        self.assertEqual(done.returncode, 74)
        self.assertRegex(done.stderr, r"\Akiln: standard output: No space left on device; .*\n\Z")


class Person(KilnTest):
    def test_a_game_through_a_pipe(self):
        done = self.kiln("play", "--untrained", "--depth", 2,
                         input="f5\nhelp\nz9\na1\nhint\nundo\nf5\nquit\n")
        self.assertIn("You play black (X).", done.out)
        self.assertEqual(done.out.count("Kiln plays "), 2)
        self.assertIn("'z9' is not a move; type a square like f5, or help\n", done.out)
        self.assertIn("'a1' is not legal here; you can play", done.out)
        self.assertRegex(done.out, r"The game is not over\. Its moves: f5[a-h][1-8]\n\Z")

    def test_a_whole_game_with_the_first_legal_moves(self):
        for colour in ("black", "white"):
            player = Player(self, "--depth", 1, "--colour", colour)
            lines = player.until("empty")
            while not any("The game is over" in line for line in lines):
                rows = [line[2:17].split() for line in lines if re.match(r"[1-8] ", line)][-8:]
                legal = next("abcdefgh"[f] + str(r + 1)
                             for r in range(8) for f in range(8) if rows[r][f] == ".")
                player.send(legal)
                lines = player.until("empty")
                if not any("." in line[1:17] for line in lines if re.match(r"[1-8] ", line)):
                    lines += player.until("The game is over")
            self.assertRegex(lines[-1], r"(you win|Kiln wins) by \d+\.|a draw\.")
            moves = player.line().removeprefix("Its moves: ")
            self.assertEqual(player.ended(), "")
            self.assertIn("the game is over", self.kiln("board", "start", "--moves", moves).out)

    def test_at_a_terminal_there_is_a_prompt_and_ctrl_c_leaves(self):
        master, slave = open_terminal()
        self.addCleanup(os.close, master)
        process = subprocess.Popen([KILN, "play", "--untrained", "--depth", "2"], stdin=slave,
                                   stdout=slave, stderr=slave)
        self.addCleanup(process.kill)
        os.close(slave)
        self.read_until(master, b"black> ")
        os.write(master, b"f5\n")
        said = self.read_until(master, b"black> ")
        self.assertIn(b"Kiln plays ", said)
        process.send_signal(signal.SIGINT)
        self.assertIn(b"Its moves: f5", self.read_until(master, b"Its moves: f5"))
        self.assertEqual(process.wait(5), 0)

    def read_until(self, descriptor, wanted):
        said = b""
        deadline = time.monotonic() + TIMEOUT_S
        while wanted not in said:
            self.assertLess(time.monotonic(), deadline, said)
            said += os.read(descriptor, 4096)
        return said


class Refusals(KilnTest):
    def test_wrong_flags_say_what_would_be_right(self):
        for flags, expected in (
                ([], "play: no model; give --model PATH"),
                (["--untrained", "--protocol", "uci"], "--protocol: 'uci' is not allowed"),
                (["--untrained", "--colour", "red"], "--colour: 'red' is not allowed; it takes"),
                (["--untrained", "--protocol", "gtp", "--colour", "white"],
                 "--colour: it is for a person"),
                (["--untrained", "--depth", "0"], "--depth: '0' is not allowed; it takes"),
                (["--untrained", "--exact-from", "31"], "--exact-from: '31' is not allowed"),
                (["--untrained", "--depth", "2", "--nodes", "5"], " excludes ")):
            self.assertIn(expected, self.refused(2, "play", *flags))
        self.assertIn("nowhere", self.refused(66, "play", "--model", self.path("nowhere")))


if __name__ == "__main__":
    unittest.main()
