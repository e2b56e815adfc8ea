"""kiln.router: what is refused, in which words, and that nothing is left behind by it."""

import gc
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import numpy as np
import pytest

import kiln
from kiln.router import NotFittedError, Router, make_task, settings

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 2


def quick(**parameters):
    return Router(**{"hidden": 2, "epochs": 1, **parameters})


def fitted():
    return quick().fit(X, Y)


@pytest.mark.parametrize(("x", "complaint"), [
    (np.zeros(5), r"X: its shape is \(5,\); it takes \(N, D\) or \(N, T, D\)"),
    (np.zeros((2, 3, 4, 5)), r"X: its shape is \(2, 3, 4, 5\); it takes"),
    (np.zeros((0, 3)), r"X: its shape is \(0, 3\); it takes at least one sample"),
    (np.zeros((3, 0)), r"X: its shape is \(3, 0\); it takes at least one sample"),
    (np.zeros((3, 0, 2)), r"X: its shape is \(3, 0, 2\); it takes at least one sample"),
    (np.zeros((12, 4097)), "X: it has 4097 numbers a step; at most 4096"),
    (np.zeros((12, 65536, 1), np.int8), "X: it has 65536 steps; at most 65535"),
    (np.full((12, 2), "a"), "X: its type is <U1; it takes whole or real numbers"),
    (np.full((12, 2), None), "X: its type is object; it takes"),
    (np.full((12, 2), 1j), "X: its type is complex128; it takes"),
    (np.zeros((12, 2), "m8[s]"), r"X: its type is timedelta64\[s\]"),
    ([[1, 2], [3]], "X: .* it takes an array"),
    (None, "X: its type is object"),
    (np.where(X == 5, np.nan, X), r"X: nan at \[2, 0, 1\] is not allowed; it takes finite numbers"),
    (np.where(X == 6, -np.inf, X), r"X: -inf at \[3, 0, 0\] is not allowed"),
    (np.where(X == 6, 1e300, X), r"X: 1e\+300 at \[3, 0, 0\] .* finite numbers of 32 bits")])
def test_what_is_no_array_of_sequences_is_named(x, complaint):
    with pytest.raises(ValueError, match=complaint):
        quick().fit(x, Y)
    with pytest.raises(ValueError, match=complaint):
        fitted().predict(x)


@pytest.mark.parametrize(("y", "complaint"), [
    (Y[:5], r"y: its shape is \(5,\); it takes \(12,\), one for each sample of X"),
    (Y.reshape(-1, 1), r"y: its shape is \(12, 1\); it takes \(12,\)"),
    ([], r"y: its shape is \(0,\); it takes \(12,\)"),
    (np.zeros(12), "y: it has 1 class; it takes 2 to 256"),
    (Y * 0.5, r"y: 0.5 at \[1\] is not allowed; it takes classes"),
    (np.where(Y, np.nan, 0), r"y: nan at \[1\] is not allowed; it takes classes"),
    (np.where(Y, np.inf, 0), r"y: inf at \[1\] is not allowed"),
    (Y + 0j, "y: its type is complex128; it takes classes"),
    (np.array([None, 1] * 6), "y: its type is object; it takes classes"),
    (None, r"y: its shape is \(\)")])
def test_what_are_no_labels_is_named(y, complaint):
    with pytest.raises(ValueError, match=complaint):
        quick().fit(X, y)


def test_more_classes_than_outputs_are_refused():
    x = np.zeros((300, 1))
    with pytest.raises(ValueError, match="y: it has 300 classes; it takes 2 to 256"):
        quick().fit(x, np.arange(300))


def test_numbers_are_checked_as_numbers():
    number = quick(loss="squared_error")
    with pytest.raises(ValueError, match=r"y: nan at \[1\] is not allowed; it takes finite"):
        number.fit(X, np.where(Y, np.nan, 0))
    with pytest.raises(ValueError, match="y: its type is <U1"):
        number.fit(X, np.full(12, "a"))
    assert number.fit(X, Y * 0.5).predict(X).shape == (12,)


@pytest.mark.parametrize(("teacher", "complaint"), [
    (np.zeros(5), r"teacher: its shape is \(5,\); it takes \(12, 1\), the logits of the second"),
    (np.zeros((12, 2)), r"teacher: its shape is \(12, 2\); it takes \(12, 1\)"),
    (np.full(12, np.nan), r"teacher: nan at \[0, 0\] is not allowed"),
    (Router(), "has learned nothing")])
def test_what_is_no_teacher_is_named(teacher, complaint):
    with pytest.raises((ValueError, NotFittedError), match=complaint):
        quick().distill(X, Y, teacher)
    with pytest.raises(FileNotFoundError):
        quick().distill(X, Y, "/nowhere/teacher.safetensors")


def test_a_weight_without_a_teacher_is_refused():
    with pytest.raises(ValueError, match="alpha: there is no teacher"):
        quick(alpha=0.5).fit(X, Y)


@pytest.mark.parametrize(("parameters", "complaint"), [
    ({"hidden": 0}, "hidden: '0' is not allowed; it takes a whole number from 1 to 512"),
    ({"hidden": 513}, "hidden: '513' is not allowed"),
    ({"epochs": 0}, "epochs: '0' is not allowed"),
    ({"batch": 4097}, "batch: '4097' is not allowed"),
    ({"rate": float("nan")}, "rate: 'nan' is not allowed; it takes a number from 0 to 10"),
    ({"rate": -1.0}, "rate: '-1.0' is not allowed"),
    ({"keep_share": 0.0}, "keep_share: '0.0' is not allowed"),
    ({"clip_by": "both"}, "clip_by: 'both' is not allowed; it takes none or norm or value"),
    ({"validation": 1.0}, "validation: 1.0 is not allowed; it takes a number from 0 to 0.9"),
    ({"validation": -0.1}, "validation: -0.1 is not allowed"),
    ({"validation": float("nan")}, "validation: nan is not allowed"),
    ({"loss": "hinge"}, "loss: 'hinge' is not allowed; it takes cross_entropy or squared_error"),
    ({"memory": "1MB"}, "memory"),
    ({"memory": "a lot"}, "memory: 'a lot' is not allowed"),
    ({"workers": 65}, "workers: '65' is not allowed"),
    ({"seed": -1}, "seed: '-1' is not allowed")])
def test_a_parameter_that_is_not_allowed_is_named_and_leaves_nothing(tmp_path, parameters,
                                                                    complaint):
    with pytest.raises(ValueError, match=complaint):
        quick(state=tmp_path / "run", **parameters).fit(X, Y)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("parameters", [
    {"hidden": 2.0}, {"hidden": "2"}, {"epochs": True}, {"rate": "0.1"}, {"clip_by": 1},
    {"validation": "0.2"}, {"validation": True}, {"normalise": 1}, {"seed": np.float64(1)},
    {"compress": 1}])
def test_a_parameter_of_another_type_is_named(parameters):
    (name,) = parameters
    with pytest.raises(TypeError, match=f"{name}: .* is of type .*; it takes"):
        quick(**parameters).fit(X, Y)


def test_a_fitted_router_takes_what_it_learned():
    router = fitted()
    with pytest.raises(ValueError, match=r"X: its shape is \(4, 3\); this router takes \(N, 2\)"):
        router.predict(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"\(4, 2, 2\); this router takes \(N, 2\)"):
        router.predict_proba(np.zeros((4, 2, 2)))
    steps = quick().fit(X.reshape(6, 2, 2), Y[:6])
    with pytest.raises(ValueError, match=r"X: its shape is \(4, 4\); this router takes \(N, 2, 2"):
        steps.score(np.zeros((4, 4)), np.zeros(4))
    for value, complaint in ((-1, "cost_wrong: -1"), (np.nan, "cost_wrong: nan")):
        with pytest.raises(ValueError, match=complaint):
            router.choose_threshold(X, Y, value)
    for value, complaint in ((-0.1, "risk: -0.1"), (1.5, "risk: 1.5"), (np.nan, "risk: nan")):
        with pytest.raises(ValueError, match=complaint):
            router.choose_threshold_within(X, Y, value)
    for arguments, complaint in (({"precision": "half"}, "precision: 'half' is not allowed"),
                                 ({"clip_by": "x"}, "clip_by: 'x' is not allowed"),
                                 ({"clip": 0}, "clip: 0 is not allowed"),
                                 ({"l2": -1}, "l2: -1 is not allowed"),
                                 ({"temperature": 0}, "temperature: 0 is not allowed")):
        with pytest.raises(ValueError, match=complaint):
            router.gradients(X, Y, **arguments)
    with pytest.raises(ValueError, match=r"keep_share: 2 is not allowed"):
        router.prune(2)


@pytest.mark.parametrize(("arguments", "complaint"), [
    (("sum", 10, 10), "name: 'sum' is not allowed; it takes adding, latch or parity"),
    (("latch", 0, 10), "samples: 0 is not allowed"), (("latch", 10, 1), "steps: 1 is not allowed"),
    (("latch", 10, 10_001), "steps: 10001 is not allowed")])
def test_a_task_that_is_none_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        make_task(*arguments)
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match="seed"):
            make_task("latch", 10, 10, seed=seed)


def test_files_that_are_no_models_are_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(FileNotFoundError):
        Router.load(path)
    router = fitted()
    router.save(path)
    whole = path.read_bytes()
    for contents in (b"", whole[:7], whole[:-1], b"\xff" * 100, whole + b"x",
                     whole.replace(b"b_gate", b"b_rate")):
        path.write_bytes(contents)
        with pytest.raises(kiln.CheckpointError, match="m.safetensors"):
            Router.load(path)
    with pytest.raises(OSError, match="cannot be made"):
        router.save(tmp_path / "no" / "m.safetensors")
    router._fitted.set_note("classes", '{"type": "<U1", "classes": ["a"]}')
    router.save(path)
    with pytest.raises(kiln.CheckpointError, match="the model's classes are"):
        Router.load(path)


def test_every_setting_of_a_run_is_a_parameter():
    parameters = set(Router().get_params())
    assert parameters == set(settings()) | {"validation", "normalise", "loss"}


def test_a_callbacks_exception_ends_the_run_and_is_raised():
    calls = []

    def fail(epoch):
        calls.append(epoch)
        time.sleep(0.2)  # epochs go on meanwhile
        raise LookupError(epoch.epoch)

    with pytest.raises(LookupError, match="^1$"):
        Router(epochs=100_000, patience=0).fit(np.tile(X, (500, 1)), np.tile(Y, 500),
                                               progress=fail)
    assert len(calls) == 1


SCRIPT = """
import sys
import numpy as np
from kiln.router import Router
x = np.random.default_rng(1).normal(size=(2000, 4))
def tell(epoch):
    if epoch.epoch == 2:
        print("ready", flush=True)
try:
    Router(epochs=1_000_000, patience=0, state=sys.argv[1] or None).fit(x, x[:, 0] > 0,
                                                                        progress=tell)
except KeyboardInterrupt:
    print("interrupted", flush=True)
if sys.argv[1]:
    Router.resume(sys.argv[1], progress=lambda epoch: print(epoch.epoch) or sys.exit(0))
"""


@pytest.mark.parametrize("state", ["", "run"])
def test_ctrl_c_saves_and_raises(tmp_path, state):
    folder = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(SCRIPT), state],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               cwd=tmp_path, env=folder)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert time.monotonic() - sent < 30
    assert out.startswith("interrupted\n")
    assert not list(tmp_path.glob("kiln-router-*"))
    if state:  # it went on where it was, the directory being free at once
        assert int(out.split()[1]) >= 2


def test_routers_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def use():
        router = quick().fit(X, Y)
        router.predict_proba(X)
        router.gradients(X, Y)
        router.quantize().get_weights()

    def held():
        gc.collect()
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(5):
        use()
    gc.collect()
    before = held(), len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    for _ in range(20):
        use()
    assert held() - before[0] < 4_000_000
    assert len(os.listdir("/proc/self/fd")) == before[1]
    assert len(os.listdir("/proc/self/task")) == before[2]
    assert not os.listdir(tmp_path)
    router = fitted()
    before = held()
    for _ in range(3_000):
        router.predict(X)
        router.get_weights()
    assert held() - before < 2_000_000
