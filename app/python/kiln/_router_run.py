"""A router's run, driven from Python: parts of it, until it ends.

What app/python/training.hpp calls a part is here some hundred epochs: so many as the library's
queue of reports has room for, so that none is lost while a callback takes its time.
"""

from __future__ import annotations

from typing import Any

from kiln import _kiln
from kiln._parts import remember
from kiln._router_types import Epoch, Progress
from kiln._teller import log

_EPOCHS_A_PART = 256
_LOOK_S = 0.1  # so long may pass before Python hears of a signal


def follow(training: _kiln.Training, progress: Progress | None) -> list[Epoch]:
    """Trains to the end and saves. What a callback raises, or Ctrl-C, is raised after a save.

    The run is closed then, whatever happened.
    """
    run = _Run(training, progress)
    try:
        try:
            run.train()
        except BaseException:
            training.stop()
            run.progress = None
            run.drain()
            run.save()
            raise
        run.save()
    finally:
        training.close()
    return run.history


class _Run:
    def __init__(self, training: _kiln.Training, progress: Progress | None) -> None:
        remember(training)
        settings = training.settings()
        self.training = training
        self.progress = progress
        self.epochs = int(settings["epochs"])
        self.target = int(settings["games"])
        self.history: list[Epoch] = []
        self.has_ended = False

    def train(self) -> None:
        """An epoch of the settings is so many tickets; a part ends where an epoch does."""
        of_part = self.target // self.epochs * _EPOCHS_A_PART
        while not self.has_ended:
            before = self.training.games()
            if before >= self.target:
                break
            self.training.begin(min(before - before % of_part + of_part, self.target), [])
            while not self.look():
                pass
            self.training.end()
            if self.training.games() == before:
                break  # a run that had ended early already

    def look(self) -> bool:
        is_over, _, entries, _ = self.training.look(_LOOK_S)
        for severity, event, text, fields in entries:
            log(severity, event, text)
            if event == "epoch":
                epoch = self._epoch(fields)
                self.history.append(epoch)
                if self.progress is not None:
                    self.progress(epoch)
            self.has_ended = self.has_ended or event == "training_ended"
        return is_over

    def drain(self) -> None:
        while not self.look():
            pass
        self.training.end()

    def save(self) -> None:
        self.training.begin_save()
        self.drain()

    def _epoch(self, fields: dict[str, Any]) -> Epoch:
        return Epoch(
            fields["epoch"],
            self.epochs,
            self.training.seconds(),
            fields["training_loss"],
            fields["training_accuracy"],
            fields["rate"],
            fields["gradient_norm"],
            fields.get("loss"),
            fields.get("accuracy"),
            fields.get("auc"),
            fields.get("calibration_error"),
            fields["is_best"],
        )
