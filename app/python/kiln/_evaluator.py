"""kiln.Evaluator."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from kiln import _kiln
from kiln._settings import as_texts
from kiln._types import Move, Pattern

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Board = Union[Sequence[int], npt.NDArray[np.integer[Any]]]

#: The position a game begins with, black to move.
START: tuple[int, ...] = tuple(
    {27: -1, 28: 1, 35: 1, 36: -1}.get(square, 0) for square in range(64)
)


class Evaluator:
    """The evaluation of positions that a run has learned, and a search on top of it.

    Args:
        path: a checkpoint (``*.ckpt``) or the state directory of a run, whose newest checkpoint it
            then is. Without one the evaluation is fresh: it knows nothing, every value is 0.
        table_mib: MiB of transposition table for :meth:`best_move`.
        memory: budget for all of it, bytes or a text like ``"600MB"``.

    Raises:
        FileNotFoundError, PermissionError, OSError: the file cannot be read.
        CheckpointError: it is damaged, of another version or another workload's.
        ValueError, TypeError: an argument is out of range, of a wrong type, or the memory is too
            little.

    Takes about 80 MB. May be used by several threads at the same time; a search waits for the one
    before. Works in the child of a fork.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        table_mib: int = 16,
        memory: int | str = "600MB",
    ) -> None:
        texts = dict(as_texts({"table_mib": table_mib, "memory": memory}))
        self._evaluator = _kiln.Evaluator(
            None if path is None else os.fsdecode(path),
            int(texts["table_mib"]),
            texts["memory"],
        )

    def evaluate(self, board: Board) -> float:
        """The static value of a position, in discs, for the player to move.

        Args:
            board: 64 cells a1, b1, ... h8, as a sequence or a NumPy array of any integer type and
                stride: 0 empty, 1 a disc of the player to move, -1 or 2 one of the opponent.

        Raises:
            ValueError: not 64 cells, or a cell that is none of these numbers.
            TypeError: not whole numbers.
        """
        return self._evaluator.evaluate(board)

    def evaluate_batch(self, boards: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
        """The static values of many positions, in discs, each for its player to move.

        Args:
            boards: an array of shape (N, 64), of any integer type and strides, cells as in
                :meth:`evaluate`. int8, row after row, is fastest.

        Returns:
            float32 of shape (N,). Other Python threads go on meanwhile.

        Raises:
            ValueError: another shape, or a cell that is none of the numbers.
            TypeError: not whole numbers.
        """
        return self._evaluator.evaluate_batch(boards)

    def best_move(
        self,
        board: Board,
        *,
        depth: int | None = None,
        nodes: int | None = None,
        time_ms: int | None = None,
        exact_empties: int = 12,
        selectivity: int = 0,
    ) -> Move:
        """Searches a position.

        Args:
            board: as in :meth:`evaluate`.
            depth, nodes, time_ms: the limit, one of them: plies (1 to 60; 6 if none is given),
                positions visited, or milliseconds. With time the answer depends on the machine.
            exact_empties: with so many empty squares or fewer the position is solved, however long
                that takes (0 to 30).
            selectivity: forward pruning, 0 none to 4 bold.

        Raises:
            ValueError, TypeError: a limit is not allowed, or the board is none.
            KeyboardInterrupt: on Ctrl-C, at once.
        """
        if depth is None and nodes is None and time_ms is None:
            depth = 6
        limits = {
            "depth": depth,
            "nodes": nodes,
            "time_ms": time_ms,
            "exact_empties": exact_empties,
            "selectivity": selectivity,
        }
        return self._evaluator.best_move(board, as_texts(limits))

    def get_weights(self) -> dict[str, npt.NDArray[np.uint16]]:
        """The weights by pattern, as views of the evaluation's own memory that cannot be written.

        Returns:
            For each name in :attr:`patterns` a uint16 array of shape (STAGES, size). Row s holds
            the weights with 4 + 2 s and 5 + 2 s discs on the board (the last row: 62 and more);
            column c those of configuration c (see :class:`Pattern`; for the pairs of counts
            "mobility" and "frontier" it is 32 own + opponent's, each at most 31; for "count" own
            minus opponent's discs plus 64). A weight w is worth (w - NEUTRAL_WEIGHT) / 256 discs
            in each placement. The views keep the evaluation alive.
        """
        return self._evaluator.get_weights()

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """What the evaluation looks at. Its value is the sum of one weight for each placement."""
        return self._evaluator.patterns

    @property
    def name(self) -> str:
        """The checkpoint's path, or "untrained"."""
        return self._evaluator.name

    @property
    def games(self) -> int:
        """Games that the evaluation was trained on."""
        return self._evaluator.games

    def __repr__(self) -> str:
        return f"<kiln.Evaluator {self.name}, {self.games} games>"
