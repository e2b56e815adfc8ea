#!/usr/bin/python3
"""Whatever is wrong: one line that says what and where, the documented exit code, nothing lost."""

import fcntl
import os
import re
import shutil
import subprocess
import unittest

from support import FIRST_SECTION, KILN, NULL, SMALL, KilnTest, limit_file_sizes, patch

USAGE, BAD_DATA, NO_INPUT, CANNOT_CREATE, IO, PERMISSION, CONFIGURATION = 2, 65, 66, 73, 74, 77, 78
NOBODY = 65534


class CommandLine(KilnTest):
    def test_wrong_flags_and_values_are_named_with_what_is_allowed(self):
        for arguments, words in (
                ([], "which command? One of train, evaluate"),
                (["tarin"], "there is no command 'tarin'; did you mean 'train'?"),
                (["train", "--game", "5"], "'--game'; did you mean '--games'?"),
                (["train", "--games"], "--games"),
                (["train", "--games", "many"], "--games: 'many' is not allowed; it takes a whole"),
                (["train", "--games", "0"], "--games: '0' is not allowed"),
                (["train", "--lambda", "1.5"], "--lambda: '1.5' is not allowed; it takes a number"),
                (["train", "--depth", "2", "--nodes", "9"], "nodes excludes depth"),
                (["train", "--memory", "lots"], "--memory: 'lots' is not allowed; it takes a size"),
                (["train", "--epsilon", "2"], "--epsilon: '2' is not allowed"),
                (["train", "--control", "off"], "none or frozen or shuffled"),
                (["memory", "--workers", "4"], "--workers belongs to --plan"),
                (["memory", "--plan", "--json"], "excludes"),
                (["set", "depth"], "value is required"),
                (["status", "--timeout", "0"], "--timeout"),
                (["checkpoint"], "One of list, verify, inspect"),
                (["checkpoint", "verfy", "x"], "did you mean 'verify'?"),
                (["perft"], "depth is required"),
                (["perft", "61"], "a whole number from 0 to 60"),
                (["perft", "3", "--board", "X?"], "character 2 ('?') is wrong"),
                (["board", "--moves", "f5f5"], "'f5' at character 3 is not legal"),
                (["board", "--moves", "z9"], "character 1 ('z') is wrong"),
                (["evaluate"], "give --model PATH"),
                (["evaluate", "--untrained", "--games", "3"], "3 is odd"),
                (["evaluate", "--untrained", "--opponent", "me"], "random or corner"),
                (["evaluate", "--untrained", "--depth", "1", "--nodes", "5"], "excludes"),
                (["help", "me"], "there is no command 'me'")):
            with self.subTest(arguments):
                self.assertIn(words, self.refused(USAGE, *arguments))

    def test_a_wrong_configuration_file_is_refused_with_its_line(self):
        for text, words in (
                ("games = 9\n\nlamda = 0.1\n", ":3: there is no setting 'lamda'; did you mean"),
                ("games = 'nine'\n", ":1: games is a text; it takes a whole number"),
                ("seed = 1\ndepth = 99\n", ":2: depth: '99' is not allowed; it takes a whole"),
                ("depth = 1\nnodes = 9\n", ":2: nodes: nodes excludes depth"),
                ("games = = 9\n", ":1: not TOML")):
            with self.subTest(text):
                config = self.write("run.toml", text)
                line = self.refused(CONFIGURATION, "train", "--config", config)
                self.assertIn(config + words, line)
        self.refused(NO_INPUT, "train", "--config", self.path("none.toml"))

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([KILN, "perft", "3"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        self.assertEqual(done.returncode, IO)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_training_goes_on_when_nobody_can_read_its_progress(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([KILN, "train", *NULL, "--state", self.path("run")], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.kiln("checkpoint", "verify", self.newest("run"))


class Budget(KilnTest):
    def test_too_small_a_budget_is_refused_with_the_table_and_what_would_do(self):
        for command in (["memory", "--plan"], ["train", "--state", self.path("run")]):
            done = self.kiln(*command, "--memory", "100MB", "--workers", 2, code=CONFIGURATION)
            self.assertIn("transposition table", done.out)
            self.assertIn("with every region at its smallest", done.out)
            self.assertRegex(done.err, r"\Akiln: --memory: 100\.0 MB .* smallest that would do is "
                                       r"\d+ bytes\n\Z")
        self.assertFalse(os.path.exists(self.path("run")), "a refused run left a directory behind")
        # What it says would do, does, and a byte less does not.
        smallest = int(done.err.split()[-2])
        plan = ["memory", "--plan", "--workers", 2, "--memory"]
        self.assertIn("shrunk from", self.kiln(*plan, smallest).out)
        self.kiln(*plan, smallest - 1, code=CONFIGURATION)

    def test_an_evaluation_has_a_budget_too(self):
        self.assertIn("--memory", self.refused(CONFIGURATION, "evaluate", "--untrained",
                                               "--workers", 2, "--memory", "60MB"))

    def test_memory_that_the_system_does_not_have_is_refused(self):
        line = self.refused(71, "train", "--state", self.path("run"), "--memory", "900TB",
                            "--table-mib", 1 << 20, "--workers", 64)
        self.assertIn("the system does not grant", line)


class Damage(KilnTest):
    def setUp(self):
        super().setUp()
        self.kiln("train", *NULL, "--state", self.path("run"), "--checkpoint-every", 128)
        self.whole = self.newest("run")
        self.assertEqual(len(self.checkpoints("run")), 2)

    def expect_refusals(self, words, is_damage=True):
        for command in (["checkpoint", "verify", self.whole],
                        ["checkpoint", "verify", self.path("run")],
                        ["train", "--resume", "--games", 512, "--state", self.path("run")]):
            with self.subTest(command):
                line = self.refused(BAD_DATA, *command)
                self.assertIn(self.whole, line)
                self.assertIn(words, line)
        # Nothing was removed, and following the advice works.
        again = ["train", "--resume", "--games", 512, "--state", self.path("run")]
        if is_damage:
            self.assertIn("--on-corrupt previous goes on from ", line)
            again += ["--on-corrupt", "previous"]
        else:
            self.assertIn("remove or rename it to go on from game-000000000128.ckpt", line)
            self.refused(BAD_DATA, *again, "--on-corrupt", "previous")
            os.rename(self.whole, self.whole + ".foreign")
        done = self.kiln(*again)
        self.assertEqual(os.path.exists(self.whole + ".damaged"), is_damage)
        if is_damage:
            told = re.escape(words) + ".*; set aside as " + os.path.basename(self.whole)
            self.assertRegex(done.err, told)
            self.assertRegex(self.log("run"), told)
        # As if nothing had happened.
        self.kiln("train", *NULL[:2], "--games", 512, *NULL[4:], "--state", self.path("straight"))
        self.assert_same_file(self.newest("run"), self.newest("straight"))

    def log(self, run):
        text = ""
        for name in os.listdir(self.path(run, "logs")):
            with open(self.path(run, "logs", name), encoding="utf-8") as file:
                text += file.read()
        return text

    def test_a_flipped_byte_is_found_with_section_chunk_and_range(self):
        patch(self.whole, FIRST_SECTION + 4096 + 2064 + 1000, None)
        self.expect_refusals("a chunk is damaged: section null.counters, chunk 0 of 1, bytes 10256 "
                             "to 43023")

    def test_a_flipped_byte_in_the_header(self):
        patch(self.whole, 40, None)
        self.expect_refusals("the header is damaged: bytes 0 to 4095")

    def test_a_flipped_byte_in_the_settings(self):
        patch(self.whole, FIRST_SECTION + 1, None)
        self.expect_refusals("a chunk is damaged: section run.settings, chunk 0 of 1")

    def test_a_flipped_byte_in_the_table_of_checksums(self):
        patch(self.whole, os.path.getsize(self.whole) - 33, None)
        self.expect_refusals("the table of checksums is damaged: bytes 43024 to 43067")

    def test_a_file_cut_short(self):
        size = os.path.getsize(self.whole)
        os.truncate(self.whole, size // 2)
        self.expect_refusals(f"the file is cut short: {size // 2} bytes instead of {size}")

    def test_bytes_behind_the_end(self):
        with open(self.whole, "ab") as file:
            file.write(b"?")
        self.expect_refusals("there are bytes after the end")

    def test_another_version(self):
        patch(self.whole, 8, (7).to_bytes(4, "little"))
        self.expect_refusals("it is of format version 7, this kiln reads version 1",
                             is_damage=False)

    def test_something_else_altogether(self):
        with open(self.whole, "wb") as file:
            file.write(b"Not a checkpoint.")
        self.expect_refusals("not a Kiln checkpoint")

    def test_from_nothing_if_asked_to(self):
        patch(self.whole, 40, None)
        self.kiln("train", *NULL, "--resume", "--state", self.path("run"), "--on-corrupt", "fresh")
        self.kiln("train", *NULL, "--state", self.path("straight"))
        self.assert_same_file(self.whole, self.newest("straight"))

    def test_where_nothing_whole_is_left_nothing_is_begun_from_nothing(self):
        """Before anything is started, and where only who loads finds it."""
        for offset in (40, FIRST_SECTION + 1, FIRST_SECTION + 4096 + 2064 + 1000):
            with self.subTest(offset):
                files = [self.path("run", name) for name in self.checkpoints("run")]
                for file in files:
                    patch(file, offset, None)
                again = ["train", "--resume", "--games", 512, "--state", self.path("run"),
                         "--on-corrupt", "previous"]
                done = self.kiln(*again, code=BAD_DATA)
                last = done.err.splitlines()[-1]
                self.assertIn(f"kiln: {files[-1]}: ", last)
                self.assertIn("is damaged", last)
                self.assertIn("--on-corrupt fresh starts from nothing", last)
                self.assertTrue(os.path.exists(files[-1]))
                self.assertTrue(os.path.exists(files[0]) or os.path.exists(files[0] + ".damaged"))
                # And so it stays, however often a service manager tries.
                self.refused(BAD_DATA, *again)
                if not os.path.exists(files[0]):
                    os.rename(files[0] + ".damaged", files[0])
                for file in files:
                    patch(file, offset, None)
                self.kiln("checkpoint", "verify", self.path("run"))

    def test_damage_in_one_of_many_is_found_and_the_others_are_reported(self):
        patch(self.path("run", self.checkpoints("run")[1]), FIRST_SECTION, None)
        done = self.kiln("checkpoint", "verify", self.path("run"), code=BAD_DATA)
        self.assertEqual(done.out.count("intact"), 1)
        self.assertIn("section run.settings, chunk 0 of 1", done.err)

    def test_a_checkpoint_of_another_workload(self):
        line = self.refused(BAD_DATA, "train", "--workload", "othello", "--games", 512, "--resume",
                            "--state", self.path("run"))
        self.assertIn("it belongs to workload 'null', not to 'othello'", line)
        line = self.refused(BAD_DATA, "evaluate", "--model", self.path("run"))
        self.assertIn("there is no section othello.weights in it", line)


class StateDirectory(KilnTest):
    def test_a_missing_model_is_missing_input(self):
        for path in (self.path("none"), self.path("none.ckpt")):
            self.assertIn(path, self.refused(NO_INPUT, "evaluate", "--model", path))
            self.refused(NO_INPUT, "board", "--model", path)
            self.refused(NO_INPUT, "checkpoint", "verify", path)
            self.refused(NO_INPUT, "checkpoint", "inspect", path)
            self.refused(NO_INPUT, "checkpoint", "list", path)
        self.assertIn("there is no checkpoint", self.refused(NO_INPUT, "evaluate", "--model",
                                                             self.folder))

    def test_a_run_is_not_overwritten(self):
        self.kiln("train", *NULL, "--state", self.path("run"))
        before = self.checkpoints("run")
        line = self.refused(CANNOT_CREATE, "train", *NULL, "--state", self.path("run"))
        self.assertIn("add --resume", line)
        self.assertEqual(self.checkpoints("run"), before)

    def test_a_finished_run_has_nothing_to_do(self):
        self.kiln("train", *NULL, "--state", self.path("run"))
        done = self.kiln("train", "--resume", "--state", self.path("run"))
        self.assertIn("already at its target, 256 of 256 games", done.out)

    def test_resuming_from_nothing_starts_fresh_and_says_so(self):
        os.mkdir(self.path("run"))
        done = self.kiln("train", *NULL, "--resume", "--state", self.path("run"))
        self.assertIn("no checkpoint to resume from; starting fresh", done.out)

    def test_two_trainers_do_not_share_a_directory(self):
        os.mkdir(self.path("run"))
        held = os.open(self.path("run"), os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        line = self.refused(CANNOT_CREATE, "train", *NULL, "--state", self.path("run"))
        self.assertIn("another kiln is training in", line)
        os.close(held)
        self.kiln("train", *NULL, "--state", self.path("run"))

    def test_only_the_newest_are_kept_and_what_others_left_unfinished_goes(self):
        os.mkdir(self.path("run"))
        self.write("run/game-000000000032.ckpt.tmp", "half a checkpoint")
        self.write("run/notes.txt", "the operator's")
        self.kiln("train", *NULL, "--state", self.path("run"), "--checkpoint-every", 32,
                  "--keep", 2)
        names = sorted(os.listdir(self.path("run")))
        self.assertEqual(names[0], "game-000000000224.ckpt")
        self.assertEqual(names[1:], ["game-000000000256.ckpt", "logs", "notes.txt"])

    def test_places_where_nothing_can_be_made(self):
        self.refused(CANNOT_CREATE, "train", *NULL, "--state", "/proc/kiln-state")
        self.write("file", "")
        self.refused(CANNOT_CREATE, "train", *NULL, "--state", self.path("file"))
        self.refused(CANNOT_CREATE, "train", *NULL, "--state", self.path("file", "below"))

    def test_a_directory_that_may_not_be_written_to(self):
        # Where everybody can reach it, for a user to whom permissions apply.
        kiln = shutil.copy(KILN, self.path("kiln"))
        os.mkdir(self.path("run"))
        os.chmod(self.path("run"), 0o555)
        os.chmod(self.folder, 0o755)
        user = NOBODY if os.geteuid() == 0 else None
        for state in ("run", "run/below"):
            done = subprocess.run([kiln, "train", *NULL, "--state", self.path(state)], user=user,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, PERMISSION, done.stderr)
            self.assertRegex(done.stderr, r"\Akiln: --state: cannot use [^\n]+Permission denied")
            self.assertEqual(done.stderr.count("\n"), 1)


class FullDisk(KilnTest):
    def test_a_final_save_that_fails_keeps_what_was_there(self):
        """As on a full disk: no file may grow beyond 1 MiB."""
        run = ["--state", self.path("run")]
        self.kiln("train", *SMALL, *run, "--stop-after", 64)
        before = self.checkpoints("run")
        line = self.refused(
            IO, "train", *run, "--resume", "--checkpoint-every", 0, "--trials-every", 0,
            preexec_fn=limit_file_sizes)
        self.assertIn("game 128 could not be saved", line)
        self.assertIn("File too large", line)
        self.assertEqual(self.checkpoints("run"), before)
        self.assertFalse([n for n in os.listdir(self.path("run")) if n.endswith(".tmp")])
        self.kiln("checkpoint", "verify", self.path("run"))
        self.kiln("train", *run, "--resume", "--trials-every", 0)
        self.assertEqual(self.checkpoints("run")[0], "game-000000000128.ckpt")

    def test_a_save_that_fails_on_the_way_is_a_warning(self):
        done = self.kiln(
            "train", *SMALL, "--state", self.path("run"), "--checkpoint-every", 32, code=IO,
            preexec_fn=limit_file_sizes)
        self.assertIn("kiln: warning: game 32: ", done.err)
        self.assertIn("training goes on, the next try is in 5 s", done.err)
        self.assertIn("finished at game 128 of 128", done.out)

    def test_a_real_disk_that_is_full(self):
        """A file system with room for one checkpoint; without the right to make one, the limit."""
        os.mkdir(self.path("disk"))
        run = f'--checkpoint-every 0 --state "{self.path("disk")}"'
        script = f"""
            if mount -t tmpfs -o size=72k kiln-test "{self.path('disk')}" 2>/dev/null
            then train='{" ".join(NULL)}'
            else ulimit -f 1024; train='{" ".join(SMALL)}'
            fi
            "{KILN}" train $train {run} --stop-after 64 && echo saved
            "{KILN}" train $train {run} --resume
            echo exit $?
            "{KILN}" checkpoint verify "{self.path('disk')}"
            """
        shell = ["unshare", "--mount", "sh", "-c", script]
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True,
                          check=False).returncode != 0:
            shell = shell[2:]
        done = subprocess.run(shell, capture_output=True, text=True, check=False)
        self.assertIn("exit 74\n", done.stdout, done.stderr)
        self.assertIn("could not be saved in", done.stderr)
        if "saved\n" in done.stdout:
            self.assertIn("No space left on device", done.stderr)
            self.assertIn("game-000000000064.ckpt: intact", done.stdout)


if __name__ == "__main__":
    unittest.main()
