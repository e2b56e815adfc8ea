"""Files that the router writes and reads, beside the packages that define their formats.

KILN names the program. Needs the packages of requirements.txt: `make formats-test`.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

KILN = os.environ["KILN"]


def kiln(*arguments):
    done = subprocess.run([KILN, "router", *map(str, arguments)], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(f"kiln router {arguments}: {done.stderr}")
    return done.stdout


class PackagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kiln-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        random = np.random.default_rng(5)
        cls.x = random.normal(size=(400, 3, 4)).astype(np.float32)
        cls.y = (cls.x.sum((1, 2)) > 0).astype(np.int64) + (cls.x[:, 0, 0] > 0.5)
        cls.data = os.path.join(cls.folder, "data.npz")
        np.savez(cls.data, x=cls.x, y=cls.y)

    def path(self, name):
        return os.path.join(self.folder, name)

    def models(self):
        """One of each kind that is written."""
        paths = {}
        for name, arguments in (("dense", []), ("low-rank", ["--input-rank", 2, "--state-rank", 3]),
                                ("sparse", ["--keep-share", 0.3]), ("raw", ["--raw"])):
            state = self.path(name)
            if not os.path.exists(state):
                kiln("train", "--data", self.data, "--hidden", 6, "--epochs", 6, "--state", state,
                     *arguments)
            paths[name] = os.path.join(state, "model.safetensors")
        binary = self.path("binary.npz")
        np.savez(binary, x=self.x, y=self.y > 0)
        if not os.path.exists(self.path("binary")):
            kiln("train", "--data", binary, "--hidden", 6, "--epochs", 3, "--state",
                 self.path("binary"))
        paths["decided"] = self.path("decided.safetensors")
        kiln("evaluate", "--model", os.path.join(self.path("binary"), "model.safetensors"),
             "--data", binary, "--calibrate", "--risk", 0.1, "--out", paths["decided"])
        for name in ("dense", "low-rank"):
            paths[name + " int8"] = self.path(name + "-int8.safetensors")
            kiln("quantize", "--model", paths[name], "--out", paths[name + " int8"])
        for name, precision in (("gradients", []), ("gradients in double", ["--double"])):
            paths[name] = self.path(name)
            kiln("gradients", "--model", paths["low-rank"], "--data", self.data, "--out",
                 paths[name], *precision)
        return paths

    def test_what_kiln_writes_the_package_reads_and_writes_again_to_the_byte(self):
        for name, path in self.models().items():
            with self.subTest(name):
                arrays = load_file(path)
                with safetensors.safe_open(path, framework="numpy") as file:
                    metadata = file.metadata()
                again = self.path("again")
                save_file(arrays, again, metadata=metadata)
                with open(path, "rb") as ours, open(again, "rb") as theirs:
                    self.assertEqual(theirs.read(), ours.read())

    def test_the_package_sees_the_numbers_that_kiln_tells_of(self):
        for name, path in self.models().items():
            if name.startswith("gradients"):
                continue
            with self.subTest(name):
                arrays = load_file(path)
                told = json.loads(kiln("inspect", "--model", path, "--json"))["tensors"]
                for tensor, facts in told.items():
                    values = arrays[tensor]
                    if values.dtype == np.int8:
                        values = values * arrays[tensor + ".scale"][:, None]
                    self.assertEqual(values.size, facts["rows"] * facts["columns"])
                    self.assertEqual(np.count_nonzero(values == 0), facts["zeros"])
                    self.assertAlmostEqual(float(values.max()), facts["largest"], places=6)
                    self.assertAlmostEqual(float(values.min()), facts["least"], places=6)

    def test_what_the_package_writes_kiln_reads_in_either_precision(self):
        model = self.models()["dense"]
        arrays = load_file(model)
        with safetensors.safe_open(model, framework="numpy") as file:
            metadata = file.metadata()
        expected = kiln("predict", "--model", model, "--data", self.data)
        for precision in (np.float32, np.float64):
            rewritten = self.path("rewritten")
            save_file({name: values.astype(precision) for name, values in arrays.items()},
                      rewritten, metadata=metadata)
            self.assertEqual(kiln("predict", "--model", rewritten, "--data", self.data), expected)

    def test_arrays_are_read_as_numpy_saves_them(self):
        model = self.models()["dense"]
        whole = np.round(self.x * 8).astype(np.int64)  # exact in every type below
        answers = set()
        for save in (np.savez, np.savez_compressed):
            for dtype in ("<f4", "<f8", "<i1", "<i2", "<i4", "<i8"):
                for labels in ("<f4", "<i8", "|u1"):
                    path = self.path("typed.npz")
                    save(path, x=whole.astype(dtype), y=self.y.astype(labels))
                    answers.add(kiln("evaluate", "--model", model, "--data", path, "--json"))
        self.assertEqual(len(answers), 1)

    def test_what_numpy_can_save_and_a_router_cannot_use_is_refused(self):
        model = self.models()["dense"]
        for what, x in (("type >f4", self.x.astype(">f4")),
                        ("Fortran order", np.asfortranarray(self.x)),
                        ("Python objects", self.x.astype(object)),
                        ("type <c8", self.x.astype(np.complex64))):
            path = self.path("odd.npz")
            np.savez(path, x=x, y=self.y)
            done = subprocess.run([KILN, "router", "evaluate", "--model", model, "--data", path],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 65, what)
            self.assertIn(what, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    print(f"NumPy {np.__version__}, safetensors {safetensors.__version__}", file=sys.stderr)
    unittest.main()
