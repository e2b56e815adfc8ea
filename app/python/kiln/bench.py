"""python -m kiln.bench: measures the package beside its targets.

    python -m kiln.bench [--kiln PATH] [--games N] [--seconds S] [--wheel FILE]

Prints one line a figure: what, measured, target. `train_batch` is compared with the command, given
by --kiln, in turns and in turned order, because a shared machine's speed drifts; by games a second,
and by processor time, which others' load hardly touches. Ends with 1 if a target was missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np

import kiln
from kiln._curves import Curves

_ROUNDS = 5


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


def import_ms() -> tuple[float, float]:
    """Of processes that import kiln, beside those that import nothing: time, processor time."""

    def run(code: str) -> tuple[float, float]:
        start, spent = time.perf_counter(), children_seconds()
        subprocess.run([sys.executable, "-c", code], check=True)
        return 1e3 * (time.perf_counter() - start), 1e3 * (children_seconds() - spent)

    run("import kiln")
    pairs = [(run("import kiln"), run("pass")) for _ in range(2 * _ROUNDS)]
    return (
        statistics.median(kiln[0] - nothing[0] for kiln, nothing in pairs),
        statistics.median(kiln[1] - nothing[1] for kiln, nothing in pairs),
    )


def children_seconds() -> float:
    """Processor time of the processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Run(NamedTuple):
    """A run of some games, in a process of its own."""

    games_per_second: float
    processor_seconds: float  # the program's start included


def logged_rate(state: str) -> float:
    """Games a second between the first and the last hundred that a run's log tells of."""
    curves = Curves(state)
    curves.refresh()
    first, last = min(curves.windows), max(curves.windows)
    seconds = curves.windows[last]["seconds"] - curves.windows[first]["seconds"]
    return (last - first) / float(seconds)


def run(program: list[str], state: str) -> Run:
    before = children_seconds()
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    return Run(logged_rate(state), children_seconds() - before)


def package_run(state: str, games: int) -> Run:
    code = (
        f"import kiln\nwith kiln.Trainer({state!r}, games={games}, trials_every=0, "
        f"checkpoint_every=0) as t:\n    t.train_batch({games})\n    t.save()"
    )
    return run([sys.executable, "-c", code], state)


def command_run(program: str, state: str, games: int) -> Run:
    return run(
        [program, "train", "--games", str(games), "--trials-every", "0", "--checkpoint-every", "0",
         "--quiet", "--state", state],
        state,
    )


def run_both(program: str, games: int, is_package_first: bool) -> tuple[Run, Run]:
    """Of the package, and of the command."""
    with tempfile.TemporaryDirectory(prefix="kiln-bench-") as folder:
        ours, theirs = os.path.join(folder, "package"), os.path.join(folder, "command")
        if is_package_first:
            package = package_run(ours, games)
            return package, command_run(program, theirs, games)
        command = command_run(program, theirs, games)
        return package_run(ours, games), command


def compare(program: str, games: int) -> tuple[float, float]:
    """Of the package to the command: games a second, and processor time. Medians of the pairs."""
    rates, times = [], []
    for number in range(_ROUNDS):
        package, command = run_both(program, games, number % 2 == 0)
        print(
            f"  train_batch {package.games_per_second:,.0f} games/s, the command "
            f"{command.games_per_second:,.0f}; processor time "
            f"{1e3 * package.processor_seconds / games:.3f} ms a game and "
            f"{1e3 * command.processor_seconds / games:.3f}",
            flush=True,
        )
        rates.append(package.games_per_second / command.games_per_second)
        times.append(package.processor_seconds / command.processor_seconds)
    return statistics.median(rates), statistics.median(times)


def tell(name: str, measured: float, unit: str, target: float, is_met: bool) -> bool:
    verdict = "ok" if is_met else "MISSED"
    print(f"{name:34} {measured:14,.3f} {unit:9} target {target:,.3f}  {verdict}", flush=True)
    return is_met


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m kiln.bench", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--kiln", metavar="PATH", help="the command to compare with")
    parser.add_argument("--games", type=int, default=8192, help="of each run (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="of evaluating (%(default)s)")
    parser.add_argument("--wheel", metavar="FILE", help="whose size to check")
    options = parser.parse_args(arguments)

    rate = evaluation_rate(options.seconds)
    met = [tell("evaluate_batch, one core", rate / 1e6, "M/s", 3, rate >= 3e6)]
    took, spent = import_ms()
    met.append(tell("import kiln", took, "ms", 150, took < 150))
    met.append(tell("the same, processor time", spent, "ms", 150, spent < 150))
    if options.wheel:
        size = os.path.getsize(options.wheel) / 1e6
        met.append(tell("wheel", size, "MB", 5, size < 5))
    if options.kiln:
        rate_ratio, time_ratio = compare(options.kiln, options.games)
        met.append(tell("train_batch / command, games/s", rate_ratio, "", 0.97, rate_ratio >= 0.97))
        met.append(tell("the same, processor time", time_ratio, "", 1.03, time_ratio <= 1.03))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
