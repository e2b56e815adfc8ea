"""Kiln: a training appliance, here for an Othello evaluation that teaches itself.

    import kiln

    with kiln.Trainer("state/first", games=20_000) as trainer:
        trainer.start_training()
        trainer.wait()
    print(kiln.Evaluator("state/first").best_move(kiln.START))

Boards are 64 whole numbers, a1, b1, ... h8: 0 empty, 1 a disc of the player to move, -1 or 2 one
of the opponent. Values are in discs, for the player to move. kiln.router is the other workload: a
tiny classifier of sequences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln._evaluator import START, Evaluator
from kiln._kiln import NEUTRAL_WEIGHT, STAGES, __version__
from kiln._match import play_match
from kiln._settings import Setting, settings
from kiln._trainer import Trainer
from kiln._types import (
    CheckpointError,
    Game,
    MatchResult,
    Move,
    Pattern,
    Progress,
    Statistics,
)

__all__ = [
    "NEUTRAL_WEIGHT",
    "STAGES",
    "START",
    "CheckpointError",
    "Evaluator",
    "Game",
    "MatchResult",
    "Move",
    "Pattern",
    "Progress",
    "Setting",
    "Statistics",
    "Trainer",
    "__version__",
    "play_match",
    "router",
    "settings",
]

if TYPE_CHECKING:
    from kiln import router


def __getattr__(name: str) -> Any:
    if name == "router":  # it imports NumPy, which takes its time
        import importlib

        return importlib.import_module("kiln.router")
    raise AttributeError(f"module 'kiln' has no attribute {name!r}")
