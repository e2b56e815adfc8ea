#!/usr/bin/python3
"""The commands that ask a run: what they send, what they print, and how they end without one."""

import json
import os
import socket
import stat
import threading
import unittest

from support import NULL, KilnTest, patch

NO_INPUT, NO_RUN, IO, TRY_AGAIN = 66, 69, 74, 75


class WithoutARun(KilnTest):
    def setUp(self):
        super().setUp()
        self.kiln("train", *NULL, "--checkpoint-every", "128", "--state", self.path("run"))

    def test_every_command_says_in_one_line_that_nobody_is_training_there(self):
        for arguments in (["pause"], ["resume"], ["save"], ["stop"], ["set", "games", "9"],
                          ["memory"]):
            with self.subTest(arguments):
                line = self.refused(NO_RUN, *arguments, "--state", self.path("run"))
                self.assertIn("nobody is training in " + self.path("run"), line)
                self.assertIn("no-such", self.refused(NO_INPUT, *arguments, "--state",
                                                      self.path("no-such")))

    def test_status_shows_the_newest_checkpoint_and_that_it_is_intact(self):
        done = self.kiln("status", "--state", self.path("run"), code=NO_RUN)
        self.assertRegex(done.out, r"run: not training\n  checkpoint   game-000000000256.ckpt, "
                                   r"256 games, [0-9.]+ kB, intact\n\Z")
        self.assertEqual(done.err.count("\n"), 1)

    def test_status_shows_that_the_newest_is_damaged_and_which_one_is_not(self):
        patch(self.newest("run"), 5000, None)
        done = self.kiln("status", "--state", self.path("run"), code=NO_RUN)
        self.assertRegex(done.out, r"game-000000000256.ckpt, DAMAGED: .*chunk 0 of")
        self.assertRegex(done.out, r"game-000000000128.ckpt, 128 games, .*, intact\n\Z")
        report = json.loads(
            self.kiln("status", "--json", "--state", self.path("run"), code=NO_RUN).out)
        self.assertEqual(report["exit_code"], NO_RUN)
        self.assertEqual([c["intact"] for c in report["checkpoints"]], [False, True])
        self.assertEqual([c["games"] for c in report["checkpoints"]], [256, 128])

    def test_status_of_a_directory_without_checkpoints_says_so(self):
        os.mkdir(self.path("empty"))
        done = self.kiln("status", "--state", self.path("empty"), code=NO_RUN)
        self.assertTrue(done.out.endswith("  checkpoint   none\n"), done.out)


class WithARun(KilnTest):
    """The run is played by this test: a socket that hears one request and answers as told."""

    def listen(self, answer):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        here = os.getcwd()
        os.chdir(self.folder)  # a short path for bind()
        try:
            listener.bind("control.sock")
        finally:
            os.chdir(here)
        listener.listen(1)
        heard = []

        def serve():
            client, _ = listener.accept()
            with client, client.makefile("rwb") as stream:
                heard.append(json.loads(stream.readline()))
                stream.write(answer)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        return heard

    def ask(self, *arguments, answer=b'{"ok":true}\n', code=0):
        path = self.path("control.sock")
        if os.path.exists(path):
            self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
            os.unlink(path)
        heard = self.listen(answer)
        done = self.kiln(*arguments, "--state", self.folder, code=code)
        self.assertEqual(len(heard), 1)
        return heard[0], done

    def test_each_command_sends_its_request_and_prints_what_comes(self):
        for command in ("pause", "resume", "save", "stop"):
            with self.subTest(command):
                request, done = self.ask(command, answer=b'{"ok":true,"text":"as you wish"}\n')
                self.assertEqual(request, {"command": command})
                self.assertEqual((done.out, done.err), ("as you wish\n", ""))
        request, done = self.ask("set", "learning-rate", "0.02")
        self.assertEqual(request, {"command": "set", "key": "learning-rate", "value": "0.02"})
        self.assertEqual(done.out, "set: done\n")
        request, done = self.ask("memory", answer=b'{"ok":true,"budget_bytes":600000000}\n')
        self.assertEqual(request, {"command": "memory"})
        self.assertIn("600,000,000", done.out)

    def test_the_status_is_printed_for_people_and_as_json(self):
        answer = b'{"ok":true,"state":"training","games":43210,"target_games":100000}\n'
        _, done = self.ask("status", answer=answer)
        self.assertIn(": training, 43,210 of 100,000 games (43.2 %)\n", done.out)
        _, done = self.ask("status", "--json", answer=answer)
        self.assertEqual(json.loads(done.out), json.loads(answer))

    def test_what_the_run_refuses_is_one_line_with_its_exit_code(self):
        for answer, code, words in (
                (b'{"ok":false,"error":"no room","exit_code":74}\n', IO, "kiln: no room"),
                (b'{"ok":false,"error":"busy"}\n', TRY_AGAIN, "kiln: busy"),
                (b"", TRY_AGAIN, "ended before it answered"),
                (b"\xff\x00{[\n", TRY_AGAIN, "ended before it answered")):
            with self.subTest(answer):
                _, done = self.ask("save", answer=answer, code=code)
                self.assertEqual((done.out, done.err.count("\n")), ("", 1))
                self.assertIn(words, done.err)


if __name__ == "__main__":
    unittest.main()
