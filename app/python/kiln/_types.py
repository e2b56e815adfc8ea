"""What the functions of kiln answer with, and its own exception."""

from __future__ import annotations

from typing import NamedTuple


class CheckpointError(Exception):
    """What is in a checkpoint is damaged, of another version, or somebody else's.

    Attributes:
        section: the damaged section's name, None if the damage is in no section.
        chunk: the damaged chunk of it, counted from 0 in pieces of 64 KiB, or None.
    """

    def __init__(
        self, message: str, section: str | None = None, chunk: int | None = None
    ) -> None:
        super().__init__(message)
        self.section = section
        self.chunk = chunk


class Pattern(NamedTuple):
    """A shape of squares that the evaluation looks at, in all its places on the board.

    A configuration's number is the sum of d(i) * 3**i over the cells i of a placement, where d is
    1 for a disc of the player to move, -1 for one of the opponent and 0 for an empty square, plus
    ``size // 2``.
    """

    name: str
    #: "pattern"; or "count", "mobility", "frontier", which have no squares.
    kind: str
    #: One tuple of squares (0 is a1, 63 is h8) a placement, least significant cell first.
    placements: tuple[tuple[int, ...], ...]
    #: Configurations: the length of a stage of its table.
    size: int
    #: Configurations, mirror images counted once.
    classes: int


class Move(NamedTuple):
    """What a search found."""

    #: 0 is a1, 63 is h8; None where the player to move must pass or the game is over.
    square: int | None
    #: "f5", or None.
    name: str | None
    #: Discs, for the player to move.
    score: float
    #: Whether the score is the game's result under best play.
    exact: bool
    #: Plies of the deepest iteration that was finished.
    depth: int
    #: Positions visited.
    nodes: int


class Game(NamedTuple):
    """A game that was played and learned from."""

    #: Final discs, black minus white; empty squares go to the winner.
    stone_difference: int
    #: Moves of both players, random ones included, passes not.
    moves: int
    #: "black", "white" or "draw".
    winner: str


class Statistics(NamedTuple):
    """Games of a run, or of a part of it."""

    games: int
    black_wins: int
    white_wins: int
    draws: int
    #: Mean final discs of a game, black minus white.
    stone_difference: float
    #: Mean moves of a game.
    moves: float
    #: Time that training took in this process.
    seconds: float

    @property
    def black_win_rate(self) -> float:
        """Share of the games that black won, 0 to 1."""
        return self.black_wins / self.games if self.games else 0.0

    @property
    def white_win_rate(self) -> float:
        """Share of the games that white won, 0 to 1."""
        return self.white_wins / self.games if self.games else 0.0

    @property
    def draw_rate(self) -> float:
        """Share of the games that were drawn, 0 to 1."""
        return self.draws / self.games if self.games else 0.0


class Progress(NamedTuple):
    """Where a run stands: what a progress callback is called with."""

    #: Of the run so far.
    games: int
    #: That it goes to.
    target_games: int
    #: Training of this process so far.
    seconds: float
    #: Of the whole run, up to the last hundredth game before.
    statistics: Statistics


class MatchResult(NamedTuple):
    """A match of a model, every opening played twice with colours swapped."""

    games: int
    wins: int
    draws: int
    losses: int
    #: Points as a share of the games, a draw counting half.
    score: float
    #: Its 95 % interval (Wilson).
    lower: float
    upper: float
    #: Mean final discs, the model's minus the opponent's.
    stone_difference: float
    seconds: float
