"""kiln.router: a tiny recurrent classifier (FastGRNN) that decides which way a request goes.

    from kiln.router import Router

    router = Router(hidden=16, epochs=50, rate=0.01).fit(X, y)   # X [N, T, D] or [N, D], y [N]
    router.predict_proba(X_new)
    router.quantize().save("small.safetensors")

The same library as ``kiln router``, and the same bytes from the same data, seed and settings: each
goes on with the other's runs and reads the other's models. Estimators have scikit-learn's habits
(get_params, clone, cross-validation); scikit-learn itself is not needed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kiln import _kiln
from kiln import _router_arrays as arrays
from kiln._router_estimator import Estimator
from kiln._router_run import follow
from kiln._router_task import make_task
from kiln._router_types import (
    Decision,
    Epoch,
    Evaluation,
    Gradients,
    NotFittedError,
    Progress,
    RiskDecision,
)
from kiln._settings import Setting, as_texts, router_settings

__all__ = [
    "Decision",
    "Epoch",
    "Evaluation",
    "Gradients",
    "NotFittedError",
    "RiskDecision",
    "Router",
    "make_task",
    "settings",
]

_CLASSES_FILE = "classes.json"
_OWN = ("validation", "normalise", "loss", "state")  # parameters that are no settings of a run
_DECIDES_NOTHING = frozenset(
    {"state", "workers", "memory", "checkpoint_every", "keep", "compress", "log_level"}
)
_LOSSES = ("cross_entropy", "squared_error")
_CLIPPINGS = ("none", "norm", "value")


def settings() -> dict[str, Setting]:
    """What the parameters of :class:`Router` mean and may be, by name, with their defaults."""
    return router_settings()


class Router(Estimator):
    """A FastGRNN classifier of sequences, trained by back-propagation through time with Adam.

    Args:
        hidden: numbers in the state. This and those that follow are settings of a run, those of
            ``kiln router train``; :func:`settings` tells what each means and may be, and None is
            its default there.
        alpha: weight of a teacher, 0 to 1; without one it must be left out.
        keep_share: below 1 the model is pruned while it learns, in three stages.
        horizon: steps that something has to be remembered for.
        validation: share of each class that is not learned from but measured on, 0 to 0.9. The
            weights of the epoch that does best there are kept. 0: the last ones.
        normalise: whether inputs are put to mean 0 and deviation 1, as the training samples are.
            Mean and deviation are kept with the model.
        workers: threads that learn, 1 if not given: most batches are too small to be shared, and
            the program around has other uses for its processors. They decide nothing.
        loss: "cross_entropy" for classes, or "squared_error" for a number.
        state: directory for the run's checkpoints, data, log and ``model.safetensors``. It must
            not hold a run yet; one that was interrupted goes on with :meth:`resume`. None: a
            temporary one, and an interrupted run is lost.

    Attributes, once fitted:
        classes_: the labels, sorted. n_features_in_: D. n_steps_: T.
        history_: an :class:`Epoch` for each that was trained here. n_iter_: how many.
        calibration_: what logits are divided by before they become probabilities.
        threshold_: the probability of the second class from which :meth:`decide` says True.
        parameter_count_, parameter_bytes_: parameters, and their bytes (scales included).
        is_int8_: whether weights are whole numbers of eight bits.

    A router may be used by several threads at the same time once it is fitted, can be pickled, and
    works in the child of a fork.
    """

    def __init__(
        self,
        *,
        hidden: int | None = None,
        input_rank: int | None = None,
        state_rank: int | None = None,
        epochs: int | None = None,
        batch: int | None = None,
        rate: float | None = None,
        decay_factor: float | None = None,
        decay_every: int | None = None,
        patience: int | None = None,
        l2: float | None = None,
        clip_by: str | None = None,
        clip: float | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        adam_epsilon: float | None = None,
        alpha: float | None = None,
        temperature: float | None = None,
        keep_share: float | None = None,
        prune_every: int | None = None,
        horizon: int | None = None,
        deviation: float | None = None,
        gate_bias: float | None = None,
        update_bias: float | None = None,
        zeta: float | None = None,
        nu: float | None = None,
        seed: int | None = None,
        validation: float = 0.2,
        normalise: bool = True,
        loss: str = "cross_entropy",
        state: str | os.PathLike[str] | None = None,
        checkpoint_every: int | None = None,
        keep: int | None = None,
        compress: bool | None = None,
        workers: int | None = None,
        memory: int | str | None = None,
        log_level: str | None = None,
    ) -> None:
        given = dict(locals())
        for name in self._parameter_names():
            setattr(self, name, given[name])

    # Learning

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, *, progress: Progress | None = None
    ) -> Router:
        """Learns from sequences and their labels, on threads of its own, without Python's lock.

        Args:
            X: (N, T, D) or (N, D), whole or real numbers; they are taken as float32.
            y: (N,), classes as whole numbers, bools or text; two or more. For "squared_error" real
                numbers.
            progress: called with an :class:`Epoch` after each. What it raises stops the run and
                is raised here.

        Returns:
            The router itself.

        Raises:
            ValueError, TypeError: an array or a parameter is not allowed; the line names it, its
                value and what is.
            OSError: the state directory cannot be used, or holds a run already.
            MemoryError: the system does not grant the memory or the threads.
            KeyboardInterrupt: on Ctrl-C, after a checkpoint if there is a state directory.
        """
        return self._learn(X, y, None, progress)

    def distill(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        teacher: Router | str | os.PathLike[str] | npt.ArrayLike,
        *,
        progress: Progress | None = None,
    ) -> Router:
        """Learns from labels and from what a larger model says, with weight ``alpha`` (0.5).

        Args:
            X, y, progress: as in :meth:`fit`.
            teacher: a fitted router, the path of one, or its logits: (N, K), or (N, 1) or (N,) of
                the second of two classes.

        Raises:
            As :meth:`fit`; CheckpointError if the teacher's file is damaged.
        """
        return self._learn(X, y, teacher, progress)

    def _learn(
        self, X: npt.ArrayLike, y: npt.ArrayLike, teacher: object, progress: Progress | None
    ) -> Router:
        texts, share, normalise = self._checked()
        x = arrays.sequences("X", X)
        guide = Router.load(teacher) if isinstance(teacher, (str, os.PathLike)) else teacher
        classes, targets = self._targets(y, len(x), guide)
        outputs = 0 if classes is None else 1 if len(classes) == 2 else len(classes)
        logits = None if guide is None else self._told_by(guide, X, len(x), max(outputs, 1))
        with self._directory() as state:
            training = _kiln.train_router(
                [*texts, ("state", state), ("no_pin", "true")], x, targets, logits, outputs, share,
                normalise,
            )
            note = None if classes is None else arrays.as_note(classes)
            if note is not None:
                Path(state, _CLASSES_FILE).write_text(note)
            history = follow(training, progress)
            self._take(_kiln.RouterModel.of_run(state), classes, history)
            if self.state is not None:
                self.save(Path(state, "model.safetensors"))
        return self

    def _checked(self) -> tuple[list[tuple[str, str]], float, bool]:
        """The settings of the run as text, and what prepares its data."""
        given = {n: v for n, v in self.get_params().items() if n not in _OWN}
        if self.state is None and given["checkpoint_every"] is None:
            given["checkpoint_every"] = 0  # nobody goes on with it
        if given["workers"] is None:
            given["workers"] = 1
        if self.loss not in _LOSSES:
            raise ValueError(
                f"loss: {self.loss!r} is not allowed; it takes {' or '.join(_LOSSES)}"
            )
        if not isinstance(self.normalise, bool):
            raise TypeError(
                f"normalise: {self.normalise!r} is of type {type(self.normalise).__name__}; it "
                "takes True or False"
            )
        share = arrays.share("validation", self.validation, 0, 0.9)
        return as_texts(given, settings()), share, self.normalise

    def _targets(
        self, y: npt.ArrayLike, samples: int, guide: object
    ) -> tuple[npt.NDArray[Any] | None, arrays.Floats]:
        """The classes, and the place of each label in them; or no classes, and numbers."""
        if self.loss == "squared_error":
            return None, arrays.numbers("y", y, samples)
        if isinstance(guide, Router):
            guide._model(of_classes=True)
            classes = guide.classes_
        else:
            classes = np.unique(arrays.labels("y", y, samples))
        if not 2 <= len(classes) <= _kiln.OUTPUTS_MAX:
            raise ValueError(
                f"y: it has {len(classes)} class{'' if len(classes) == 1 else 'es'}; it takes 2 to "
                f"{_kiln.OUTPUTS_MAX}"
            )
        return classes, arrays.class_numbers("y", y, samples, classes)

    def _told_by(
        self, guide: object, X: npt.ArrayLike, samples: int, outputs: int
    ) -> arrays.Floats:
        if isinstance(guide, Router):
            return guide._model().logits(guide._inputs(X))
        logits: arrays.Floats = arrays.teacher_logits("teacher", guide, samples, outputs)
        return logits

    @contextlib.contextmanager
    def _directory(self) -> Iterator[str]:
        if self.state is not None:
            yield os.fsdecode(self.state)
            return
        with tempfile.TemporaryDirectory(prefix="kiln-router-") as folder:
            yield folder

    @classmethod
    def resume(
        cls,
        state: str | os.PathLike[str],
        *,
        progress: Progress | None = None,
        **changes: Any,
    ) -> Router:
        """Goes on with a run that was interrupted, here or under the command, to its end.

        Args:
            state: its directory, in which its data are.
            progress: as in :meth:`fit`.
            changes: parameters that decide nothing about the result: workers, memory,
                checkpoint_every, keep, compress, log_level.

        Returns:
            A fitted router, the same bytes as if the run had never been interrupted.

        Raises:
            ValueError, TypeError: a change is not allowed.
            OSError: there is no run, it is another workload's, or somebody is training it.
            CheckpointError: its newest checkpoint or its data are damaged.
        """
        for name in changes:
            if name not in _DECIDES_NOTHING or name == "state":
                raise ValueError(
                    f"{name}: a resumed run goes on as it began; it takes other "
                    f"{', '.join(sorted(_DECIDES_NOTHING - {'state'}))}"
                )
        directory = os.fsdecode(state)
        texts = as_texts({"workers": 1, **changes, "state": directory}, settings())
        training = _kiln.resume_router([*texts, ("resume", "true"), ("no_pin", "true")])
        values = training.settings()
        history = follow(training, progress)
        parameters: dict[str, Any] = {**_parameters_of(values), **changes, "state": state}
        made = cls(**parameters)
        model = _kiln.RouterModel.of_run(directory)
        made.normalise = model.is_normalised
        note = Path(directory, _CLASSES_FILE)
        made._take(model, made._classes_of(model, note.read_text() if note.exists() else None),
                   history)
        made.save(Path(directory, "model.safetensors"))
        return made

    # Using

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The most likely class of each sequence, (N,); of "squared_error" the number.

        Raises:
            ValueError: X is not as it was in training: (N, T, D), or (N, D) where T is 1.
            NotFittedError: nothing was learned yet.
        """
        model = self._model()
        logits = model.logits(self._inputs(X))
        if model.is_number:
            return logits[:, 0]
        places = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)
        chosen: npt.NDArray[Any] = self.classes_[places.astype(np.intp)]
        return chosen

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The probability of each class, (N, classes), as it is calibrated. Raises as predict()."""
        shares, _ = self._model(of_classes=True).probabilities(self._inputs(X))
        return np.hstack([1 - shares, shares]) if shares.shape[1] == 1 else shares

    def decision_function(self, X: npt.ArrayLike) -> arrays.Floats:
        """Logits before calibration: (N, classes), or (N,) of the second of two classes."""
        logits = self._model().logits(self._inputs(X))
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def uncertainty(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """How much is in doubt, (N,): the entropy of the probabilities, 0 to 1 at its largest."""
        return self._model(of_classes=True).probabilities(self._inputs(X))[1]

    def decide(self, X: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether each goes the light path (the second class), (N,): by :attr:`threshold_`."""
        shares, _ = self._model(of_two_classes=True).probabilities(self._inputs(X))
        light: npt.NDArray[np.bool_] = shares[:, 0] >= self.threshold_
        return light

    # Measuring

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """The accuracy; of "squared_error" the share of y's variance that is explained (R^2)."""
        x, targets = self._pairs(X, y)
        model = self._model()
        _, loss, accuracy, *_ = model.measure(x, targets)
        if not model.is_number:
            return accuracy
        variance = float(np.var(targets.astype(np.float64)))
        return 1 - loss / variance if variance > 0 else float(loss == 0)

    def evaluate(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Evaluation:
        """Loss, accuracy, AUC and calibration error, as ``kiln router evaluate`` gives them."""
        return Evaluation(*self._model().measure(*self._pairs(X, y)))

    def calibrate(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Fits :attr:`calibration_` to data that were not learned from, and returns it.

        It changes probabilities, not which class is the most likely one.
        """
        return self._model(of_classes=True).calibrate(*self._pairs(X, y))

    def choose_threshold(
        self, X: npt.ArrayLike, y: npt.ArrayLike, cost_wrong: float, cost_strong: float = 1
    ) -> Decision:
        """Chooses :attr:`threshold_` so that decisions on these data cost the least.

        Args:
            X, y: data that were not learned from, of two classes.
            cost_wrong: of the light path for a sample of the first class.
            cost_strong: of the strong path, for any sample; the light path is free.
        """
        costs = [arrays.share(name, cost, 0, 1e12)
                 for name, cost in (("cost_wrong", cost_wrong), ("cost_strong", cost_strong))]
        model = self._model(of_two_classes=True)
        return Decision(*model.choose_threshold(*self._pairs(X, y), *costs))

    def choose_threshold_within(
        self, X: npt.ArrayLike, y: npt.ArrayLike, risk: float
    ) -> RiskDecision:
        """Chooses :attr:`threshold_` for the most decisions for the light path within a risk.

        Args:
            X, y: data that were not learned from, of two classes.
            risk: the share of these decisions that may be wrong, 0 to 1. It is one of these data:
                on others it comes out higher or lower.
        """
        share = arrays.share("risk", risk, 0, 1)
        model = self._model(of_two_classes=True)
        return RiskDecision(*model.choose_threshold_within(*self._pairs(X, y), share))

    def gradients(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        teacher_logits: npt.ArrayLike | None = None,
        alpha: float = 0,
        temperature: float = 3,
        l2: float = 0,
        clip_by: str = "none",
        clip: float = 5,
        precision: str = "double",
    ) -> Gradients:
        """The loss on a batch and its gradients, for comparison with other frameworks.

        Args:
            X, y: a batch; X is taken as it is, **not** normalised.
            teacher_logits: (N, K), with weight ``alpha`` at ``temperature``.
            l2: adds l2 times the sum of the squares of every matrix.
            clip_by, clip: "none", by "norm" or by "value", and the limit.
            precision: "double" by the reference, "single" by the code that trains.
        """
        model = self._model()
        if precision not in ("double", "single"):
            raise ValueError(f"precision: {precision!r} is not allowed; it takes double or single")
        if clip_by not in _CLIPPINGS:
            raise ValueError(
                f"clip_by: {clip_by!r} is not allowed; it takes {', '.join(_CLIPPINGS)}"
            )
        real: Any = np.float64 if precision == "double" else np.float32
        options = (
            arrays.share("alpha", alpha, 0, 1),
            arrays.share("temperature", temperature, 0.01, 1000),
            arrays.share("l2", l2, 0, 100),
            clip_by,
            arrays.share("clip", clip, 1e-6, 1e6),
        )
        x = self._inputs(X, real)
        targets: Any = self._labels(y, len(x)).astype(real)
        told = None
        if teacher_logits is not None:
            told = arrays.teacher_logits(
                "teacher_logits", teacher_logits, len(x), model.outputs, real
            )
        elif options[0] > 0:
            raise ValueError("alpha: there is no teacher; give teacher_logits")
        compute: Any = model.gradients if precision == "double" else model.gradients_in_float
        return Gradients(*compute(x, targets, told, options))

    # Smaller models, and files

    def quantize(self) -> Router:
        """A router with weights of eight bits and a scale a row; low ranks are multiplied out."""
        return self._with(self._model().quantized())

    def prune(self, keep_share: float = 0.3) -> Router:
        """A router with that share of each of the cell's matrices, and zeros else.

        In one shot, without learning again; ``Router(keep_share=...)`` prunes in three stages.
        """
        kept = arrays.share("keep_share", keep_share, 0, 1)
        return self._with(self._model().pruned(kept))

    def get_weights(self) -> dict[str, arrays.Floats]:
        """A copy of every parameter, float32, by the names of :class:`Gradients`."""
        return self._model().weights()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model as safetensors, whole or not at all. Raises OSError."""
        self._model().save(os.fsdecode(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Router:
        """Reads a model of :meth:`save`, of ``kiln router``, or of another package.

        Raises:
            OSError: it cannot be read.
            CheckpointError: it is no model of a router.
        """
        return cls._of_model(_kiln.RouterModel.load(os.fsdecode(path)))


def _parameters_of(values: dict[str, str]) -> dict[str, Any]:
    """The parameters that a run's settings are."""
    to_value: dict[str, Callable[[str], Any]] = {"whole": int, "real": float}
    made = {
        name: to_value.get(setting.kind, str)(values[name])
        for name, setting in settings().items()
        if name not in _DECIDES_NOTHING
    }
    training, measured = int(values["router_training"]), int(values["router_validation"])
    made["validation"] = round(measured / (training + measured), 3)
    made["loss"] = values["router_loss"].replace("-", "_")
    return made
