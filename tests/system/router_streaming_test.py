"""A router's samples that have no room in the budget: read from disk, and learned from the same."""

import os
import resource
import signal
import time
import unittest

from support import KilnTest, native_only

STREAMED = "they are read from disk as they are needed"
# What a router takes beside its samples: the program, the cold heap, the page cache of a save.
SMALL_MEMORY = "95MB"


class StreamingTest(KilnTest):
    def train(self, state, *arguments, samples=20_000, **options):
        return self.kiln("router", "train", "--task", "parity", "--steps", 100, "--samples",
                         samples, "--hidden", 8, "--epochs", 2, "--batch", 64, "--checkpoint-every",
                         500, "--state", self.path(state), *arguments, **options)

    def test_a_budget_without_room_for_them_leaves_the_same_bytes(self):
        whole = self.train("whole", "--memory", "200MB")
        self.assertNotIn(STREAMED, whole.out)
        streamed = self.train("streamed", "--memory", SMALL_MEMORY)
        self.assertIn(STREAMED, streamed.out)
        for name in [*self.checkpoints("whole"), "model.safetensors", "router.data"]:
            self.assert_same_file(self.path("whole", name), self.path("streamed", name))

    def test_a_run_may_go_on_with_another_budget(self):
        self.train("whole", "--memory", "200MB")
        self.train("moved", "--memory", SMALL_MEMORY, "--stop-after", 601, "--workers", 2)
        done = self.kiln("router", "train", "--resume", "--state", self.path("moved"), "--memory",
                         "200MB")
        self.assertNotIn(STREAMED, done.out)
        self.assert_same_file(self.newest("whole"), self.newest("moved"))

    @native_only("no system call filters")
    def test_with_system_calls_locked_down_too(self):
        done = self.train("locked", "--memory", SMALL_MEMORY, "--lockdown")
        self.assertIn(STREAMED, done.out)

    @native_only("the limit would be the emulator's")
    def test_data_of_more_than_the_memory_there_is_are_prepared_and_learned_from(self):
        # 160 MB of samples, where a process may have 128 MB of memory that is no file's.
        def limit():
            resource.setrlimit(resource.RLIMIT_DATA, (128_000_000, 128_000_000))

        done = self.train("large", "--memory", "99MB", "--stop-after", 40, samples=400_000,
                          preexec_fn=limit, env={**os.environ, "TMPDIR": self.folder})
        self.assertIn(STREAMED, done.out)
        self.assertGreater(os.path.getsize(self.path("large", "router.data")), 160_000_000)

    def test_data_that_vanish_on_the_way_end_the_run_in_one_line(self):
        state = self.path("state")
        running = self.start("router", "train", "--task", "parity", "--steps", 100, "--samples",
                             20_000, "--hidden", 8, "--epochs", 1000, "--patience", 0, "--memory",
                             SMALL_MEMORY, "--checkpoint-every", 1000, "--state", state)
        deadline = time.monotonic() + 60
        while not (os.path.isdir(state) and self.checkpoints("state")):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        os.truncate(os.path.join(state, "router.data"), 4_000_000)
        line = self.finish(running, 74).err
        self.assertRegex(line, r"\Akiln: --state: ticket [\d,]+ was the last in .*: the data that "
                               r"the run learns from cannot be read: it is shorter than it was; "
                               r"what was saved before is intact: put it right and go on with "
                               r"--resume\n\Z")
        self.assertIn("is cut short", self.kiln("router", "train", "--resume", "--state", state,
                                                code=65).err)

    def test_an_interrupt_saves(self):
        running = self.start("router", "train", "--task", "parity", "--steps", 100, "--samples",
                             20_000, "--hidden", 8, "--epochs", 1000, "--patience", 0, "--memory",
                             SMALL_MEMORY, "--state", self.path("state"))
        while not os.path.exists(self.path("state", "router.data")):
            time.sleep(0.01)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        self.assertIn("interrupted", self.finish(running).out)


if __name__ == "__main__":
    unittest.main()
