#!/usr/bin/python3
"""Whatever happens to either process, the run goes on and ends with the bytes it would have had."""

import glob
import json
import os
import random
import signal
import subprocess
import time
import unittest

from support import FAULTY_KILN, KILN, KilnTest, children_of, native_only, patch

IS_SANITIZED = bool(os.environ.get("KILN_SANITIZE"))
SEED = 20261121

# Some seconds of tickets of a millisecond each, on two workers.
TICKETS = ["--workload", "null", "--games", "2048", "--epoch-games", "64", "--workers", "2",
           "--checkpoint-every", "512"]
TICKET_US = 1000


def is_there(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class CrashTest(KilnTest):
    program = FAULTY_KILN

    def setUp(self):
        super().setUp()
        self.run_arguments = list(TICKETS)
        self.environment = {"KILN_TICKET_US": str(TICKET_US)}

    def expected(self):
        """The final checkpoint of the same run when nothing disturbs it."""
        state = self.path("undisturbed")
        if not os.path.isdir(state):
            self.kiln("train", *self.run_arguments, "--state", state, timeout=3600)
        return self.newest("undisturbed")

    def fault(self, fault, times=None):
        self.environment["KILN_FAULT"] = fault
        if times is not None:
            self.environment["KILN_FAULT_TIMES"] = str(times)
            self.environment["KILN_FAULT_COUNT"] = self.path("faults")

    def start_run(self, *more):
        return self.start("train", *self.run_arguments, *more, "--state", self.path("run"),
                          program=self.program, env=dict(os.environ, **self.environment))

    def trainer_of(self, process):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if children := children_of(process.pid):
                return children[0]
            time.sleep(0.005)
        return self.fail("no trainer was started")

    def wait_for_checkpoints(self, count):
        """Until the run has saved: what comes before may take long on a busy machine."""
        deadline = time.monotonic() + 60
        while not os.path.isdir(self.path("run")) or len(self.checkpoints("run")) < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)

    def log(self):
        """What the run wrote to its log, one object an entry."""
        entries = []
        for path in sorted(glob.glob(self.path("run", "logs", "*.jsonl"))):
            with open(path, encoding="utf-8") as file:
                entries += [json.loads(line) for line in file]
        return entries

    def restarts(self):
        return [e for e in self.log() if e["event"] == "trainer_restarted"]

    def assert_undisturbed(self):
        self.kiln("checkpoint", "verify", self.path("run"))
        self.assert_same_file(self.newest("run"), self.expected())


class Killed(CrashTest):
    """Ends from outside."""

    def test_either_process_killed_again_and_again_the_run_ends_with_the_same_bytes(self):
        self.run_arguments[3] = "6144"  # long enough to be killed so often
        self.finish(self.kill_again_and_again(12, 0.4))
        self.assert_undisturbed()

    def kill_again_and_again(self, kills, longest_s):
        """Starts a run and kills one of its processes so often; the run that then goes on."""
        choice = random.Random(SEED)
        print(f"seed {SEED}, {kills} kills", flush=True)
        process = self.start_run()
        done = {"supervisor": 0, "trainer": 0}
        for _ in range(kills):
            time.sleep(choice.uniform(0.02, longest_s))
            self.assertIsNone(process.poll(), "the run ended before it was killed so often")
            trainer = self.trainer_of(process)
            if choice.random() < 0.5:
                os.kill(trainer, signal.SIGKILL)
                done["trainer"] += 1
            else:
                process.kill()
                process.communicate()
                done["supervisor"] += 1
                process = self.start_run("--resume")
        print(f"killed {done}", flush=True)
        self.assertGreater(min(done.values()), 0)
        return process

    def test_a_trainer_ended_by_any_signal_is_replaced_within_seconds(self):
        for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            with self.subTest(number):
                process = self.start_run()
                trainer = self.trainer_of(process)
                time.sleep(0.3)
                os.kill(trainer, number)
                before = time.monotonic()
                while (now := children_of(process.pid)) in ([], [trainer]):
                    time.sleep(0.005)
                    self.assertLess(time.monotonic() - before, 30)
                self.assertNotEqual(now, [trainer])
                self.finish(process)
                self.assertEqual(len(self.restarts()), 1)
                self.assert_undisturbed()
                subprocess.run(["rm", "-r", self.path("run")], check=True)

    def test_a_trainer_that_is_stopped_is_replaced(self):
        process = self.start_run()
        self.wait_for_checkpoints(1)
        os.kill(self.trainer_of(process), signal.SIGSTOP)
        self.finish(process)
        self.assertRegex(self.restarts()[0]["text"], "no life for .*, because it was stopped")
        self.assert_undisturbed()

    def test_a_trainer_that_is_stopped_while_it_saves_is_not_taken_for_a_slow_disk(self):
        self.environment["KILN_SYNC_MS"] = "1000"
        process = self.start_run()
        while not os.path.exists(self.path("run", "game-000000002048.ckpt.tmp")):
            self.assertIsNone(process.poll())
            time.sleep(0.005)
        # The last save: nobody else has anything to do.
        os.kill(self.trainer_of(process), signal.SIGSTOP)
        before = time.monotonic()
        self.finish(process)
        self.assertLess(time.monotonic() - before, 60)
        self.assertRegex(self.restarts()[0]["text"], "no life for .*, because it was stopped")
        self.assert_undisturbed()

    def test_the_trainer_does_not_outlive_its_supervisor(self):
        process = self.start_run()
        trainer = self.trainer_of(process)
        time.sleep(0.5)
        process.kill()
        process.communicate()
        deadline = time.monotonic() + 2
        while is_there(trainer):
            self.assertLess(time.monotonic(), deadline, "the trainer runs on alone")
            time.sleep(0.005)
        self.finish(self.start_run("--resume"))
        self.assert_undisturbed()

    def test_both_stopped_for_a_while_as_by_a_suspended_machine_nothing_is_restarted(self):
        process = self.start_run()
        trainer = self.trainer_of(process)
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(trainer, signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(trainer, signal.SIGCONT)
        os.kill(process.pid, signal.SIGCONT)
        self.finish(process)
        self.assertEqual(self.restarts(), [])
        self.assert_undisturbed()

    def test_a_checkpoint_damaged_while_nobody_looked_gives_way_to_the_one_before(self):
        process = self.start_run("--on-corrupt", "previous")
        trainer = self.trainer_of(process)
        self.wait_for_checkpoints(2)
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(trainer, signal.SIGKILL)
        damaged = self.newest("run")
        patch(damaged, 12000, None)
        os.kill(process.pid, signal.SIGCONT)
        done = self.finish(process)
        self.assertIn("a chunk is damaged", done.err)
        self.assertTrue(os.path.exists(damaged + ".damaged"))
        self.assert_undisturbed()

    def test_every_checkpoint_damaged_while_nobody_looked_ends_the_run(self):
        process = self.start_run("--on-corrupt", "previous")
        trainer = self.trainer_of(process)
        self.wait_for_checkpoints(2)
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(trainer, signal.SIGKILL)
        files = [self.path("run", name) for name in self.checkpoints("run")]
        for file in files:
            patch(file, 12000, None)
        os.kill(process.pid, signal.SIGCONT)
        done = self.finish(process, 65)
        self.assertIn("--on-corrupt fresh starts from nothing", done.err)
        for file in files[:-1]:
            self.assertIn(f"set aside as {os.path.basename(file)}.damaged", done.err)
            self.assertTrue(os.path.exists(file + ".damaged"))
        self.assertEqual(self.checkpoints("run"), [os.path.basename(files[-1])])


class Faults(CrashTest):
    """Ends from inside, in the middle of a ticket."""

    def expect_recovery(self, *words, worker_is_told=True):
        done = self.finish(self.start_run())
        restarts = self.restarts()
        self.assertEqual(len(restarts), 1, done.err)
        for word in words:
            self.assertIn(word, restarts[0]["text"])
        if worker_is_told:
            self.assertEqual(restarts[0]["ticket"], 1500)
        self.assert_undisturbed()
        return done

    def test_an_endless_loop_is_found_within_a_second_and_left_behind_within_three(self):
        self.fault("loop:1500", 1)
        self.expect_recovery("showed no life", "playing ticket 1500")
        entries = self.log()
        restart = next(e for e in entries if e["event"] == "trainer_restarted")
        silent_ms = int(restart["text"].split("for ")[1].split(" ms")[0])
        print(f"silent for {silent_ms} ms", flush=True)
        self.assertLess(silent_ms, 5000)

    def test_a_worker_that_sleeps_for_ever(self):
        self.fault("sleep:1500", 1)
        self.expect_recovery("showed no life", "playing ticket 1500")

    def test_a_failed_assertion(self):
        self.fault("check:1500", 1)
        done = self.expect_recovery("failed CHECK(", "faulty_kiln.cpp")
        self.assertIn("nothing was saved", done.err)

    def test_an_invalid_address(self):
        self.fault("segv:1500", 1)
        self.expect_recovery("Segmentation fault", "at address 0x")

    def test_a_stack_that_overflows(self):
        self.fault("overflow:1500", 1)
        self.expect_recovery("Segmentation fault")

    @native_only("no system call filters")
    def test_memory_asked_for_after_the_seal_ends_a_trainer_that_is_locked_down(self):
        self.fault("map:1500", 1)
        if IS_SANITIZED:  # sanitizers map memory as they go
            self.refused(71, "train", *self.run_arguments, "--state", self.path("run"),
                         "--lockdown")
            return
        process = self.start_run("--lockdown")
        self.finish(process)
        self.assertIn("Bad system call", self.restarts()[0]["text"])
        self.assert_undisturbed()

    def test_a_ticket_that_kills_twice_is_left_out_and_every_other_is_played(self):
        self.fault("check:1500")
        done = self.finish(self.start_run())
        self.assertEqual(len(self.restarts()), 2)
        self.assertIn("ticket 1500 took the trainer down twice and is left out", done.err)
        self.kiln("checkpoint", "verify", self.path("run"))
        with open(self.newest("run"), "rb") as ours, open(self.expected(), "rb") as straight:
            self.assertNotEqual(ours.read(), straight.read())
        # The result is a function of what was left out, and of nothing else.
        first = self.newest("run")
        os.rename(self.path("run"), self.path("first"))
        self.run_arguments[self.run_arguments.index("--workers") + 1] = "1"
        self.finish(self.start_run())
        self.assert_same_file(self.path("first", os.path.basename(first)), self.newest("run"))

    def test_a_ticket_over_its_limit_begins_again_and_then_is_left_out(self):
        self.fault("spin:1500")
        done = self.finish(self.start_run("--ticket-limit", "1"))
        self.assertEqual(self.restarts(), [])
        self.assertIn("ticket 1500 was given up by worker", done.err)
        self.assertIn("it is left out", done.err)

    def test_a_ticket_given_up_once_is_played_after_all(self):
        self.fault("give-up:1500", 1)
        done = self.finish(self.start_run())
        self.assertIn("it begins again", done.err)
        self.assertEqual(self.restarts(), [])
        self.assert_undisturbed()

    def test_more_than_one_failure_in_a_hundred_pauses_the_run_with_the_pattern(self):
        self.fault("give-up:every:20")
        process = self.start_run()
        status = self.wait_for_state("paused")
        self.assertRegex(status["reason"],
                         r"\A1\d\d errors in the last 10000 games: 1\d\dx abandoned; .*worker")
        self.assertEqual(children_of(process.pid), [], "the trainer's memory is given back")
        self.kiln("checkpoint", "verify", self.path("run"))
        self.kiln("stop", "--state", self.path("run"))
        self.finish(process)

    def wait_for_state(self, state):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            done = subprocess.run([KILN, "status", "--json", "--state", self.path("run")],
                                  capture_output=True, text=True, check=False)
            if done.returncode == 0 and (status := json.loads(done.stdout))["state"] == state:
                return status
            time.sleep(0.05)
        return self.fail(f"the run did not become {state}")


class Torture(CrashTest):
    """Real training, for as long as make torture gives it. Not run by itself."""

    program = KILN

    def a_run_killed_a_hundred_times(self):
        self.run_arguments = ["--games", "10000000", "--epoch-games", "64", "--workers", "2",
                              "--checkpoint-every", "2048", "--memory", "400MB", "--table-mib", "2",
                              "--lockdown"]
        process = Killed.kill_again_and_again(self, 100, 3)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        self.finish(process)
        # As far as it came, without a disturbance.
        games = int(os.path.basename(self.newest("run"))[5:17])
        print(f"{games} games", flush=True)
        self.run_arguments += ["--stop-after", str(games)]
        self.assert_undisturbed()


if __name__ == "__main__":
    unittest.main()
