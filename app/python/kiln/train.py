"""kiln-train: trains from Python, as `kiln train` does from the shell.

    kiln-train --games 20000 --state state/mine
    kiln-train --resume --state state/mine --epsilon 0.1,0.02 --checkpoint-every 5000

Ctrl-C and SIGTERM save and end with exit code 0. The log is in STATE/logs.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from typing import NoReturn

import kiln


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kiln-train",
        description=(__doc__ or "").split("\n\n")[0],
        epilog="Every other setting: kiln.settings() lists them, kiln.Trainer takes them.",
    )
    parser.add_argument("--state", default="state", help="directory of the run (%(default)s)")
    parser.add_argument("--resume", action="store_true", help="go on with the run that is there")
    parser.add_argument("--games", type=int, help="target")
    parser.add_argument("--checkpoint-every", type=int, metavar="GAMES", help="between checkpoints")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--depth", type=int, metavar="PLIES", help="search budget of a move")
    limit.add_argument("--nodes", type=int, help="search budget of a move")
    limit.add_argument("--time-ms", type=int, metavar="MS", help="search budget of a move")
    parser.add_argument("--epsilon", metavar="A[,B[,C]]", help="random moves: early, middle, late")
    parser.add_argument("--workers", type=int, metavar="N")
    parser.add_argument("--memory", metavar="SIZE", help="budget: 600MB, 2GiB")
    parser.add_argument("--every", type=int, default=1000, help="games between lines (%(default)s)")
    return parser.parse_args(arguments)


def shares(text: str | None) -> None | list[float]:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"epsilon: {text!r} is not allowed; it takes shares from 0 to 1 between "
                         "commas, early,middle,late") from None


class Line:
    """Tells how the run gets on."""

    def __init__(self) -> None:
        self._seconds, self._games = time.monotonic(), 0

    def __call__(self, progress: kiln.Progress) -> None:
        now = time.monotonic()
        rate = (progress.games - self._games) / max(now - self._seconds, 1e-9)
        left = (progress.target_games - progress.games) / rate if self._games else None
        self._seconds, self._games = now, progress.games
        statistics = progress.statistics
        print(
            f"{progress.games:,} of {progress.target_games:,} games"
            + (f", {rate:,.0f} games/s, {left:,.0f} s left" if left is not None else "")
            + f"; difference {statistics.stone_difference:+.2f} discs, "
            f"black {statistics.black_win_rate:.1%}, white {statistics.white_win_rate:.1%}, "
            f"drawn {statistics.draw_rate:.1%}",
            flush=True,
        )


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def train(options: argparse.Namespace) -> None:
    signal.signal(signal.SIGTERM, interrupt)
    with kiln.Trainer(
        options.state,
        resume=options.resume,
        games=options.games,
        checkpoint_every=options.checkpoint_every,
        depth=options.depth,
        nodes=options.nodes,
        time_ms=options.time_ms,
        epsilon=shares(options.epsilon),
        workers=options.workers,
        memory=options.memory,
    ) as trainer:
        target = int(trainer.settings()["games"])
        if trainer.games >= target:
            print(f"{options.state}: already at its target, {target:,} games; more --games goes on")
            return
        print(f"training from game {trainer.games:,} to {target:,} in {options.state}", flush=True)
        ending = "finished"
        try:
            trainer.start_training(progress=Line(), every=options.every)
            trainer.wait()
        except KeyboardInterrupt:
            ending = "interrupted"
        statistics = trainer.get_statistics()
        print(f"{ending} at game {trainer.games:,} after {statistics.seconds:.1f} s; saved is game "
              f"{trainer.games_saved:,}")


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        train(options)
    except KeyboardInterrupt:
        return 130  # before there was anything to save
    except (ValueError, TypeError, OSError, MemoryError, kiln.CheckpointError) as error:
        print(f"kiln-train: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
