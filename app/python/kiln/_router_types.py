"""What kiln.router answers with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class NotFittedError(ValueError, AttributeError):
    """The router has learned nothing yet."""


class Epoch(NamedTuple):
    """A pass over the training samples: what a progress callback is called with."""

    #: Counted from 1.
    epoch: int
    #: That there may be.
    epochs: int
    #: Training of this process so far.
    seconds: float
    #: Mean over the batches, as they were before each step.
    training_loss: float
    training_accuracy: float
    #: The learning rate.
    rate: float
    #: Mean norm of the batches' gradients, before clipping.
    gradient_norm: float
    #: Log-loss on the validation samples, or the squared error; this and the following are None
    #: without validation samples.
    loss: float | None
    accuracy: float | None
    auc: float | None
    calibration_error: float | None
    #: Whether the loss is the least so far: the weights of the best epoch are kept.
    is_best: bool


class Evaluation(NamedTuple):
    """A router on data, with its probabilities as they are calibrated."""

    samples: int
    #: Mean log-loss; of a router that gives numbers, the mean squared error.
    loss: float
    #: Share that is right, 0 to 1; 0 for numbers, as the following two mean nothing then.
    accuracy: float
    #: Area under the receiver's operating curve; of several classes the mean of each against the
    #: others.
    auc: float
    #: Expected calibration error, ten bins.
    calibration_error: float
    #: The accuracy of always naming the most frequent class: a control.
    majority_share: float


class Decision(NamedTuple):
    """A threshold of least cost, and what it costs on the data that it was chosen on."""

    #: The second class (the light path) is decided for from this probability on.
    threshold: float
    #: Mean a sample.
    cost: float
    #: Share of the samples that take the light path.
    light_share: float
    #: What it would cost if all of them took the light path ...
    always_light: float
    #: ... or none.
    always_strong: float


class RiskDecision(NamedTuple):
    """A threshold within a risk, and what it does on the data that it was chosen on."""

    #: The second class (the light path) is decided for from this probability on; above 1 where
    #: no threshold keeps within the risk.
    threshold: float
    #: Samples that take the light path ...
    light: int
    #: ... and those of the first class among them.
    wrong: int


class Gradients(NamedTuple):
    """The gradient of a loss by every parameter."""

    #: Mean over the samples, and the regulariser.
    loss: float
    #: [N, K].
    logits: npt.NDArray[np.floating[Any]]
    #: By tensor: W [H, D] or W1 [H, r] and W2 [D, r], U [H, H] or U1 and U2, b_gate and b_update
    #: [H], zeta and nu [1] (before the logistic function), head_weight [K, H], head_bias [K].
    gradients: dict[str, npt.NDArray[np.floating[Any]]]


#: Called after each epoch.
Progress = Callable[[Epoch], object]
