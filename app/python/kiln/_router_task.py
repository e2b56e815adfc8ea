"""Generated tasks, the same as those of ``kiln router --task``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kiln import _kiln
from kiln import _router_arrays as arrays
from kiln._settings import as_texts, router_settings


def make_task(
    name: str, samples: int = 10_000, steps: int = 100, *, seed: int = 1
) -> tuple[arrays.Floats, npt.NDArray[Any]]:
    """A generated task that shows whether something is remembered: X [N, T, D] and y [N].

    Args:
        name: "adding" (the sum of two marked values, a number; D is 2; chance has a squared error
            of 1/6), "latch" (the sign of the first input, then noise) or "parity" (of bits; a
            negative control).
        samples: N, 1 to 2**24.
        steps: T, 2 to 10,000.
        seed: equal seeds give equal tasks, and those of ``kiln router --task NAME --task-seed``.

    Raises:
        ValueError, TypeError: an argument is not allowed.
    """
    if name not in ("adding", "latch", "parity"):
        raise ValueError(f"name: {name!r} is not allowed; it takes adding, latch or parity")
    count = int(arrays.share("samples", samples, 1, 2**24))
    length = int(arrays.share("steps", steps, 2, 10_000))
    (text,) = as_texts({"seed": seed}, {"seed": router_settings()["seed"]})
    if not 0 <= int(text[1]) < 2**64:
        raise ValueError(f"seed: {seed} is not allowed; it takes a whole number from 0 to 2**64-1")
    x, y = _kiln.make_task(name, count, length, int(text[1]))
    return x, (y if name == "adding" else y.astype(np.int64))
