"""kiln.play_match()."""

from __future__ import annotations

import os

from kiln import _kiln
from kiln._settings import as_texts
from kiln._types import MatchResult


def play_match(
    model: str | os.PathLike[str] | None,
    opponent: str | os.PathLike[str] = "random",
    *,
    games: int = 400,
    depth: int | None = None,
    nodes: int | None = None,
    time_ms: int | None = None,
    exact_empties: int = 0,
    seed: int = 1,
    opening_plies: int = 6,
    workers: int | None = None,
    memory: int | str = "600MB",
    show_progress: bool = False,
) -> MatchResult:
    """Plays a model against an opponent, on all processors.

    Args:
        model: a checkpoint, a state directory, or None: an untrained model.
        opponent: "random", "corner" (corners and edges first), "untrained", or a path like the
            model's.
        games: an even number; every random opening is played twice, with colours swapped.
        depth, nodes, time_ms: the limit of a move, one of them; 1 ply if none is given.
        exact_empties: play is perfect from so many empty squares on.
        seed: draws the openings. With limits in depth or nodes the same seed gives the same match.
        opening_plies: random plies at the start, 0 to 50.
        workers: threads; by default one for every processor that the memory allows.
        memory: budget of each model.
        show_progress: a line on standard error.

    Raises:
        ValueError, TypeError, OSError, CheckpointError: as :class:`Evaluator`.
        KeyboardInterrupt: on Ctrl-C, at once.
    """
    if isinstance(games, bool) or not isinstance(games, int):
        raise TypeError(f"games: {games!r} is not a whole number")
    if games < 2 or games % 2 != 0:
        raise ValueError(f"games: {games} is not allowed; it takes an even number from 2 on")
    if depth is None and nodes is None and time_ms is None:
        depth = 1
    texts = as_texts(
        {
            "depth": depth,
            "nodes": nodes,
            "time_ms": time_ms,
            "exact_empties": exact_empties,
            "seed": seed,
            "random_plies": opening_plies,
            "workers": workers,
            "memory": memory,
        }
    )
    return _kiln.play_match(
        None if model is None else os.fsdecode(model),
        os.fsdecode(opponent),
        games,
        texts,
        seed,
        opening_plies,
        show_progress,
    )
