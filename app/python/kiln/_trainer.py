"""kiln.Trainer."""

from __future__ import annotations

import atexit
import os
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from kiln._parts import Parts
from kiln._settings import as_texts
from kiln._teller import Callback, difference, logger, statistics, whole
from kiln._types import Game, Statistics

_trainers: weakref.WeakSet[Trainer] = weakref.WeakSet()


class Trainer(Parts):
    """A training run: a model that learns from games against itself.

    A run lives in a state directory, with its checkpoints and logs; ``kiln train`` and this class
    go on with each other's runs, and end with the same bytes. It plays on threads of its own,
    without Python's lock. Between parts (a batch, a session) the model is at rest in memory.

    Two ways of using it: :meth:`train_game` and :meth:`train_batch` return when the games are
    played, and nothing is saved unless asked for; :meth:`start_training` goes on in the background
    until its target, saving as it goes. While games are being played, methods that need the model
    at rest raise RuntimeError.

    Args:
        state: the directory. One run each, and one trainer at a time, in all processes.
        resume: go on with the run that is there; without it, a directory that holds one is
            refused. If there is none yet the run starts fresh.
        on_corrupt: what to do about a damaged newest checkpoint: "stop" (raise), go on from the
            "previous" one, or start "fresh". It is renamed, never removed.
        games: the target, over which schedules run. This and the following are those of
            ``kiln train``: see :func:`kiln.settings` for what each means and may be. None: as the
            run has it, or else the default.

    Raises:
        ValueError, TypeError: an argument is not allowed; the line names it, its value and what
            is.
        OSError: the directory cannot be used, or holds a run.
        CheckpointError: its newest checkpoint is damaged or somebody else's.
        MemoryError: the system does not grant the memory or the threads.

    Several trainers in one process are independent of each other, and share its processors. A
    trainer does not survive a fork: in the child its methods raise RuntimeError. Left by ``with``,
    or at the end of the program, a session under way is saved and stopped. Warnings go to the
    logger "kiln".
    """

    def __init__(
        self,
        state: str | os.PathLike[str],
        *,
        resume: bool = False,
        on_corrupt: str = "stop",
        games: int | None = None,
        seed: int | None = None,
        epoch_games: int | None = None,
        depth: int | None = None,
        nodes: int | None = None,
        time_ms: int | None = None,
        exact_empties: int | None = None,
        selectivity: int | None = None,
        deep_from: float | None = None,
        deep_depth: int | None = None,
        deep_exact_empties: int | None = None,
        random_plies: int | None = None,
        epsilon: float | Sequence[float] | None = None,
        epsilon_early: float | None = None,
        epsilon_middle: float | None = None,
        epsilon_late: float | None = None,
        middle_from: float | None = None,
        late_from: float | None = None,
        epsilon_solved: float | None = None,
        sparring: float | None = None,
        # "lambda" is a word of Python's
        lambda_: float | None = None,
        learning_rate: float | None = None,
        learning_rate_final: float | None = None,
        weight_decay: float | None = None,
        error_clip: float | None = None,
        update_target: str | None = None,
        control: str | None = None,
        table_mib: int | None = None,
        checkpoint_every: int | None = None,
        keep: int | None = None,
        compress: bool | None = None,
        trials_every: int | None = None,
        workers: int | None = None,
        memory: int | str | None = None,
        no_pin: bool | None = None,
        log_level: str | None = None,
    ) -> None:
        asked = {
            name: value
            for name, value in locals().items()
            if name not in ("self", "__class__", "lambda_", "state")
        }
        asked["lambda"] = lambda_
        asked["state"] = os.fsdecode(state)
        super().__init__(asked)
        _trainers.add(self)

    # Games

    def train_game(
        self,
        *,
        time_ms: int | None = None,
        nodes: int | None = None,
        depth: int | None = None,
        epsilon: float | None = None,
    ) -> Game:
        """Plays one game and learns from it.

        Args:
            time_ms, nodes, depth: the limit of a move in this game, at most one of them.
            epsilon: the share of random moves in this game, 0 to 1.

        What is left out is as the run has it. A game by itself is an epoch of its own; see
        :meth:`train_batch` on what that means.

        Raises:
            ValueError, TypeError: an argument is not allowed.
            RuntimeError: the game failed, and was left out.
        """
        before = self._totals_at_rest()
        self._run(1, self._limits(time_ms, nodes, depth, epsilon), None, 100)
        games, black, white, discs, moves = difference(self._training.totals(), before)
        if games != 1:
            raise RuntimeError("the game failed twice and was left out; the log says why")
        return Game(discs, moves, "black" if black else "white" if white else "draw")

    def train_batch(
        self,
        games: int,
        epsilon: float | None = None,
        *,
        progress: Callback | None = None,
        every: int = 100,
    ) -> Statistics:
        """Plays so many games, on all workers, and learns from them.

        Args:
            games: from 1 on; schedules stand still beyond the run's target.
            epsilon: the share of random moves in these games, 0 to 1; by default the schedule's.
            progress: called at every multiple of ``every`` games of the run, in order. What it
                raises ends the batch, is followed by a checkpoint, and is raised here.
            every: games between two calls.

        Returns:
            What the games were like.

        Games are played by epochs, against weights that are the same for all of an epoch
        (``epoch_games``). An epoch ends with the batch, so that a run of batches gives the bytes
        of an undivided one if their lengths are multiples of an epoch.

        Raises:
            ValueError, TypeError: an argument is not allowed.
            OSError: a checkpoint that fell due could not be written; training went on.
            KeyboardInterrupt: on Ctrl-C, after a checkpoint.
        """
        before, seconds = self._totals_at_rest(), self._training.seconds()
        self._run(whole("games", games), self._limits(None, None, None, epsilon), progress, every)
        totals = difference(self._training.totals(), before)
        return statistics(totals, self._training.seconds() - seconds)

    # Sessions

    def start_training(
        self,
        target_games: int | None = None,
        *,
        progress: Callback | None = None,
        every: int = 100,
    ) -> None:
        """Starts training in the background, from the present state to the target.

        Args:
            target_games: of the run; by default its setting ``games``. Schedules run over it.
            progress: called at every multiple of ``every`` games, in order, from a thread of its
                own. What it raises stops the run after a checkpoint, and is raised by
                :meth:`wait` or whatever is called next.
            every: games between two calls.

        At the target, and every ``checkpoint_every`` games before, a checkpoint is saved.

        Raises:
            ValueError, TypeError: the target is not beyond the games there are.
            RuntimeError: training is under way.
        """
        with self._lock:
            self._rest()
            every = whole("every", every)
            if target_games is not None:
                target = whole("target_games", target_games)
                self._check_target(target)
                self._training.change(as_texts({"games": target}))
            self._target = int(self._training.settings()["games"])
            self._check_target(self._target)
            self._start(progress, every)

    def pause_training(self) -> None:
        """Stops the session under way and saves. Games in play are given up, and played again.

        Returns when the checkpoint is durable, in a second or so. Does nothing if training is not
        under way.

        Raises:
            OSError: the checkpoint could not be written.
            Whatever the progress callback raised.
        """
        self._here()
        if self._session is not None:
            self._training.stop()
        self.wait()

    def resume_training(self) -> None:
        """Goes on to the target from the newest checkpoint, which is what pausing saved.

        With the same callbacks as before. For a run that another process began, make the trainer
        with ``resume=True``. Raises what :meth:`start_training` raises.
        """
        with self._lock:
            self._rest()
            target = self._target or int(self._training.settings()["games"])
            self._check_target(target)
            self._target = target
            self._start(self._callback, self._every)

    # Looking

    def get_statistics(self) -> Statistics:
        """What the games of the run were like, those of earlier processes included.

        During a session as of its last hundredth game. ``seconds`` are those of this object.
        """
        self._here()
        return statistics(self._training.totals(), self._training.seconds())

    def convergence(self) -> dict[str, Any] | None:
        """Whether learning gets anywhere, as far as self-play can tell.

        Returns:
            The fields of ``convergence`` in the log: the newest games' ``stone_difference`` and
            ``stone_deviation`` (discs; ``rolling_games`` of them, at most 10,000), how far
            evaluations moved (``value_shift``, ``probe_change``, discs), ``variance_ratio`` of
            50,000 games to the 50,000 before, ``touched_weights`` of ``reachable_weights`` and of
            all ``weights``, ``updates_per_weight`` beside ``expected_updates_per_weight``,
            ``steps_per_weight``. During a session as of the last 10,000th game, None before.
        """
        self._here()
        report: dict[str, Any] | None = self._training.convergence()
        return report

    def strength(self) -> dict[str, Any]:
        """What the run's trials measured: the ``strength_curve`` of ``kiln status --json``.

        Error on solved positions, and scores against fixed opponents and earlier selves with 95 %
        intervals, by games.
        """
        self._here()
        curve: dict[str, Any] = self._training.strength()
        return curve

    def memory_report(self) -> dict[str, Any]:
        """Every region of the plan with its owner, size and use, in bytes, and the process's.

        Regions that are ``outside`` the arena are room for what every program of Kiln has beside
        it; what the Python around this takes of it is not counted (None). ``process`` is what the
        kernel says, Python and other trainers included.
        """
        self._here()
        report: dict[str, Any] = self._training.memory()
        return report

    def settings(self) -> dict[str, str]:
        """The run's settings as text, nothing automatic left."""
        self._here()
        return self._training.settings()

    @property
    def games(self) -> int:
        """Games of the run so far, those left out included."""
        self._here()
        return self._training.games()

    @property
    def games_saved(self) -> int:
        """Games in the newest checkpoint that this object saved or loaded."""
        self._here()
        return self._training.games_saved()

    # Changing

    def configure(self, **changes: Any) -> None:
        """Changes settings from here on, as ``kiln set`` does for a run of the command.

        Args:
            changes: by name; those whose ``changeable`` is true in :func:`kiln.settings`, the
                workers excepted. ``lambda_`` for lambda.

        A session under way stops at an epoch's end and goes on with them.

        Raises:
            ValueError, TypeError: there is no such setting, it cannot change, or the value is not
                allowed. Nothing has changed then.
        """
        if "lambda_" in changes:
            changes["lambda"] = changes.pop("lambda_")
        with self._lock:
            self._here()
            texts = as_texts(changes)
            is_active = self.is_training_active()
            if is_active:
                self._saves_at_end = False
                self._training.stop()
                self.wait()
            try:
                self._training.change(texts)
            finally:
                if is_active:
                    self._target = int(self._training.settings()["games"])
                    if self._training.games() < self._target:
                        self._start(self._callback, self._every)

    def save(self) -> str:
        """Saves a checkpoint and returns its path once it is durable.

        During a session at the next epoch's end. Raises OSError if it cannot be written.
        """
        self._here()
        with self._lock:
            if self.is_training_active() and self._teller is not None:
                before = self._training.games()
                self._teller.failed_save = None
                self._training.request_save()
                while self._training.games_saved() < before and not self.wait(0.005):
                    if self._teller.failed_save is not None:
                        raise OSError(self._teller.failed_save)
            else:
                self._rest()
                self._save()
            return self._training.checkpoint_path(self._training.games_saved())

    def load(self, path: str | os.PathLike[str] | None = None) -> None:
        """Replaces model, counts and settings by those of a checkpoint.

        Args:
            path: a checkpoint or a state directory, whose newest it then is; by default this
                trainer's own. The file is checked whole before anything changes.

        What does not decide the result (workers, memory, checkpoints kept) stays as it is, and so
        does the directory that this trainer saves to.

        Raises:
            OSError, CheckpointError: it cannot be read, is damaged or somebody else's.
            ValueError: this trainer's directory holds a checkpoint of later games.
        """
        with self._lock:
            self._rest()
            chosen = self._training.settings()["state"] if path is None else os.fsdecode(path)
            self._training.load(chosen)
            self._target = 0

    def close(self) -> None:
        """Saves and stops a session under way, and gives memory and directory back."""
        if self._is_closed or self._process != os.getpid():
            return
        try:
            self.pause_training()
        finally:
            self._is_closed = True
            _trainers.discard(self)
            self._teller = None  # it knows the run too
            del self._training

    def __enter__(self) -> Trainer:
        self._here()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _close_all() -> None:
    """At the end of the program: what is under way is saved."""
    for trainer in list(_trainers):
        try:
            trainer.close()
        except Exception as error:
            logger.error("%s", error)


atexit.register(_close_all)
