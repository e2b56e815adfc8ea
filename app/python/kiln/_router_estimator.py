"""What makes kiln.router.Router an estimator of scikit-learn's kind, and what its methods share."""

from __future__ import annotations

import inspect
import os
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kiln import _kiln
from kiln import _router_arrays as arrays
from kiln._router_types import Epoch, NotFittedError

Self = TypeVar("Self", bound="Estimator")


class Estimator:
    """What kiln.router.Router is made of. Everything here but its public names is for it alone."""

    loss: str
    normalise: bool
    state: str | os.PathLike[str] | None
    validation: float
    classes_: npt.NDArray[Any]
    n_features_in_: int
    n_steps_: int
    n_iter_: int
    history_: list[Epoch]

    _fitted: _kiln.RouterModel | None = None

    # Parameters

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name, as they were given. deep: for scikit-learn; nothing is nested."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self: Self, **params: Any) -> Self:
        """Changes parameters for the next :meth:`fit`. ValueError for one that there is not."""
        names = self._parameter_names()
        for name in params:
            if name not in names:
                raise ValueError(
                    f"{name}: there is no such parameter; there are {', '.join(names)}"
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        standard = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        given = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not standard[name] and value != standard[name]
        )
        return f"{type(self).__name__}({', '.join(given)})"

    # What scikit-learn asks

    @property
    def _estimator_type(self) -> str:
        return "regressor" if self.loss == "squared_error" else "classifier"

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def __sklearn_tags__(self) -> Any:  # from scikit-learn 1.6 on
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        is_classifier = self._estimator_type == "classifier"
        return Tags(
            estimator_type=self._estimator_type,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if is_classifier else None,
            regressor_tags=None if is_classifier else RegressorTags(),
            input_tags=InputTags(two_d_array=True, three_d_array=True),
        )

    # Copies and pickles: the model goes as the file it would be.

    def __getstate__(self) -> dict[str, Any]:
        kept = dict(self.__dict__)
        if self._fitted is not None:
            kept["_fitted"] = self._fitted.file()
        return kept

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__.update(kept)
        if self._fitted is not None:
            self._fitted = _kiln.RouterModel.parse(kept["_fitted"])

    # The model

    @property
    def calibration_(self) -> float:
        """What logits are divided by before they become probabilities; 1 if none was fitted."""
        return self._model().calibration

    @property
    def threshold_(self) -> float:
        """The probability of the second class from which decide() says True; at first 0.5."""
        return self._model().threshold

    @property
    def parameter_count_(self) -> int:
        """Parameters, zeros included."""
        return self._model().parameter_count

    @property
    def parameter_bytes_(self) -> int:
        """Bytes of the parameters, and of the scales of whole numbers, in a file."""
        return self._model().parameter_bytes

    @property
    def is_int8_(self) -> bool:
        """Whether weights are whole numbers of eight bits."""
        return self._model().is_int8

    def _model(
        self, *, of_classes: bool = False, of_two_classes: bool = False
    ) -> _kiln.RouterModel:
        model = self._fitted
        if model is None:
            raise NotFittedError("this router has learned nothing; call fit() first")
        if (of_classes or of_two_classes) and model.is_number:
            raise ValueError("this router gives a number and no class (loss 'squared_error')")
        if of_two_classes and model.outputs != 1:
            raise ValueError(
                f"this router has {model.outputs} classes; a threshold takes two"
            )
        return model

    def _take(
        self,
        model: _kiln.RouterModel,
        classes: npt.NDArray[Any] | None,
        history: list[Epoch],
    ) -> None:
        note = None if classes is None else arrays.as_note(classes)
        if note is not None:
            model.set_note("classes", note)
        if classes is not None:
            self.classes_ = classes
        self.n_features_in_, self.n_steps_ = model.inputs, model.steps
        self.history_, self.n_iter_ = history, len(history)
        self._fitted = model

    @classmethod
    def _classes_of(
        cls, model: _kiln.RouterModel, note: str | None
    ) -> npt.NDArray[Any] | None:
        if model.is_number:
            return None
        return arrays.from_note(note, 2 if model.outputs == 1 else model.outputs)

    @classmethod
    def _of_model(cls: type[Self], model: _kiln.RouterModel) -> Self:
        known = {
            "hidden": model.hidden,
            "input_rank": model.input_rank,
            "state_rank": model.state_rank,
            "normalise": model.is_normalised,
            "loss": "squared_error" if model.is_number else "cross_entropy",
        }
        made = cls(**known)
        made._take(model, cls._classes_of(model, model.note("classes")), [])
        return made

    def _with(self: Self, model: _kiln.RouterModel) -> Self:
        """The same, with another model."""
        made = type(self)(**self.get_params())
        made._take(model, getattr(self, "classes_", None), self.history_)
        return made

    # Data

    def _inputs(self, X: npt.ArrayLike, precision: type[np.floating[Any]] = np.float32) -> Any:
        model = self._model()
        x = arrays.sequences("X", X, precision)
        if x.shape[1:] != (model.steps, model.inputs):
            takes = f"(N, {model.steps}, {model.inputs})"
            if model.steps == 1:
                takes = f"(N, {model.inputs})"
            raise ValueError(f"X: its shape is {np.shape(X)}; this router takes {takes}")
        return x

    def _labels(self, y: npt.ArrayLike, samples: int) -> arrays.Floats:
        if self._model().is_number:
            targets: arrays.Floats = arrays.numbers("y", y, samples)
            return targets
        return arrays.class_numbers("y", y, samples, self.classes_)

    def _pairs(self, X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[arrays.Floats, arrays.Floats]:
        x = self._inputs(X)
        return x, self._labels(y, len(x))
