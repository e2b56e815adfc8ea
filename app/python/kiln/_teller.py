"""What a part of a run tells while it goes on, and its figures."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kiln import _kiln
from kiln._types import Progress, Statistics

Callback = Callable[[Progress], object]

logger = logging.getLogger("kiln")

_LOOK_S = 0.1  # so long may pass before Python hears of a signal


class Teller:
    """Turns what a part tells into calls of the progress callback, and into log records."""

    def __init__(
        self,
        training: _kiln.Training,
        progress: Callback | None,
        every: int,
        target: int,
    ) -> None:
        self._training = training
        self._progress = progress
        self._every = every
        self._target = target
        self._next = (training.games() // every + 1) * every
        self._totals = training.totals()
        #: What the log said of the last checkpoint that could not be written.
        self.failed_save: str | None = None

    def look(self) -> bool:
        """Waits a moment. True: the part is over, and all of it told."""
        is_over, absorbed, entries, milestones = self._training.look(_LOOK_S)
        for severity, event, text, _ in entries:
            log(severity, event, text)
            if event == "checkpoint_failed":
                self.failed_save = text
        if self._progress is not None:
            for games, totals in milestones:
                self._tell(games - 1)
                self._totals = totals
            self._tell(absorbed)
        return is_over

    def _tell(self, games: int) -> None:
        """Calls for every multiple up to that game."""
        while self._next <= games and self._progress is not None:
            seconds = self._training.seconds()
            at, self._next = self._next, self._next + self._every
            self._progress(Progress(at, self._target, seconds, statistics(self._totals, seconds)))


_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def log(severity: str, event: str, text: str) -> None:
    """A line of the run's log, to Python's too."""
    logger.log(_LEVELS[severity], "%s", text, extra={"kiln_event": event})


def whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"{name}: {value!r} is of type {type(value).__name__}; it takes a whole number from 1"
        )
    number: int = value.__index__()
    if number < 1 or number > 10**12:
        raise ValueError(f"{name}: {number} is not allowed; it takes a whole number from 1 to 1e12")
    return number


def difference(
    totals: tuple[int, int, int, int, int], before: tuple[int, int, int, int, int]
) -> tuple[int, int, int, int, int]:
    games, black, white, discs, moves = (a - b for a, b in zip(totals, before))
    return games, black, white, discs, moves


def statistics(totals: tuple[int, int, int, int, int], seconds: float) -> Statistics:
    games, black, white, discs, moves = totals
    some = max(games, 1)
    return Statistics(
        games, black, white, games - black - white, discs / some, moves / some, seconds
    )
