"""A router from data to decision: trained under supervision, resumed, made smaller, compared."""

import gzip
import json
import os
import re
import signal
import struct
import subprocess
import time
import unittest

import numpy as np

from support import EMULATED, KILN, KilnTest
from terminal import Terminal

DIGITS = "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"


def read_safetensors(path):
    """The arrays of a file, by a reader of our own."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    types = {"F32": "<f4", "F64": "<f8", "I8": "<i1"}
    return {name: np.frombuffer(data[8 + length + entry["data_offsets"][0]:
                                     8 + length + entry["data_offsets"][1]],
                                types[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()}


def write_safetensors(path, arrays):
    header, body = {}, b""
    for name, array in arrays.items():
        data = np.ascontiguousarray(array, "<f8").tobytes()
        header[name] = {"dtype": "F64", "shape": list(array.shape),
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def logistic(x):
    return 1 / (1 + np.exp(-x))


class Twin:
    """The cell once more, in NumPy: written from the paper's equations and nothing of kiln's."""

    def __init__(self, weights, outputs):
        self.w = weights
        self.outputs = outputs

    def matrix(self, name):
        if name in self.w:
            return self.w[name]
        return self.w[name + "1"] @ self.w[name + "2"].T

    def loss(self, batch, alpha, temperature, l2):
        x, y = batch["x"], batch["y"]
        state = np.zeros((len(x), len(self.w["b_gate"])), complex)
        zeta, nu = logistic(self.w["zeta"][0]), logistic(self.w["nu"][0])
        for t in range(x.shape[1]):
            p = x[:, t] @ self.matrix("W").T + state @ self.matrix("U").T
            z = logistic(p + self.w["b_gate"])
            c = np.tanh(p + self.w["b_update"])
            state = (zeta * (1 - z) + nu) * c + z * state
        logits = state @ self.w["head_weight"].T + self.w["head_bias"]
        rows = np.arange(len(y))

        def log_shares(values):
            if self.outputs == 1:
                values = np.column_stack([np.zeros(len(values)), values[:, 0]])
            values = values - values.real.max(1, keepdims=True)
            return values - np.log(np.exp(values).sum(1, keepdims=True))

        hard = -log_shares(logits)[rows, y.astype(int)].mean()
        loss = hard
        if alpha > 0:
            soft = -(np.exp(log_shares(batch["teacher_logits"] / temperature)) *
                     log_shares(logits / temperature)).sum(1).mean()
            loss = alpha * temperature ** 2 * soft + (1 - alpha) * hard
        squares = sum((value ** 2).sum() for value in self.w.values() if value.ndim == 2)
        return loss + l2 * squares, logits

    def gradients(self, *arguments):
        """By complex steps, which have no difference to lose digits in (Squire and Trapp 1998)."""
        step = 1e-30
        result = {}
        for name, array in self.w.items():
            gradient = np.zeros(array.shape)
            self.w[name] = array.astype(complex)
            for index in np.ndindex(array.shape):
                self.w[name][index] += 1j * step
                gradient[index] = self.loss(*arguments)[0].imag / step
                self.w[name][index] = array[index]
            self.w[name] = array
            result[name] = gradient
        return result


def clipped(gradients, how, limit):
    if how == "value":
        return {name: np.clip(value, -limit, limit) for name, value in gradients.items()}
    norm = np.sqrt(sum((value ** 2).sum() for value in gradients.values()))
    if how == "norm" and norm > limit:
        return {name: value * limit / norm for name, value in gradients.items()}
    return gradients


class GradientsTest(KilnTest):
    def test_gradients_are_those_of_a_twin_that_knows_nothing_of_kiln(self):
        random = np.random.default_rng(11)
        worst = {"--double": 0.0, "": 0.0}
        for case in range(40):
            outputs = 1 if case % 2 == 0 else 10
            inputs, hidden = random.integers(1, 5), random.integers(2, 7)
            steps = [1, 2, 5, 12, 100][case % 5] if case % 10 != 9 else 3
            if steps == 100:
                hidden = 2
            shape = {"b_gate": [hidden], "b_update": [hidden], "zeta": [1], "nu": [1],
                     "head_weight": [outputs, hidden], "head_bias": [outputs]}
            if case % 3 == 0:
                shape.update({"W": [hidden, inputs], "U": [hidden, hidden]})
            else:
                shape.update({"W1": [hidden, 2], "W2": [inputs, 2],
                              "U1": [hidden, 1], "U2": [hidden, 1]})
            weights = {name: random.uniform(-0.8, 0.8, size) for name, size in shape.items()}
            batch = {"x": random.uniform(-1, 1, (3, steps, inputs)),
                     "y": np.array([0, 1, outputs - 1 if outputs > 1 else 1], float),
                     "teacher_logits": random.uniform(-2, 2, (3, outputs))}
            alpha, l2 = (0.5 if case % 4 >= 2 else 0), (0.01 if case % 5 >= 3 else 0)
            how = ["none", "norm", "value"][case // 2 % 3]
            limit = 0.3 if how == "norm" else 0.05
            model, data = self.path("w.safetensors"), self.path("batch.npz")
            write_safetensors(model, weights)
            (np.savez if case % 2 == 0 else np.savez_compressed)(data, **batch)
            twin = Twin(weights, outputs)
            loss, logits = (value.real for value in twin.loss(batch, alpha, 3, l2))
            # A tensor without influence, like U with one step, has noise for a gradient.
            expected = clipped(twin.gradients(batch, alpha, 3, l2), how, limit)
            for precision, tolerance in (("--double", 1e-10), ("", 1e-4)):
                self.kiln("router", "gradients", "--model", model, "--data", data, "--out",
                          self.path("g"), "--alpha", alpha, "--l2", l2, "--clip-by", how, "--clip",
                          limit, *([precision] if precision else []))
                found = read_safetensors(self.path("g"))
                self.assertAlmostEqual(found["loss"][0] / loss, 1, delta=1e-5)
                np.testing.assert_allclose(found["logits"], logits, rtol=1e-4, atol=1e-5)
                largest = max(np.abs(gradient).max() for gradient in expected.values())
                for name, gradient in expected.items():
                    size = max(np.abs(gradient).max(), 1e-4 * largest)
                    error = np.abs(found[name] - gradient).max() / size
                    worst[precision] = max(worst[precision], error)
                    self.assertLessEqual(error, tolerance, f"case {case}, {name}, {precision}")
        print(f"worst relative error: double {worst['--double']:.1e}, float {worst['']:.1e}")


def rewritten(data):
    """A safetensors file read strictly by its specification, and what the package that defines the
    format writes of it: widest type first, then by name; compact JSON; spaces up to a multiple of
    eight."""
    (length,) = struct.unpack("<Q", data[:8])
    text = data[8:8 + length].decode("utf-8")
    assert text.startswith("{") and (8 + length) % 8 == 0, text[:40]
    header = json.loads(text)
    metadata = header.pop("__metadata__", None)
    assert all(isinstance(value, str) for value in metadata.values())
    sizes = {"F64": 8, "F32": 4, "I8": 1}
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert entry["data_offsets"][0] == end, name
        end = entry["data_offsets"][1]
        assert end - entry["data_offsets"][0] == sizes[entry["dtype"]] * np.prod(entry["shape"])
    assert 8 + length + end == len(data)
    again, body = {"__metadata__": metadata}, b""
    for name, entry in sorted(header.items(), key=lambda item: (-sizes[item[1]["dtype"]], item[0])):
        first, last = entry["data_offsets"]
        again[name] = {"dtype": entry["dtype"], "shape": entry["shape"],
                       "data_offsets": [len(body), len(body) + last - first]}
        body += data[8 + length + first:8 + length + last]
    text = json.dumps(again, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


class TrainTest(KilnTest):
    def command(self, state, epochs=6):
        return ["router", "train", "--data", DIGITS, "--steps", 8, "--at-least", 5, "--hidden", 16,
                "--rate", 0.01, "--epochs", epochs, "--state", state, "--checkpoint-every", 400]

    def train(self, state, *arguments):
        return self.kiln(*self.command(state), *arguments)

    def newest(self, state):
        names = sorted(name for name in os.listdir(state) if name.endswith(".ckpt"))
        with open(os.path.join(state, names[-1]), "rb") as file:
            return names[-1], file.read()

    def test_a_trained_model_is_measured_and_gives_decisions(self):
        state = self.path("state")
        done = self.train(state)
        self.assertIn("training ended after 6 epochs", done.out)
        model = os.path.join(state, "model.safetensors")
        answer = json.loads(self.kiln("router", "evaluate", "--model", model, "--data", DIGITS,
                                      "--at-least", 5, "--json").out)
        self.assertGreater(answer["accuracy"], 0.9)
        self.assertLess(answer["majority_class"], 0.55)
        self.assertGreater(answer["auc"], 0.95)
        out = self.path("decided.safetensors")
        answer = json.loads(self.kiln("router", "evaluate", "--model", model, "--data", DIGITS,
                                      "--at-least", 5, "--calibrate", "--cost-wrong", 10, "--out",
                                      out, "--json").out)
        self.assertLess(answer["cost"], answer["cost_always_strong"])
        self.assertLess(answer["cost"], answer["cost_always_light"])
        rows = self.kiln("router", "predict", "--model", out, "--data", DIGITS).out.splitlines()
        self.assertEqual(len(rows), 1 + 1797)
        light = sum(row.endswith("light") for row in rows)
        self.assertAlmostEqual(light / 1797, answer["light_share"], delta=0.001)

    def test_the_threshold_keeps_to_the_risk_that_is_borne(self):
        state = self.path("state")
        self.train(state)
        model, out = os.path.join(state, "model.safetensors"), self.path("decided.safetensors")
        evaluate = ["router", "evaluate", "--model", model, "--data", DIGITS, "--at-least", 5]
        answer = json.loads(self.kiln(*evaluate, "--risk", 0.02, "--out", out, "--json").out)
        self.assertLessEqual(answer["risk"], 0.02)
        self.assertLess(answer["risk"], answer["risk_upper"])
        rows = self.kiln("router", "predict", "--model", out, "--data", DIGITS).out.splitlines()[1:]
        with gzip.open(DIGITS, "rt", encoding="ascii") as file:
            labels = np.loadtxt(file, delimiter=",")[:, -1] >= 5
        light = np.array([row.endswith("light") for row in rows])
        self.assertAlmostEqual(light.mean(), answer["light_share"], places=9)
        self.assertAlmostEqual((~labels[light]).mean(), answer["risk"], places=9)
        # One more decision for the light path, and more would be wrong than may be.
        more = json.loads(self.kiln(*evaluate, "--risk", 0.05, "--json").out)
        self.assertGreater(more["light_share"], answer["light_share"])
        nobody = self.kiln(*evaluate, "--risk", 0.02, "--cost-wrong", 3, code=2)
        self.assertIn("--risk: excludes --cost-wrong", nobody.err)

    def test_where_no_risk_is_small_enough_nothing_is_light(self):
        state, table = self.path("state"), self.write("noise.csv", "1,0\n2,1\n3,0\n4,1\n" * 20)
        self.kiln("router", "train", "--data", table, "--epochs", 1, "--state", state)
        out = self.path("decided.safetensors")
        with open(table, encoding="ascii") as file:
            wrong = self.write("wrong.csv", file.read().replace(",1", ",0"))
        answer = json.loads(self.kiln("router", "evaluate", "--model",
                                      os.path.join(state, "model.safetensors"), "--data", wrong,
                                      "--risk", 0, "--out", out, "--json").out)
        self.assertEqual((answer["light_share"], answer["risk"]), (0, 0))
        self.assertNotIn("light", self.kiln("router", "predict", "--model", out, "--data",
                                            table).out)

    def test_models_are_as_the_format_has_them_and_as_its_package_would_write_them(self):
        state, small = self.path("state"), self.path("small.safetensors")
        self.train(state, "--state-rank", 3)
        model = os.path.join(state, "model.safetensors")
        self.kiln("router", "quantize", "--model", model, "--out", small)
        for path in (model, small):
            with open(path, "rb") as file:
                data = file.read()
            self.assertEqual(rewritten(data), data, path)

    def test_what_a_router_counts_is_not_called_a_game(self):
        done = self.train(self.path("state"))
        self.assertIn(" tickets in ", done.out)
        self.assertIn("finished at ticket ", done.out)
        told = done.out.replace("game-0", "").split("\nmemory: ")[0]  # then come regions' names
        self.assertNotRegex(told, r"\bgames?\b")

    def test_workers_and_interruptions_leave_the_same_bytes(self):
        straight, several = self.path("straight"), self.path("several")
        self.train(straight, "--workers", 1)
        self.train(several, "--workers", 4)
        self.assertEqual(self.newest(several), self.newest(straight))
        stopped = self.path("stopped")
        self.train(stopped, "--stop-after", 101, "--workers", 2)
        self.assertNotEqual(self.newest(stopped)[0], self.newest(straight)[0])
        self.kiln("router", "train", "--resume", "--state", stopped)
        self.assertEqual(self.newest(stopped), self.newest(straight))
        for name in ("several", "stopped"):
            with open(self.path(name, "model.safetensors"), "rb") as one, \
                    open(self.path("straight", "model.safetensors"), "rb") as other:
                self.assertEqual(one.read(), other.read())

    def test_a_killed_run_goes_on_to_the_same_bytes(self):
        straight, killed = self.path("straight"), self.path("killed")
        self.kiln(*self.command(straight, 60), "--patience", 0)
        command = [KILN, *map(str, self.command(killed, 60)), "--patience", "0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True) as running:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if os.path.isdir(killed) and any(name.endswith(".ckpt")
                                                 for name in os.listdir(killed)):
                    break
                time.sleep(0.01)
            os.killpg(running.pid, signal.SIGKILL)
        self.kiln("router", "train", "--resume", "--state", killed)
        self.assertEqual(self.newest(killed), self.newest(straight))

    def test_quantised_and_pruned_models_say_what_they_cost(self):
        state = self.path("state")
        self.train(state)
        model = os.path.join(state, "model.safetensors")
        data = ["--data", DIGITS, "--at-least", 5]
        small = self.path("small.safetensors")
        answer = json.loads(self.kiln("router", "quantize", "--model", model, "--out", small, *data,
                                      "--json").out)
        self.assertLess(answer["bytes"], answer["bytes_before"] / 2)
        self.assertLess(abs(answer["accuracy"] - answer["accuracy_before"]), 0.02)
        self.assertEqual(read_safetensors(small)["U"].dtype, np.int8)
        again = self.path("again.safetensors")
        self.kiln("router", "quantize", "--model", small, "--out", again)
        with open(small, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())
        self.kiln("router", "prune", "--model", model, "--keep-share", 0.25, "--out", small)
        self.assertEqual((read_safetensors(small)["U"] != 0).sum(), 64)

    def test_a_student_learns_from_a_teacher(self):
        self.train(self.path("teacher"))
        teacher = self.path("teacher", "model.safetensors")
        done = self.kiln("router", "distill", "--teacher", teacher,
                         "--data", DIGITS, "--steps", 8, "--at-least", 5, "--hidden", 6, "--rate",
                         0.01, "--epochs", 10, "--state", self.path("student"))
        self.assertIn("training ended after 10 epochs", done.out)

    def test_scoring_tells_a_terminal_how_far_it_is_and_leaves_nothing_of_it(self):
        state = self.path("state")
        self.kiln("router", "train", "--task", "latch", "--steps", 100, "--samples", 200,
                  "--hidden", 32, "--epochs", 1, "--state", state)
        samples = 2_000 if EMULATED else 150_000  # of more than half a second
        evaluate = [KILN, "router", "evaluate", "--model",
                    os.path.join(state, "model.safetensors"), "--task", "latch", "--samples",
                    samples]
        terminal = Terminal(evaluate, columns=120)
        self.addCleanup(terminal.close)
        wanted = re.compile(rf"\d+ / {samples:,} samples \(\d+.*%\), .* samples/s, .* left")
        terminal.until(wanted.search)
        self.assertEqual(terminal.end(), 0)
        self.assertIn(f"{samples:,} samples): loss", terminal.screen())
        self.assertNotIn(" left", terminal.screen())

    def test_wrong_data_leave_nothing_behind(self):
        bad = self.write("bad.csv", "1,2,0\n3,x,1\n")
        done = self.kiln("router", "train", "--data", bad, "--state", self.path("state"), code=65)
        self.assertEqual(done.err, f"kiln: {bad}:2:2: 'x' is no finite number\n")
        self.assertFalse(os.path.exists(self.path("state")))
        self.kiln("router", "train", "--data", self.path("none.csv"), code=66)
        self.kiln("router", "train", code=2)
        self.kiln("router", "train", "--task", "sums", code=2)
        done = self.kiln("router", "train", "--data", DIGITS, "--steps", 7, "--state",
                         self.path("state"), code=65)
        self.assertIn("64 columns of inputs are not 7 steps", done.err)

    def test_a_budget_that_is_too_small_is_refused_with_the_table(self):
        done = self.kiln("router", "train", "--task", "latch", "--steps", 100, "--samples", 100000,
                         "--memory", "94MB", "--state", self.path("state"), code=78)
        self.assertIn("router samples", done.out)

    def test_a_resumed_run_keeps_its_settings(self):
        state = self.path("state")
        self.train(state, "--stop-after", 101)
        done = self.kiln("router", "train", "--resume", "--state", state, "--rate", 0.1, code=2)
        self.assertIn("--rate: a resumed run goes on as it began", done.err)
        os.rename(os.path.join(state, "router.data"), os.path.join(state, "elsewhere"))
        self.kiln("router", "train", "--resume", "--state", state, code=66)


if __name__ == "__main__":
    unittest.main()
