"""The parts that a trainer's work is made of: begun, looked after, ended.

A part is games or a checkpoint (app/python/training.hpp). A batch is one part, on the time of the
thread that called; a session is one for its games and one for its checkpoint, looked after by a
thread of its own.
"""

from __future__ import annotations

import os
import threading
import weakref

from kiln import _kiln
from kiln._settings import as_texts
from kiln._teller import Callback, Teller, whole

#: Those that are open: in the child of a fork they have no threads.
_trainings: weakref.WeakSet[_kiln.Training] = weakref.WeakSet()


def remember(training: _kiln.Training) -> None:
    """Lets go of its directory in the child of a fork: it belongs to the parent."""
    _trainings.add(training)


def _forget_all() -> None:
    for training in list(_trainings):
        training.abandon()


os.register_at_fork(after_in_child=_forget_all)


class Parts:
    """What kiln.Trainer is made of. Everything here is for it alone."""

    def __init__(self, asked: dict[str, object]) -> None:
        self._training = _kiln.Training(as_texts(asked))
        remember(self._training)
        self._process = os.getpid()
        self._lock = threading.RLock()  # of starting and ending
        # Not the thread itself: an interrupted join() calls it ended (CPython before 3.13).
        self._session: threading.Event | None = None  # set when it is over
        self._failure: BaseException | None = None
        self._target = 0
        self._is_closed = False

    _callback: Callback | None = None
    _every = 100
    _teller: Teller | None = None
    _saves_at_end = True

    def is_training_active(self) -> bool:
        """Whether a session is under way, its last checkpoint included."""
        self._here()
        session = self._session
        return session is not None and not session.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the session under way to end.

        Args:
            timeout: seconds; None: for as long as it takes.

        Returns:
            True if no session is under way any more.

        Raises:
            OSError: the last checkpoint could not be written.
            KeyboardInterrupt: on Ctrl-C, after a checkpoint.
            Whatever the progress callback raised.
        """
        self._here()
        session = self._session
        if session is not None:
            try:
                is_over = session.wait(timeout)
            except KeyboardInterrupt:
                self._training.stop()
                session.wait()
                self._session = None
                raise
            if not is_over:
                return False
            self._session = None
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return True

    def _here(self) -> None:
        if self._is_closed:
            raise RuntimeError("this Trainer is closed; make another one with resume=True")
        if self._process != os.getpid():
            raise RuntimeError(
                f"this Trainer belongs to process {self._process}, and its threads did not survive "
                f"the fork into {os.getpid()}; make one in the process that trains"
            )

    def _rest(self) -> None:
        """Insists that the model is at rest, and raises what the last session left behind."""
        self._here()
        if self.is_training_active() or self._training.is_busy():
            raise RuntimeError("training is under way; call pause_training() or wait() first")
        self.wait()

    def _check_target(self, target: int) -> None:
        games = self._training.games()
        if target <= games:
            raise ValueError(
                f"target_games: {target} is not allowed; the run has {games} games, and it takes "
                "more than that"
            )

    def _totals_at_rest(self) -> tuple[int, int, int, int, int]:
        with self._lock:
            self._rest()
            return self._training.totals()

    def _limits(
        self,
        time_ms: int | None,
        nodes: int | None,
        depth: int | None,
        epsilon: float | None,
    ) -> list[tuple[str, str]]:
        limits: dict[str, object] = {
            "time_ms": time_ms,
            "nodes": nodes,
            "depth": depth,
            "epsilon": epsilon,
        }
        if not (time_ms is None and nodes is None and depth is None):
            limits["deep_from"] = 1.0  # no schedule has a say in it
        return as_texts(limits)

    def _run(
        self,
        games: int,
        limits: list[tuple[str, str]],
        progress: Callback | None,
        every: int,
    ) -> None:
        """Plays games on this thread's time."""
        every = whole("every", every)
        with self._lock:
            self._rest()
            target = self._training.games() + games
            teller = Teller(self._training, progress, every, target)
            self._training.begin(target, limits)
            try:
                while not teller.look():
                    pass
            except BaseException:
                # Ctrl-C, or what the callback raised.
                self._training.stop()
                self._drain()
                self._save()
                raise
            self._training.end()

    def _start(self, progress: Callback | None, every: int) -> None:
        self._callback, self._every = progress, every
        self._saves_at_end = True
        self._teller = Teller(self._training, progress, every, self._target)
        self._training.begin(self._target, [])
        self._session = threading.Event()
        threading.Thread(
            target=self._train, args=(self._teller, self._session), name="kiln-trainer", daemon=True
        ).start()

    def _train(self, teller: Teller, session: threading.Event) -> None:
        """A session, on the background thread. What goes wrong is kept for whoever waits."""
        try:
            try:
                while not teller.look():
                    pass
            except BaseException as error:  # the callback's
                self._failure = error
                self._training.stop()
                self._drain()
            else:
                self._training.end()
            if self._saves_at_end or self._failure is not None:
                self._save()
        except BaseException as error:
            self._failure = self._failure or error
        finally:
            session.set()

    def _drain(self) -> None:
        """Until the part is over, without callbacks."""
        silent = Teller(self._training, None, 100, 0)
        while not silent.look():
            pass
        self._training.end()

    def _save(self) -> None:
        self._training.begin_save()
        self._drain()
