"""kiln monitor, on a pseudo terminal and as plain lines."""

import os
import re
import signal
import socket
import subprocess
import termios
import threading
import time
import unittest

from support import KILN, KilnTest, TIMEOUT_S, limit_file_sizes
from terminal import Terminal

# Goes on for longer than any test looks.
LONG = ["--games", "1000000", "--epoch-games", "32", "--memory", "400MB", "--table-mib", "2",
        "--workers", "1", "--trials-every", "0", "--quiet"]
CTRL_Z = "\x1a"
ENTER = "\x1b[?1049h"  # of the other screen


class Monitor(KilnTest):
    def train(self, *arguments, **options):
        return self.start("train", *LONG, "--state", self.path("s"), *arguments, **options)

    def monitor(self, *arguments, **options):
        terminal = Terminal([KILN, "monitor", "--state", self.path("s"), "--interval", "0.2",
                             *arguments], **options)
        self.addCleanup(terminal.close)
        return terminal

    def answer_with(self, answer):
        """A control socket that takes questions and sends `answer`; None: never answers."""
        os.makedirs(self.path("s"), exist_ok=True)
        server = socket.socket(socket.AF_UNIX)
        server.bind(self.path("s", "control.sock"))
        server.listen(16)
        clients = []
        self.addCleanup(server.close)

        def serve():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                clients.append(client)  # stays open
                if answer is not None:
                    client.sendall(answer)
                    client.close()

        threading.Thread(target=serve, daemon=True).start()


class OnScreen(Monitor):
    def test_a_run_is_shown_and_q_gives_the_terminal_back(self):
        self.train()
        terminal = self.monitor()
        terminal.until("training, up")
        screen = terminal.until(lambda text: re.search(r"black +[-+]|black [-+]", text))
        for part in ("of 1,000,000 games", "games/s", "memory", "budget 400.0 MB",
                     "kernel: resid", "workers", "beat ", "checkpoints", "warnings", "q quit"):
            self.assertIn(part, terminal.until(part), screen)
        self.assertTrue(terminal.is_other_screen)
        self.assertFalse(terminal.is_cursor_shown)
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)
        self.assertTrue(terminal.is_given_back())

    def test_interrupts_and_termination_give_the_terminal_back(self):
        for end in (lambda t: t.type("\x03"), lambda t: t.type("\x1c"), lambda t: t.type("\x04"),
                    lambda t: t.process.send_signal(signal.SIGTERM),
                    lambda t: t.process.send_signal(signal.SIGHUP)):
            terminal = self.monitor()
            terminal.until("q quit")
            end(terminal)
            self.assertEqual(terminal.end(), 0)
            self.assertTrue(terminal.is_given_back())

    def test_a_fault_gives_the_terminal_back(self):
        terminal = self.monitor()
        terminal.until("q quit")
        terminal.process.send_signal(signal.SIGABRT)
        self.assertEqual(terminal.end(), -signal.SIGABRT)
        self.assertTrue(terminal.is_given_back())

    def test_a_second_signal_ends_a_monitor_whose_terminal_takes_no_output(self):
        terminal = self.monitor(columns=200, rows=60)
        terminal.until("q quit")
        for columns in range(201, 241):  # each is a whole frame that nobody reads
            terminal.resize(columns, 60)
            time.sleep(0.05)
        terminal.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertIsNone(terminal.process.poll(), "it was not held up")
        terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.process.wait(TIMEOUT_S), -signal.SIGTERM)
        self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)

    def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(self):
        terminal = Terminal(["/bin/sh", "-m", "-c",
                             '"$@"; echo "the shell is back"; read line; fg', "sh", KILN,
                             "monitor", "--state", self.path("s")])
        self.addCleanup(terminal.close)
        terminal.until("q quit")
        terminal.type(CTRL_Z)
        terminal.until("the shell is back")
        self.assertTrue(terminal.is_given_back())
        terminal.type("\n")
        terminal.until(lambda _: terminal.is_other_screen)
        terminal.until("q quit")
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)
        self.assertTrue(terminal.is_given_back())

    def test_ctrl_z_stops_nothing_where_nobody_could_continue_it(self):
        """Without a shell that does job control, as behind ssh HOST kiln monitor."""
        terminal = self.monitor()
        terminal.until("q quit")
        before = terminal.raw.count(ENTER)
        terminal.type(CTRL_Z)
        terminal.until(lambda _: terminal.raw.count(ENTER) > before, 20)
        terminal.until("q quit")
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)
        self.assertTrue(terminal.is_given_back())

    def test_it_lays_itself_out_for_the_size_and_refuses_a_small_one(self):
        terminal = self.monitor(columns=60, rows=20)
        terminal.until("needs 80 columns and 24 rows")
        terminal.resize(130, 45)
        screen = terminal.until("q quit")
        self.assertIn("Elo over its beginnings", screen)
        self.assertEqual(len(screen.rstrip("\n").split("\n")), 45)
        terminal.resize(79, 24)
        terminal.until("this terminal has 79 and 24")
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)

    def test_keys_change_the_run_after_a_question(self):
        self.train()
        terminal = self.monitor()
        terminal.until("training, up")
        terminal.type("p")
        terminal.until("pause: save, end the trainer and wait?")
        terminal.type("n")
        terminal.until("pause: not done")
        self.kiln("status", "--state", self.path("s"))
        terminal.type("s")
        terminal.until("save: saved game")
        terminal.type("p")
        terminal.until("y yes")
        terminal.type("y")
        terminal.until("pause: paused")
        terminal.until("paused, up")
        terminal.type("s")
        terminal.until("save: the run is paused")
        terminal.type("r")
        terminal.until("resume: go on")
        terminal.type("y")
        terminal.until("resume: going on")
        terminal.until("training, up")
        terminal.type("?")
        terminal.until("any key closes this")
        terminal.type("x")
        terminal.until(lambda screen: "any key closes this" not in screen)

    def test_an_order_that_is_not_answered_keeps_no_other_from_being_given(self):
        self.answer_with(None)
        terminal = self.monitor()
        terminal.until("q quit")
        terminal.type("s")
        terminal.until("save: waiting for the run")
        terminal.type("py")
        terminal.until("pause: waiting for the run")
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)

    def test_a_save_that_fails_is_told(self):
        self.train("--checkpoint-every", "0", preexec_fn=limit_file_sizes)
        terminal = self.monitor(columns=120)
        terminal.until("training, up")
        terminal.type("s")
        terminal.until(re.compile("save: game .* could not be saved").search)

    def test_it_waits_for_a_run_and_outlives_its_crash(self):
        terminal = self.monitor()
        terminal.until("there is no directory")
        run = self.train("--checkpoint-every", "2000")
        terminal.until("training, up")
        self.kiln("save", "--state", self.path("s"))
        run.kill()
        run.wait()
        terminal.until("not training")
        terminal.until("nobody is training in")
        self.train("--resume")
        terminal.until("training, up")

    def test_a_run_that_hangs_is_said_to_and_does_not_hang_the_monitor(self):
        self.answer_with(None)
        terminal = self.monitor()
        terminal.until("the run has not answered for")
        started = time.monotonic()
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)
        self.assertLess(time.monotonic() - started, 5)

    def test_nonsense_from_the_run_is_no_answer(self):
        for answer in (b"\xff\xfe\x00nonsense\n", b"[]\n", b'{"ok":1}\n', b"", b"x" * 3_000_000,
                       b'{"ok":false,"error":"no\\u001b[2J"}\n'):
            self.answer_with(answer)
            terminal = self.monitor()
            terminal.until("does not answer")
            terminal.type("q")
            self.assertEqual(terminal.end(), 0)
            os.remove(self.path("s", "control.sock"))

    def test_wrong_types_in_an_answer_are_left_out(self):
        self.answer_with(b'{"ok":true,"state":7,"games":"many","target_games":-1,"workers":{},'
                         b'"memory":[],"games_per_second":1e308,"warnings":[[],{},1]}\n')
        terminal = self.monitor()
        terminal.until(", up ")
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)

    def test_hostile_logs_are_passed_over(self):
        os.makedirs(self.path("s", "logs"))
        with open(self.path("s", "logs", "training_1.jsonl"), "wb") as file:
            file.write(b"\x00\xff\n{\n" + b"x" * 5_000_000 + b'\n{"event":"window","games":NaN}\n')
            file.write(b'{"time":"2026-11-21T20:22:27.571Z","level":"error","event":"e",'
                       b'"text":"look \\u001b[2J here"}\n')
        terminal = self.monitor()
        terminal.until("look  [2J here")
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)

    def test_checkpoints_that_cannot_be_listed_are_said_to_be_so(self):
        os.makedirs(self.path("s"))
        for games in range(300):  # more than there may be
            self.write(f"s/game-{games:012d}.ckpt", "")
        terminal = self.monitor()
        terminal.until("cannot list")
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)

    def test_colours_and_characters_follow_the_environment(self):
        self.train()
        for environment, colour, unicode in (({}, True, True), ({"NO_COLOR": "1"}, False, True),
                                             ({"LC_ALL": "C"}, True, False)):
            terminal = self.monitor(environment=environment)
            terminal.until("training, up")
            terminal.until("kernel: resid")
            self.assertEqual(bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.raw)), colour)
            self.assertEqual(any(ord(c) > 127 for c in terminal.raw), unicode)
            terminal.type("q")
            self.assertEqual(terminal.end(), 0)

    def test_an_idle_monitor_writes_little(self):
        terminal = self.monitor()
        terminal.until("q quit")
        while terminal.read():
            if len(terminal.raw) > 100_000:
                break
        before = len(terminal.raw)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            terminal.read()
        # A clock of eight characters, and no frame that is drawn again as a whole.
        self.assertLess(len(terminal.raw) - before, 500)


class OfARouter(Monitor):
    """Epochs in place of games, tickets in place of their number."""

    def train(self, *arguments):
        return self.start("router", "train", "--task", "latch", "--steps", "60", "--samples",
                          "2000", "--hidden", "16", "--workers", "1", "--quiet", *arguments,
                          "--state", self.path("s"))

    def test_one_that_trains(self):
        self.train("--epochs", "100000", "--patience", "0")
        terminal = self.monitor()
        screen = terminal.until(re.compile(r"epoch \d+, the best is \d+").search)
        for part in ("tickets", " loss ", "right, %", "gradient's norm", "t 0.", "v 0."):
            self.assertIn(part, screen)
        self.assertNotIn("game", screen)
        self.assertNotIn("disc", screen)
        terminal.resize(120, 40)
        screen = terminal.until("calibration error")
        self.assertIn("AUC", screen)
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)

    def test_one_that_ended_early_has_finished(self):
        self.finish(self.train("--epochs", "500", "--patience", "1", "--rate", "1"))
        terminal = self.monitor()
        screen = terminal.until("finished")
        self.assertRegex(screen, r"ended after \d+ epochs, out of patience; kept: epoch \d+, "
                                 r"validation loss \S+\n")
        self.assertNotIn("not training", screen)
        terminal.type("q")
        self.assertEqual(terminal.end(), 0)
        done = subprocess.Popen([KILN, "monitor", "--plain", "--state", self.path("s")],
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(done.kill)
        line = done.stdout.readline()
        done.stdout.close()
        self.assertEqual(done.wait(TIMEOUT_S), 0)
        self.assertRegex(line, r" state=absent workload=router epoch=\d+ training_loss=\S+ "
                               r"validation_loss=\S+ accuracy=\S+ auc=\S+ best_epoch=\d+ "
                               r"training_ended=early checkpoint_games=\d+ ")


class InLines(Monitor):
    def lines(self, *arguments, count=2, **options):
        process = subprocess.Popen(
            [KILN, "monitor", "--state", self.path("s"), "--interval", "0.2", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.kill)
        got = [process.stdout.readline() for _ in range(count)]
        return process, got

    def test_a_line_each_interval_with_what_scripts_want(self):
        self.train()
        process, got = self.lines(count=1)
        while "state=training" not in got[-1]:
            got.append(process.stdout.readline())
        line = process.stdout.readline()
        self.assertRegex(line, r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ state=training games=\d+ "
                               r"target_games=1000000 ")
        for key in ("resident_bytes=", "budget_bytes=400000000", "restarts=0", "warnings="):
            self.assertIn(key, line)
        self.assertNotIn("\x1b", line)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT_S), 0)

    def test_a_run_that_is_not_there_is_a_line_too(self):
        process, got = self.lines()
        self.assertIn("state=absent", got[0])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(TIMEOUT_S), 0)

    def test_it_ends_when_nobody_reads(self):
        process, _ = self.lines()
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT_S), 0)

    def test_a_dumb_terminal_gets_lines(self):
        terminal = self.monitor(environment={"TERM": "dumb"})
        terminal.until("state=absent")
        self.assertNotIn("\x1b", terminal.raw)
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 0)


class Refusals(Monitor):
    def test_what_waiting_cannot_mend_is_refused(self):
        self.write("file", "")
        line = self.refused(74, "monitor", "--state", self.path("file"), "--plain")
        self.assertIn("cannot reach a run", line)

    def test_flags(self):
        self.assertIn("--interval", self.refused(2, "monitor", "--interval", "0"))
        self.assertIn("--interval", self.refused(2, "monitor", "--interval", "soon"))
        self.refused(2, "monitor", "extra")
        self.assertIn("kiln monitor --state", self.kiln("monitor", "--help").out)


if __name__ == "__main__":
    unittest.main()
