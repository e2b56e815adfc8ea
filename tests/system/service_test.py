#!/usr/bin/python3
"""kiln train as a service: what it tells the service manager, which is a socket of this test."""

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from support import FAULTY_KILN, KILN, NULL, TIMEOUT_S, KilnTest

# Long enough for a busy machine: pings are due four times in it.
WATCHDOG_S = 6
FOR_EVER = ["--workload", "null", "--games", "1000000000", "--epoch-games", "32", "--workers", "2",
            "--checkpoint-every", "0"]
PTRACE_SEIZE = 0x4206


class Manager:
    """The service manager's side: every message, with the time when it came."""

    def __init__(self, address):
        self.messages = []
        self.address = address
        self.is_settled = threading.Event()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            text = self.socket.recv(65536).decode()
            if text == "settle":
                self.is_settled.set()
                continue
            self.messages.append((time.monotonic(), text))

    def settle(self):
        """Waits until all that was sent so far has been read."""
        self.is_settled.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"settle", self.address)
        self.is_settled.wait(TIMEOUT_S)

    def times(self, start):
        return [when for when, text in list(self.messages) if text.startswith(start)]

    def count(self, start):
        return len(self.times(start))

    def texts(self):
        return [text for _, text in list(self.messages)]


class Service(KilnTest):
    def setUp(self):
        super().setUp()
        self.manager = Manager(self.path("notify"))

    def begin(self, *arguments, program=KILN, state="run", **environment):
        """Starts kiln train as systemd would: without a terminal."""
        names = {"NOTIFY_SOCKET": self.path("notify"), "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}
        process = subprocess.Popen(
            [program, "train", *map(str, arguments), "--state", self.path(state)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, env={**os.environ, **names, **environment})
        self.addCleanup(process.kill)
        return process

    def wait_for(self, condition, what="it did not come to that"):
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}: {self.manager.texts()[-5:]}")
            time.sleep(0.01)

    def wait_for_message(self, start, times=1):
        self.wait_for(lambda: self.manager.count(start) >= times, start)

    def status(self):
        return json.loads(self.kiln("status", "--state", self.path("run"), "--json").out)

    def log_lines(self):
        folder = self.path("run", "logs")
        lines = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(".jsonl"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    lines += [json.loads(line) for line in file]
        return lines

    def logged(self, event):
        return [line["text"] for line in self.log_lines() if line["event"] == event]

    def wait_for_log(self, event, times=1):
        self.wait_for(lambda: len(self.logged(event)) >= times, event)
        return self.logged(event)[times - 1]

    def finish(self, process, code=0):
        done = super().finish(process, code)
        self.manager.settle()
        return done

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        return self.finish(process)

    # -- the protocol

    def test_it_is_ready_when_it_trains_and_says_how_it_goes(self):
        process = self.begin(*FOR_EVER)
        self.wait_for_message("READY=1")
        self.assertEqual(self.status()["state"], "training")
        self.wait_for_message("STATUS=", 3)
        texts = self.manager.texts()
        # "starting", unless that was over before the first look.
        self.assertTrue(texts[0].startswith("STATUS="), texts)
        self.assertRegex(texts[-1] if texts[-1].startswith("STATUS=") else
                         [t for t in texts if t.startswith("STATUS=")][-1],
                         r"STATUS=[\d,]+ / 1,000,000,000 games \([\d.]+ %\), [\d,.]+ games/s")
        self.assertEqual(texts.count("READY=1"), 1)
        self.stop(process)

    def test_an_abstract_socket_does_as_well(self):
        name = f"kiln-test-{os.getpid()}"
        self.manager = Manager("\0" + name)
        process = self.begin(*FOR_EVER, NOTIFY_SOCKET="@" + name)
        self.wait_for_message("READY=1")
        self.stop(process)
        self.assertEqual(self.manager.count("STOPPING=1"), 1)

    def test_a_socket_that_is_none_is_told_of_and_does_no_harm(self):
        process = self.begin(*NULL, NOTIFY_SOCKET="relative")
        self.assertIn("NOTIFY_SOCKET", self.finish(process).err)

    def test_the_trainer_cannot_speak_for_the_service(self):
        process = self.begin(*FOR_EVER)
        self.wait_for_message("READY=1")
        with open(f"/proc/{self.status()['trainer_pid']}/environ", "rb") as file:
            names = {entry.split(b"=")[0] for entry in file.read().split(b"\0")}
        self.assertIn(b"PATH", names)
        self.assertFalse(names & {b"NOTIFY_SOCKET", b"WATCHDOG_USEC", b"WATCHDOG_PID"})
        self.stop(process)

    def test_asked_to_stop_it_says_so_saves_and_tells_the_end(self):
        process = self.begin(*FOR_EVER)
        self.wait_for_message("READY=1")
        self.stop(process)
        texts = self.manager.texts()
        self.assertEqual(texts.count("STOPPING=1"), 1)
        self.assertRegex(texts[-1], r"STATUS=terminated at game [\d,]+ of 1,000,000,000")
        self.kiln("checkpoint", "verify", self.path("run"))

    def test_a_run_that_has_nothing_to_do_ends_well(self):
        self.kiln("train", *NULL, "--state", self.path("run"))
        self.finish(self.begin(*NULL, "--resume"))
        self.assertEqual(self.manager.texts(),
                         ["READY=1", "STOPPING=1", "STATUS=already at game 256"])

    def test_a_wrong_file_is_told_to_the_manager_and_nothing_is_ready(self):
        process = self.begin("--config", self.write("kiln.toml", "games = 5\ndepht = 3\n"))
        self.finish(process, code=78)
        # The command line is read before there is anybody to tell.
        self.assertEqual(self.manager.count("READY=1"), 0)

    def test_a_directory_that_holds_a_run_is_told_to_the_manager(self):
        self.kiln("train", *NULL, "--state", self.path("run"))
        self.finish(self.begin(*NULL), code=73)
        self.assertRegex(self.manager.texts()[-1], r"STATUS=--state: .* already holds a run")
        self.assertEqual(self.manager.count("READY=1"), 0)

    # -- the watchdog

    def test_it_pings_at_less_than_half_the_period(self):
        process = self.begin(*FOR_EVER)
        self.wait_for_message("WATCHDOG=1", 6)
        times = self.manager.times("WATCHDOG=1")
        gaps = [after - before for before, after in zip(times, times[1:])]
        self.assertLess(max(gaps), WATCHDOG_S / 2)
        self.assertGreater(min(gaps), WATCHDOG_S / 10)  # and does not flood
        self.stop(process)

    def silence_s(self, process, at_least_s):
        """Waits until there was no ping for so long."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            self.assertIsNone(process.poll())
            if time.monotonic() - self.manager.times("WATCHDOG=1")[-1] > at_least_s:
                return
            time.sleep(0.05)
        self.fail("it went on pinging")

    def test_a_supervisor_that_stands_still_does_not_ping(self):
        process = self.begin(*FOR_EVER)
        self.wait_for_message("WATCHDOG=1", 2)
        process.send_signal(signal.SIGSTOP)
        self.silence_s(process, WATCHDOG_S)
        count = self.manager.count("WATCHDOG=1")
        process.send_signal(signal.SIGCONT)
        self.wait_for_message("WATCHDOG=1", count + 1)
        self.stop(process)

    def test_a_trainer_that_is_started_again_is_no_reason_for_silence(self):
        process = self.begin(*FOR_EVER, program=FAULTY_KILN, KILN_FAULT="loop:every:64",
                             KILN_FAULT_TIMES="3", KILN_FAULT_COUNT=self.path("count"),
                             KILN_TICKET_US="2000")
        self.wait_for(lambda: os.path.exists(self.path("run", "control.sock")))
        self.wait_for(lambda: self.status()["restarts"]["total"] >= 2)
        self.wait_for_message("WATCHDOG=1", 6)
        times = self.manager.times("WATCHDOG=1")
        self.assertLess(max(b - a for a, b in zip(times, times[1:])), WATCHDOG_S / 2)
        self.stop(process)

    def test_a_paused_run_is_in_health(self):
        process = self.begin(*FOR_EVER)
        self.wait_for_message("READY=1")
        self.kiln("pause", "--state", self.path("run"))
        count = self.manager.count("WATCHDOG=1")
        self.wait_for_message("WATCHDOG=1", count + 5)
        self.assertTrue(any(re.match(r"STATUS=paused at game [\d,]+: asked to pause", text)
                            for text in self.manager.texts()), self.manager.texts())
        self.stop(process)

    def test_a_hung_worker_that_cannot_be_ended_is_one(self):
        # Somebody else traces the trainer, so that for its supervisor it does not end when killed:
        # as if its thread were stuck in the kernel.
        process = self.begin(*FOR_EVER, program=FAULTY_KILN, KILN_FAULT="loop:600",
                             KILN_TICKET_US="10000")
        self.wait_for_message("READY=1")
        trainer = self.status()["trainer_pid"]
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long] * 4
        self.assertEqual(libc.ptrace(PTRACE_SEIZE, trainer, 0, 0), 0,
                         os.strerror(ctypes.get_errno()))
        self.silence_s(process, WATCHDOG_S)
        process.kill()
        os.waitpid(trainer, 0)
        process.communicate()

    # -- reading the configuration again

    def write_configuration(self, *lines):
        head = ["workload = 'null'", "games = 1_000_000_000", "epoch-games = 32", "workers = 1"]
        return self.write("kiln.toml", "\n".join([*head, *lines]) + "\n")

    def begin_with(self, *lines):
        process = self.begin("--config", self.write_configuration(*lines))
        self.wait_for_message("READY=1")
        return process

    def test_what_can_change_follows_the_file_and_what_cannot_is_named(self):
        process = self.begin_with("keep = 3")
        self.write_configuration("keep = 4", "log-level = 'debug'", "memory = '500MB'", "seed = 9")
        process.send_signal(signal.SIGHUP)
        self.assertRegex(self.wait_for_log("reloaded"),
                         r"kiln\.toml read again: keep 3 -> 4, log-level info -> debug$")
        self.wait_for_log("reload_postponed", 2)
        self.assertEqual(
            [line.split("next start: ")[1] for line in self.logged("reload_postponed")],
            ["seed 1 -> 9: only a start reads it",
             "memory 600000000 -> 500000000: memory is planned at the start"])
        self.wait_for_message("READY=1", 2)
        texts = self.manager.texts()
        reloading = [i for i, text in enumerate(texts) if text.startswith("RELOADING=1\n")]
        self.assertEqual(len(reloading), 1)
        self.assertRegex(texts[reloading[0]], r"\ARELOADING=1\nMONOTONIC_USEC=\d+\Z")
        self.assertIn("READY=1", texts[reloading[0]:])
        self.assertEqual(self.status()["state"], "training")
        self.stop(process)

    def test_a_file_without_news_restarts_nothing(self):
        process = self.begin_with("keep = 3")
        trainer = self.status()["trainer_pid"]
        process.send_signal(signal.SIGHUP)
        self.assertIn("nothing to change", self.wait_for_log("reloaded"))
        self.wait_for_message("READY=1", 2)
        self.assertEqual(self.status()["trainer_pid"], trainer)
        self.stop(process)

    def test_a_wrong_file_changes_nothing_and_is_reported_by_line(self):
        process = self.begin_with("keep = 3")
        trainer = self.status()["trainer_pid"]
        wrong = {"keep = 4\nlog-levle = 'debug'": r"kiln\.toml:6: .*did you mean 'log-level'",
                 "keep = ": r"kiln\.toml:5: not TOML",
                 "keep = 4\nlate-from = 0.1": r"kiln\.toml:6: late-from: middle-from 0.3",
                 "keep = 0": r"kiln\.toml:5: keep: '0' is not allowed"}
        for count, (line, complaint) in enumerate(wrong.items(), 1):
            self.write_configuration(line)
            process.send_signal(signal.SIGHUP)
            told = self.wait_for_log("reload_refused", count)
            self.assertRegex(told, complaint)
            self.assertIn("the run goes on as before", told)
            self.wait_for_message("READY=1", count + 1)
        os.remove(self.path("kiln.toml"))
        process.send_signal(signal.SIGHUP)
        self.assertIn("No such file", self.wait_for_log("reload_refused", len(wrong) + 1))
        self.assertEqual(self.logged("reloaded"), [])
        self.assertEqual(self.status()["trainer_pid"], trainer)
        self.stop(process)

    def test_without_a_file_it_says_that_there_is_none(self):
        process = self.begin(*FOR_EVER)
        self.wait_for_message("READY=1")
        process.send_signal(signal.SIGHUP)
        self.assertIn("without --config", self.wait_for_log("reload_refused"))
        self.wait_for_message("READY=1", 2)
        self.stop(process)

    # -- the journal

    def lines_of_journal(self, *arguments):
        """What kiln writes to a stream that it is told is the journal's."""
        with open(self.path("stream"), "w+", encoding="utf-8") as stream:
            status = os.fstat(stream.fileno())
            done = subprocess.run(
                [KILN, "train", *map(str, arguments), "--state", self.path("run")], stdout=stream,
                stderr=stream, check=False, timeout=TIMEOUT_S,
                env={**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
            stream.seek(0)
            return done.returncode, stream.read().splitlines()

    def test_lines_for_the_journal_carry_their_priority_and_are_few(self):
        code, lines = self.lines_of_journal(
            "--games", 256, "--exact-empties", 6, "--table-mib", 2, "--trials-every", 64,
            "--checkpoint-every", 64)
        self.assertEqual(code, 0)
        for line in lines:
            self.assertRegex(line, r"\A<[346]>[^\r\x1b]*\Z")
        self.assertTrue(lines[0].startswith("<6>training othello to 256 games"), lines)
        self.assertIn("<6>finished at game 256 of 256", "\n".join(lines))
        for once in ("against random", "against corner", "saved game"):
            self.assertLessEqual(sum(once in line for line in lines if "strength at" not in line),
                                 1, lines)
        self.assertNotIn("pattern weights", "\n".join(lines))  # no table of memory

    def test_a_complaint_for_the_journal_is_an_error(self):
        code, lines = self.lines_of_journal("--depth", "99")
        self.assertEqual(code, 2)
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"\A<3>--depth: '99' is not allowed")


if __name__ == "__main__":
    unittest.main()
