"""What the whole-program tests share: running kiln and looking at what it left behind."""

import ctypes
import fcntl
import os
import pty
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

KILN = os.environ.get("KILN") or os.path.join(
    os.path.dirname(__file__), "..", "..", "build", "dev", "kiln")
FAULTY_KILN = os.environ.get("FAULTY_KILN") or os.path.join(
    os.path.dirname(KILN), "tests", "faulty_kiln")

# A run of a second: a hundred short games, at their end trials, which take most of it.
TRIED = ["--games", "128", "--epoch-games", "32", "--exact-empties", "8", "--memory", "400MB",
         "--table-mib", "2"]
SMALL = [*TRIED, "--trials-every", "0"]
NULL = ["--workload", "null", "--games", "256", "--epoch-games", "32"]

EMULATED = "QEMU_CPU" in os.environ  # toolchains/run-arm64.sh

FIRST_SECTION = 4096  # where the sections begin in a checkpoint
TIMEOUT_S = 120

# From <asm-generic/ioctls.h> and <sys/mount.h>.
TIOCSPTLCK = 0x40045431
TIOCGPTN = 0x80045430
MNT_DETACH = 2


def native_only(reason):
    """Of a test that cannot pass where another processor is emulated."""
    return unittest.skipIf(EMULATED, f"native-only: {reason}")


class Finished:
    """How a kiln ended: code, out, err."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class KilnTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = self.make_folder()
        self.system_calls = self.make_folder() if EMULATED else None

    def make_folder(self):
        folder = tempfile.mkdtemp(prefix="kiln-test-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def kiln(self, *arguments, code=0, timeout=TIMEOUT_S, program=KILN, **options):
        """Runs kiln to its end and insists on its exit code."""
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout, check=False, **options)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return Finished(done.returncode, done.stdout, done.stderr)

    def refused(self, code, *arguments, **options):
        """Runs kiln, insists that it refuses with that code and one line, and returns the line."""
        done = self.kiln(*arguments, code=code, **options)
        self.assertEqual(done.err.count("\n"), 1, done.err)
        self.assertRegex(done.err, r"\Akiln: [^\n]+\n\Z")
        return done.err.rstrip("\n")

    def start(self, *arguments, program=KILN, env=None, **options):
        """Starts kiln and returns it once it listens to signals."""
        process = subprocess.Popen([program, *map(str, arguments)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.watched(env),
                                   **options)
        self.addCleanup(process.kill)
        self.wait_for_signals(process)
        return process

    def watched(self, env=None):
        """The environment of a kiln that wait_for_signals() will wait for."""
        if not EMULATED:
            return env
        return {**(env or os.environ), "QEMU_LOG": "strace",
                "QEMU_LOG_FILENAME": os.path.join(self.system_calls, "%d")}

    def wait_for_signals(self, process):
        """Until kiln listens to signals."""
        deadline = time.monotonic() + TIMEOUT_S
        while not self.catches_interrupts(process.pid):
            self.assertIsNone(process.poll(), "kiln ended before it could be interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)

    def catches_interrupts(self, pid):
        if not EMULATED:
            return caught_signals(pid) >> (signal.SIGINT - 1) & 1 == 1
        # An emulator catches every signal from its own beginning, but tells what it is asked for.
        try:
            with open(os.path.join(self.system_calls, str(pid)), encoding="ascii",
                      errors="replace") as log:
                return "rt_sigaction(SIGTERM,0x" in log.read()
        except FileNotFoundError:
            return False

    def finish(self, process, code=0):
        out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, code, f"{out}\n{err}")
        return Finished(process.returncode, out, err)

    def checkpoints(self, *names):
        """The checkpoints of a directory, newest first."""
        return sorted((n for n in os.listdir(self.path(*names)) if n.endswith(".ckpt")),
                      reverse=True)

    def newest(self, *names):
        return self.path(*names, self.checkpoints(*names)[0])

    def assert_same_file(self, left, right):
        with open(left, "rb") as a, open(right, "rb") as b:
            contents = a.read(), b.read()
        self.assertEqual(len(contents[0]), len(contents[1]))
        # Not assertEqual: nobody wants to read a difference of 100 MB.
        self.assertTrue(contents[0] == contents[1], f"{left} and {right} differ")


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []


def caught_signals(pid):
    """Those that a process has handlers for, as the kernel's set of bits."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("SigCgt:"):
                    return int(line.split()[1], 16)
    except OSError:
        pass
    return 0


def patch(path, offset, contents):
    """Overwrites bytes of a file; contents None turns one byte over."""
    with open(path, "r+b") as file:
        file.seek(offset)
        if contents is None:
            byte = file.read(1)
            contents = bytes([byte[0] ^ 0xFF])
            file.seek(offset)
        file.write(contents)


def limit_file_sizes():
    """Of a process to be: saves fail as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def open_terminal():
    """A pseudo terminal (master, slave), also where /dev/pts is not mounted, as in a bare chroot.

    There root mounts an instance of its own for as long as it takes to open the pair.
    """
    try:
        return pty.openpty()
    except OSError:
        pass
    libc = ctypes.CDLL(None, use_errno=True)
    with tempfile.TemporaryDirectory() as directory:
        options = b"newinstance,ptmxmode=0666"
        if libc.mount(b"devpts", directory.encode(), b"devpts", 0, options) != 0:
            raise OSError(ctypes.get_errno(), "no pseudo terminal, and none can be mounted")
        try:
            master = os.open(os.path.join(directory, "ptmx"), os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
            number = struct.unpack("i", fcntl.ioctl(master, TIOCGPTN, struct.pack("i", 0)))[0]
            slave = os.open(os.path.join(directory, str(number)), os.O_RDWR | os.O_NOCTTY)
        finally:
            libc.umount2(directory.encode(), MNT_DETACH)
    return master, slave
