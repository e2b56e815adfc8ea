"""kiln.router and `kiln router`: each goes on with the other's runs, and all bytes are the same."""

import copy
import io
import json
import subprocess

import numpy as np
import pytest

import kiln
from conftest import COMMAND, newest
from kiln.router import Router, make_task

SETTINGS = {"hidden": 8, "epochs": 6, "rate": 0.01, "seed": 5, "checkpoint_every": 200}


def call(*arguments):
    done = subprocess.run([COMMAND, "router", *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def flags(settings):
    return [part for name, value in settings.items()
            for part in ("--" + name.replace("_", "-"), value)]


class InterruptedByTestError(Exception):
    pass


def interrupt_at(number):
    def progress(epoch):
        if epoch.epoch == number:
            raise InterruptedByTestError

    return progress


@pytest.fixture(scope="module")
def archive(digits, tmp_path_factory):
    """Arrays, and the same as a file."""
    x, y = digits.learned_from
    path = tmp_path_factory.mktemp("data") / "train.npz"
    np.savez(path, x=x, y=y)
    return x, y, path


@pytest.fixture(scope="module")
def theirs(archive, tmp_path_factory):
    """The state directory of a run of the command."""
    state = tmp_path_factory.mktemp("theirs") / "run"
    call("train", "--data", archive[2], "--state", state, *flags(SETTINGS))
    return state


@pytest.fixture(scope="module")
def long(archive, tmp_path_factory):
    """A run of more epochs than one part of it, and where the command has made it."""
    x, y, _ = archive
    folder = tmp_path_factory.mktemp("long")
    np.savez(folder / "train.npz", x=x[:64], y=y[:64])
    settings = {"hidden": 2, "epochs": 300, "patience": 0, "seed": 5, "checkpoint_every": 0}
    call("train", "--data", folder / "train.npz", "--state", folder / "run", *flags(settings))
    return x[:64], y[:64], settings, folder / "run"


def assert_same(ours, theirs):
    for name in ("model.safetensors", "router.data"):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()
    assert newest(ours) == newest(theirs)


def test_the_same_run_in_both_ends_with_the_same_bytes(archive, theirs, tmp_path):
    x, y, _ = archive
    router = Router(state=tmp_path / "ours", **SETTINGS).fit(x, y)
    assert_same(tmp_path / "ours", theirs)
    names = [{path.name for path in run.glob("*.ckpt")} for run in (tmp_path / "ours", theirs)]
    assert names[0] == names[1] and len(names[0]) > 1
    assert router._fitted.file() == (theirs / "model.safetensors").read_bytes()


def test_what_python_began_the_command_finishes(long, tmp_path):
    x, y, settings, theirs = long
    with pytest.raises(InterruptedByTestError):
        Router(state=tmp_path / "both", **settings).fit(x, y, progress=interrupt_at(1))
    assert newest(tmp_path / "both") != newest(theirs)
    call("train", "--resume", "--state", tmp_path / "both")
    assert_same(tmp_path / "both", theirs)


def test_what_the_command_began_python_finishes(archive, theirs, tmp_path):
    both = tmp_path / "both"
    call("train", "--data", archive[2], "--state", both, *flags(SETTINGS), "--stop-after", 150)
    router = Router.resume(both)
    assert_same(both, theirs)
    params = router.get_params()
    for name in ("hidden", "epochs", "rate", "seed"):
        assert params[name] == SETTINGS[name]
    assert (params["validation"], params["normalise"]) == (0.2, True)
    assert (params["loss"], params["state"]) == ("cross_entropy", both)
    assert 0 < router.n_iter_ < 6 and router.history_[-1].epoch == 6
    # There is nothing left to do, and it says the same.
    again = Router.resume(both)
    assert again.n_iter_ == 0 and again._fitted.file() == router._fitted.file()


def test_what_python_began_python_finishes_with_its_labels(long, archive, tmp_path):
    x, y, settings, theirs = long
    names = np.array(["light", "strong"])
    with pytest.raises(InterruptedByTestError):
        Router(state=tmp_path / "run", **settings).fit(x, names[y], progress=interrupt_at(2))
    assert newest(tmp_path / "run") != newest(theirs)
    router = Router.resume(tmp_path / "run", workers=2)
    assert newest(tmp_path / "run") == newest(theirs)
    assert router.classes_.tolist() == ["light", "strong"]
    assert set(router.predict(x)) <= {"light", "strong"}
    # The command reads it, and says numbers.
    answer = json.loads(call("evaluate", "--model", tmp_path / "run" / "model.safetensors",
                             "--data", archive[2], "--json"))
    assert answer["accuracy"] == router.score(archive[0], names[archive[1]])


@pytest.mark.parametrize("task", ["latch", "adding"])
def test_generated_tasks_and_losses_are_the_same(tmp_path, task):
    settings = {"hidden": 4, "epochs": 2, "seed": 3}
    call("train", "--task", task, "--samples", 300, "--task-seed", 9, "--steps", 12, "--validation",
         0.25, "--raw", "--state", tmp_path / "theirs", *flags(settings))
    x, y = make_task(task, 300, 12, seed=9)
    Router(state=tmp_path / "ours", validation=0.25, normalise=False,
           loss="squared_error" if task == "adding" else "cross_entropy", **settings).fit(x, y)
    assert_same(tmp_path / "ours", tmp_path / "theirs")


def test_a_student_is_the_same_in_both(archive, theirs, tmp_path):
    x, y, path = archive
    teacher = theirs / "model.safetensors"
    settings = {"hidden": 4, "epochs": 2, "input_rank": 2, "state_rank": 3, "alpha": 0.7}
    call("distill", "--teacher", teacher, "--data", path, "--state", tmp_path / "theirs",
         *flags(settings))
    Router(state=tmp_path / "ours", **settings).distill(x, y, teacher)
    assert_same(tmp_path / "ours", tmp_path / "theirs")


def test_smaller_models_are_the_same_files(theirs, tmp_path):
    model = theirs / "model.safetensors"
    call("quantize", "--model", model, "--out", tmp_path / "q")
    call("prune", "--model", model, "--keep-share", 0.4, "--out", tmp_path / "p")
    router = Router.load(model)
    router.quantize().save(tmp_path / "own-q")
    router.prune(0.4).save(tmp_path / "own-p")
    assert (tmp_path / "own-q").read_bytes() == (tmp_path / "q").read_bytes()
    assert (tmp_path / "own-p").read_bytes() == (tmp_path / "p").read_bytes()
    about = json.loads(call("inspect", "--model", tmp_path / "q", "--json"))
    small = Router.load(tmp_path / "q")
    assert (small.parameter_count_, small.parameter_bytes_, small.is_int8_) == (
        about["parameters"], about["bytes"], about["int8"])
    for name, weights in small.get_weights().items():
        assert np.count_nonzero(weights == 0) == about["tensors"][name]["zeros"]


@pytest.mark.parametrize("is_small", [False, True])
def test_measures_and_predictions_are_the_same(digits, theirs, tmp_path, is_small):
    x, y = digits.held_out
    np.savez(tmp_path / "test.npz", x=x, y=y)
    router = Router.load(theirs / "model.safetensors")
    if is_small:
        router = router.quantize()
    router.save(tmp_path / "m")
    answer = json.loads(call("evaluate", "--model", tmp_path / "m", "--data", tmp_path / "test.npz",
                             "--calibrate", "--cost-wrong", 5, "--out", tmp_path / "m2", "--json"))
    assert router.calibrate(x, y) == answer["calibration_temperature"]
    evaluation = router.evaluate(x, y)
    assert (evaluation.loss, evaluation.accuracy, evaluation.auc, evaluation.calibration_error,
            evaluation.majority_share) == tuple(
        answer[n] for n in ("loss", "accuracy", "auc", "calibration_error", "majority_class"))
    decision = router.choose_threshold(x, y, 5)
    assert tuple(decision) == tuple(answer[name] for name in (
        "threshold", "cost", "light_share", "cost_always_light", "cost_always_strong"))
    risky = json.loads(call("evaluate", "--model", tmp_path / "m2", "--data", tmp_path / "test.npz",
                            "--risk", 0.02, "--json"))
    within = copy.deepcopy(router).choose_threshold_within(x, y, 0.02)
    assert (within.threshold, within.light / len(x)) == (risky["threshold"], risky["light_share"])
    router.save(tmp_path / "own-m2")
    assert (tmp_path / "own-m2").read_bytes() == (tmp_path / "m2").read_bytes()
    table = call("predict", "--model", tmp_path / "m2", "--data", tmp_path / "test.npz")
    rows = np.genfromtxt(io.StringIO(table), delimiter=",", skip_header=1, dtype=None,
                         encoding="ascii")
    assert np.allclose([row[0] for row in rows], router.predict_proba(x)[:, 1], atol=1e-6)
    assert np.allclose([row[1] for row in rows], router.uncertainty(x), atol=1e-6)
    assert [row[2] == "light" for row in rows] == router.decide(x).tolist()


@pytest.mark.parametrize("precision", ["double", "single"])
def test_gradients_are_the_same(digits, theirs, tmp_path, precision):
    x, y = digits.held_out[0][:20] / 3, digits.held_out[1][:20]
    told = np.linspace(-1, 1, 20).reshape(-1, 1)
    np.savez(tmp_path / "batch.npz", x=x, y=y, teacher_logits=told)
    model = theirs / "model.safetensors"
    call("gradients", "--model", model, "--data", tmp_path / "batch.npz", "--out", tmp_path / "g",
         "--alpha", 0.3, "--temperature", 2, "--l2", 0.01, "--clip-by", "norm", "--clip", 0.5,
         *(["--double"] if precision == "double" else []))
    made = Router.load(model).gradients(x, y, teacher_logits=told, alpha=0.3, temperature=2,
                                        l2=0.01, clip_by="norm", clip=0.5, precision=precision)
    file = (tmp_path / "g").read_bytes()
    length = int.from_bytes(file[:8], "little")
    header = json.loads(file[8:8 + length])
    for name, array in {**made.gradients, "logits": made.logits,
                        "loss": np.array([made.loss])}.items():
        begin, end = (8 + length + at for at in header[name]["data_offsets"])
        assert array.tobytes() == file[begin:end], name
        assert header[name]["shape"] == list(array.shape)


def test_directories_with_a_run_are_kept_apart(archive, theirs, tmp_path):
    x, y, _ = archive
    before = newest(theirs)
    with pytest.raises(OSError, match="already holds a run .*; add resume to go on"):
        Router(state=theirs, **SETTINGS).fit(x, y)
    with pytest.raises(ValueError, match="epochs: a resumed run goes on as it began"):
        Router.resume(theirs, epochs=9)
    with pytest.raises(FileNotFoundError, match="state"):
        Router.resume(tmp_path / "nothing")
    with pytest.raises(kiln.CheckpointError, match="its workload is 'router', and this trains"):
        kiln.Trainer(theirs, resume=True)
    with kiln.Trainer(tmp_path / "othello", games=32, memory="400MB", compress=True) as trainer:
        trainer.save()
        with pytest.raises(OSError, match="another kiln is training in"):
            Router(state=tmp_path / "othello", **SETTINGS).fit(x, y)
    with pytest.raises(kiln.CheckpointError, match="its workload is 'othello'"):
        Router.resume(tmp_path / "othello")
    assert newest(theirs) == before
