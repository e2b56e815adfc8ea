"""What the tests of the Python package share.

KILN names the command to compare with; PYTHONPATH has the package.
"""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import kiln

ROOT = Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("KILN", str(ROOT / "build" / "dev" / "kiln"))

# A run of a second. Checkpoints of so few games are small when they are compressed.
SMALL = {
    "games": 128,
    "epoch_games": 32,
    "exact_empties": 6,
    "memory": "400MB",
    "table_mib": 2,
    "trials_every": 0,
    "checkpoint_every": 0,
    "compress": True,
    "workers": 2,
}


def flags_of(settings):
    """Keyword arguments as the command's flags."""
    flags = []
    for name, value in settings.items():
        flag = "--" + name.strip("_").replace("_", "-")
        if value is True:
            flags.append(flag)
        elif value is not False and value is not None:
            flags += [flag, str(value)]
    return flags


@pytest.fixture
def make(tmp_path):
    """Makes small trainers, and closes them when the test is over."""
    made = []

    def make_trainer(state="run", **settings):
        trainer = kiln.Trainer(tmp_path / state, **{**SMALL, **settings})
        made.append(trainer)
        return trainer

    yield make_trainer
    for trainer in made:
        trainer.close()


@pytest.fixture
def command(tmp_path):
    """Trains with the command."""

    def train(state="run", **settings):
        done = subprocess.run(
            [COMMAND, "train", "--state", str(tmp_path / state),
             *flags_of({**SMALL, **settings})],
            capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done

    return train


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A state directory with a model that has learned a little."""
    state = tmp_path_factory.mktemp("trained") / "run"
    with kiln.Trainer(state, **{**SMALL, "games": 256, "trials_every": 128}) as trainer:
        trainer.start_training()
        trainer.wait()
    return state


def newest(folder):
    """The contents of a directory's newest checkpoint."""
    return max(Path(folder).glob("game-*.ckpt")).read_bytes()


class Digits(NamedTuple):
    """Handwritten digits, 8 rows of 8 numbers, as scikit-learn has them; a quarter held out."""

    learned_from: tuple
    held_out: tuple
    learned_from_ten: tuple
    held_out_ten: tuple

    @property
    def flat(self):
        x, y = self.learned_from
        return x.reshape(len(x), -1), y


@pytest.fixture(scope="session")
def digits():
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(7).permutation(len(data.target))
    test, train = order[: len(order) // 4], order[len(order) // 4 :]
    x, ten = data.images, data.target
    two = (ten >= 5).astype(int)
    return Digits((x[train], two[train]), (x[test], two[test]), (x[train], ten[train]),
                  (x[test], ten[test]))


@pytest.fixture(scope="session")
def learned(digits):
    """A router that knows whether a digit is 5 or more. Nobody may change it."""
    from kiln.router import Router

    return Router(hidden=32, epochs=40, rate=0.01, l2=3e-4).fit(*digits.learned_from)
