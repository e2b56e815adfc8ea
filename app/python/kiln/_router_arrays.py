"""What goes into a router as arrays: checked, and put as the library takes it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from kiln import _kiln
from kiln._types import CheckpointError

Floats = npt.NDArray[np.float32]

_TEXT = ("U", "S")
_STEPS_MAX = 65_535
_SAMPLES_MAX = 2**28


def sequences(name: str, values: Any, precision: type[np.floating[Any]] = np.float32) -> Any:
    """An array of shape (N, T, D) of that precision, from (N, T, D) or (N, D)."""
    array = _numbers(name, values)
    if array.ndim not in (2, 3):
        raise ValueError(f"{name}: its shape is {array.shape}; it takes (N, D) or (N, T, D)")
    if array.size == 0:
        raise ValueError(
            f"{name}: its shape is {array.shape}; it takes at least one sample, step and number"
        )
    whole = array.reshape(array.shape[0], -1, array.shape[-1])
    for size, what, most in zip(
        whole.shape, ("samples", "steps", "numbers a step"), (_SAMPLES_MAX, _STEPS_MAX,
                                                              _kiln.INPUTS_MAX)
    ):
        if size > most:
            raise ValueError(f"{name}: it has {size} {what}; at most {most} are allowed")
    return _finite(name, whole, precision)


def numbers(
    name: str, values: Any, samples: int, precision: type[np.floating[Any]] = np.float32
) -> Any:
    """An array of shape (N,) of that precision."""
    return _finite(name, _of_samples(name, _numbers(name, values), samples), precision)


def teacher_logits(
    name: str,
    values: Any,
    samples: int,
    outputs: int,
    precision: type[np.floating[Any]] = np.float32,
) -> Any:
    """An array of shape (N, K) of that precision; (N,) too if K is 1."""
    array = _numbers(name, values)
    if array.shape == (samples,) and outputs == 1:
        array = array.reshape(-1, 1)
    if array.shape != (samples, outputs):
        raise ValueError(
            f"{name}: its shape is {array.shape}; it takes ({samples}, {outputs}), "
            + ("the logits of the second class" if outputs == 1 else "a logit a class")
        )
    return _finite(name, array, precision)


def labels(name: str, values: Any, samples: int) -> npt.NDArray[Any]:
    """An array of shape (N,) of anything that can be a class."""
    array = _of_samples(name, _array(name, values), samples)
    if array.dtype.kind == "O" and all(isinstance(value, str) for value in array):
        array = array.astype(str)
    if array.dtype.kind not in "biufUS":
        raise ValueError(
            f"{name}: its type is {array.dtype}; it takes classes as whole numbers or text"
        )
    if array.dtype.kind == "f":
        wrong = ~np.isfinite(array)
        wrong[~wrong] = array[~wrong] % 1 != 0
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ValueError(
                f"{name}: {array[at]} at [{at}] is not allowed; it takes classes as whole numbers "
                "or text"
            )
    return array


def class_numbers(
    name: str, values: Any, samples: int, classes: npt.NDArray[Any]
) -> Floats:
    """The places in `classes` of the labels."""
    array = labels(name, values, samples)
    if (array.dtype.kind in _TEXT or classes.dtype.kind in _TEXT) and (
        array.dtype.kind != classes.dtype.kind
    ):
        places, found = np.zeros(samples, np.intp), np.zeros(samples, bool)  # not to be compared
    else:
        places = np.searchsorted(classes, array)
        found = classes[np.minimum(places, len(classes) - 1)] == array
    if not found.all():
        at = int(np.argmin(found))
        raise ValueError(
            f"{name}: {array[at]!r} at [{at}] is not allowed; the classes are {classes.tolist()}"
        )
    return places.astype(np.float32)


def as_note(classes: npt.NDArray[Any]) -> str | None:
    """Classes as text, to be kept with a model; None for 0, 1, 2 ..., which need not be told."""
    if classes.dtype.kind in "iuf" and np.array_equal(classes, np.arange(len(classes))):
        return None
    values = classes.astype(str).tolist() if classes.dtype.kind == "S" else classes.tolist()
    return json.dumps({"type": classes.dtype.str, "classes": values})


def from_note(text: str | None, count: int) -> npt.NDArray[Any]:
    """The classes of a model. CheckpointError if the text is none of ours."""
    if text is None:
        return np.arange(count)
    try:
        kept = json.loads(text)
        dtype = np.dtype(kept["type"])
        classes: npt.NDArray[Any] = np.array(kept["classes"], dtype=dtype)
    except (ValueError, TypeError, KeyError):
        classes = np.empty(0)
    if classes.shape != (count,) or classes.dtype.kind not in "biufUS":
        raise CheckpointError(
            f"the model's classes are {text!r}; they take {count} values and a type"
        )
    return classes


def share(name: str, value: Any, low: float, high: float) -> float:
    """A number in a range."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(
            f"{name}: {value!r} is of type {type(value).__name__}; it takes a number from {low:g} "
            f"to {high:g}"
        )
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(
            f"{name}: {value} is not allowed; it takes a number from {low:g} to {high:g}"
        )
    return number


def _array(name: str, values: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name}: {error}; it takes an array") from None


def _numbers(name: str, values: Any) -> npt.NDArray[Any]:
    array = _array(name, values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: its type is {array.dtype}; it takes whole or real numbers")
    return array


def _of_samples(name: str, array: npt.NDArray[Any], samples: int) -> npt.NDArray[Any]:
    if array.shape != (samples,):
        raise ValueError(
            f"{name}: its shape is {array.shape}; it takes ({samples},), one for each sample of X"
        )
    return array


def _finite(name: str, array: npt.NDArray[Any], precision: type[np.floating[Any]]) -> Any:
    with np.errstate(over="ignore"):
        made = np.ascontiguousarray(array, dtype=precision)
    is_finite = np.isfinite(made)
    if not is_finite.all():
        at = tuple(int(i) for i in np.argwhere(~is_finite)[0])
        where = ", ".join(map(str, at))
        raise ValueError(
            f"{name}: {array[at]} at [{where}] is not allowed; it takes finite numbers of "
            f"{8 * made.itemsize} bits"
        )
    return made
