"""python -m kiln.bench: measures the package beside its targets.

    python -m kiln.bench [--kiln PATH] [--seconds S] [--wheel FILE]

Prints one line a figure: what, measured, target. `train_batch` is compared with the command, given
by --kiln, in turns, because a shared machine's speed drifts. Ends with 1 if a target was missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import kiln
from kiln._curves import Curves

_ROUNDS = 5
_GAMES = 8192


def positions(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """Boards of every phase: as many discs as in a game, wherever they happen to lie."""
    random = np.random.default_rng(1)
    discs = random.integers(4, 65, size=(count, 1))
    order = np.argsort(random.random((count, 64)), axis=1)
    colours = random.choice(np.array([-1, 1], dtype=np.int8), size=(count, 64))
    return np.where(order < discs, colours, 0).astype(np.int8)


def evaluation_rate(seconds: float) -> float:
    evaluator = kiln.Evaluator(table_mib=1)
    boards = positions(100_000)
    evaluator.evaluate_batch(boards)
    rates: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(rates) < 3:
        start = time.thread_time()
        evaluator.evaluate_batch(boards)
        rates.append(len(boards) / (time.thread_time() - start))
    return statistics.median(rates)


def import_ms() -> list[float]:
    """Of processes that import kiln, beside those that import nothing."""

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return 1000 * (time.perf_counter() - start)

    run("import kiln")
    return [run("import kiln") - run("pass") for _ in range(2 * _ROUNDS)]


def logged_rate(state: str) -> float:
    """Games a second between the first and the last hundred that a run's log tells of."""
    curves = Curves(state)
    curves.refresh()
    first, last = min(curves.windows), max(curves.windows)
    seconds = curves.windows[last]["seconds"] - curves.windows[first]["seconds"]
    return (last - first) / float(seconds)


def package_rate(folder: str, number: int) -> float:
    state = os.path.join(folder, f"package{number}")
    with kiln.Trainer(state, games=_GAMES, trials_every=0, checkpoint_every=0) as trainer:
        trainer.train_batch(_GAMES)
    return logged_rate(state)


def command_rate(program: str, folder: str, number: int) -> float:
    state = os.path.join(folder, f"command{number}")
    subprocess.run(
        [program, "train", "--games", str(_GAMES), "--trials-every", "0", "--checkpoint-every",
         "0", "--state", state],
        check=True, stdout=subprocess.DEVNULL,
    )
    return logged_rate(state)


def tell(name: str, measured: float, unit: str, target: float, is_met: bool) -> bool:
    verdict = "ok" if is_met else "MISSED"
    print(f"{name:34} {measured:14,.3f} {unit:9} target {target:,.3f}  {verdict}", flush=True)
    return is_met


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m kiln.bench", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--kiln", metavar="PATH", help="the command to compare with")
    parser.add_argument("--seconds", type=float, default=3, help="of evaluating (%(default)s)")
    parser.add_argument("--wheel", metavar="FILE", help="whose size to check")
    options = parser.parse_args(arguments)

    rate = evaluation_rate(options.seconds)
    met = [tell("evaluate_batch, one core", rate / 1e6, "M/s", 3, rate >= 3e6)]
    took = statistics.median(import_ms())
    met.append(tell("import kiln", took, "ms", 150, took < 150))
    if options.wheel:
        size = os.path.getsize(options.wheel) / 1e6
        met.append(tell("wheel", size, "MB", 5, size < 5))
    if options.kiln:
        with tempfile.TemporaryDirectory(prefix="kiln-bench-") as folder:
            pairs = [
                (package_rate(folder, i), command_rate(options.kiln, folder, i))
                for i in range(_ROUNDS)
            ]
        for package, command in pairs:
            print(f"  train_batch {package:,.0f} games/s, the command {command:,.0f}")
        ratio = statistics.median(package / command for package, command in pairs)
        met.append(tell("train_batch / command", ratio, "", 0.97, ratio >= 0.97))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
