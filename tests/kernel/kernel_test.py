#!/usr/bin/python3
"""A released kiln on an ARM64 kernel: Debian's, booted under an emulator with nothing beside it.

User-mode emulation has no system call filters, no control groups and a foreign kernel's accounts;
this has all three. One boot does everything (guest.sh), in two or three minutes; the tests below
read what it said.

KILN names the program, NATIVE_KILN one for this machine that is to leave the same bytes, and
ARM64_KERNEL the folder of toolchains/fetch-arm64-kernel.sh.
"""

import hashlib
import json
import os
import re
import stat
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
KILN = os.environ["KILN"]
NATIVE_KILN = os.environ["NATIVE_KILN"]
KERNEL = os.environ["ARM64_KERNEL"]
CPU = os.environ.get("CPU", "cortex-a72")
BOOT_SECONDS_MAX = 900


def archive(files):
    """An initial RAM disk ("newc") of (name, mode, contents)."""
    out = bytearray()
    for number, (name, mode, contents) in enumerate([*files, ("TRAILER!!!", 0, b"")]):
        encoded = name.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(encoded), 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        out += b"\0" * (-len(out) % 4) + contents
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def boot(directory):
    """What guest.sh said, by part."""
    folders = ["bin", "dev", "proc", "sys", "tmp"]
    programs = {"init": os.path.join(HERE, "guest.sh"), "bin/kiln": KILN,
                "bin/busybox": os.path.join(KERNEL, "busybox")}
    disk = os.path.join(directory, "disk")
    with open(disk, "wb") as file:
        file.write(archive([(name, stat.S_IFDIR | 0o755, b"") for name in folders] +
                           [(name, stat.S_IFREG | 0o755, read(path))
                            for name, path in programs.items()]))
    done = subprocess.run(
        ["qemu-system-aarch64", "-machine", "virt", "-cpu", CPU, "-smp", "2", "-m", "4096",
         "-nographic", "-nic", "none", "-no-reboot", "-kernel", os.path.join(KERNEL, "vmlinuz"),
         "-initrd", disk, "-append", "console=ttyAMA0 panic=-1 quiet"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOOT_SECONDS_MAX,
        errors="replace")
    print(done.stdout, done.stderr, flush=True)
    parts = {}
    for part in re.split(r"^== ", done.stdout.replace("\r", ""), flags=re.MULTILINE)[1:]:
        name, _, text = part.partition("\n")
        parts[name] = text
    return parts


class Kernel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as directory:
            cls.said = boot(directory)

    def said_of(self, part):
        self.assertIn(part, self.said, "the machine did not come that far")
        return self.said[part]

    def sum_of(self, part):
        return re.search(r"^[0-9a-f]{64}", self.said_of(part), re.MULTILINE)[0]

    def test_everything_was_done_on_an_arm64_kernel_and_in_time(self):
        self.assertIn("aarch64", self.said_of("machine"))
        self.said_of("end")
        for part, text in self.said.items():
            self.assertNotIn("not in time", text, part)

    def test_the_bytes_are_those_of_a_run_on_this_machine(self):
        with open(os.path.join(HERE, "guest.sh"), encoding="utf-8") as script:
            run = re.search(r'^RUN="([^"]*)"', script.read(), re.MULTILINE)[1].split()
        with tempfile.TemporaryDirectory() as state:
            subprocess.run([NATIVE_KILN, "train", *run, "--games", "320", "--state", state,
                            "--quiet"], check=True)
            native = read(os.path.join(state, "game-000000000320.ckpt"))
        self.assertEqual(self.sum_of("undisturbed"), hashlib.sha256(native).hexdigest())

    def test_the_system_call_filter_is_on_and_nothing_runs_into_it(self):
        said = self.said_of("locked-down")
        self.assertRegex(said, r"Seccomp:\s+2\n")
        self.assertIn("status 0", said)
        self.assertNotIn("system call filter", said)  # the warning of a kernel without
        self.assertNotIn("started again", said)

    def test_memory_is_accounted_for_to_the_percent(self):
        said = self.said_of("locked-down")
        report = json.JSONDecoder().raw_decode(said[said.index("{"):])[0]
        self.assertLess(abs(report["difference_percent"]), 1, report)

    def test_sealed_memory_takes_no_page_faults(self):
        """Of this processor, which leaves it to the kernel to note that a page was written."""
        said = self.said_of("locked-down")
        faults = re.search(r"([\d,]+) page faults after memory was sealed", said)[1]
        self.assertLessEqual(int(faults.replace(",", "")), 10)

    def test_a_killed_trainer_is_started_again_and_leaves_the_same_bytes(self):
        said = self.said_of("killed")
        self.assertIn("started again", said)
        self.assertIn("status 0", said)
        self.assertEqual(self.sum_of("killed"), self.sum_of("undisturbed"))

    def test_a_trainer_that_hangs_is_found_and_started_again(self):
        said = self.said_of("watched")
        self.assertIn("started again", said)
        self.assertIn("status 0", said)

    def test_a_control_group_that_allows_less_than_is_planned_is_told_of(self):
        said = self.said_of("limited")
        self.assertIn("memory.max", said)
        self.assertIn("status 0", said)
        self.assertRegex(said, r"oom_kill 0\n")

    def test_a_trainer_that_the_kernel_kills_for_memory_goes_on_when_there_is_some(self):
        said = self.said_of("starved")
        self.assertIn("started again", said)
        self.assertIn("status 0", said)
        self.assertEqual(self.sum_of("starved"), self.sum_of("undisturbed"))


if __name__ == "__main__":
    unittest.main()
