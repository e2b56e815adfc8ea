"""Training curves from a run's log, and their picture."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Reports by games; what was trained again after a restart counts as last told.
Reports = dict[int, dict[str, Any]]

_OPPONENTS = ("random", "corner", "self")


class Curves:
    """What a log told so far. Lines that are cut off or were never a report are passed over."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """path: a state directory, or one log file (``*.jsonl``)."""
        self._path = Path(path)
        self._read: dict[Path, int] = {}  # bytes
        self.windows: Reports = {}
        self.held_out: Reports = {}
        self.strength: dict[str, Reports] = {}
        self.warnings: list[str] = []
        self.started = ""

    def refresh(self) -> None:
        """Reads what has been written since the last time. FileNotFoundError if there is no log."""
        for file in self._files():
            for entry in self._new_entries(file):
                self._add(entry)

    def _files(self) -> list[Path]:
        if not self._path.is_dir():
            if self._path.suffix != ".jsonl":
                raise FileNotFoundError(
                    f"{self._path}: give a state directory or one of the files logs/*.jsonl in it"
                )
            return [self._path]
        logs = self._path / "logs"
        files = sorted(logs.glob("training_*.jsonl"), key=_age)
        # What lasts of logs that were removed. It may cover some that are still there; when it is
        # made anew, it has only what was read already.
        for history in sorted(logs.glob("history_*.jsonl"), key=_age)[-1:]:
            files = [f for f in files if f in self._read or _age(f) > _age(history)]
            if not self._read:
                files.insert(0, history)
        if not files:
            raise FileNotFoundError(f"{self._path}: there is no log (logs/*.jsonl) in it")
        return files

    def _new_entries(self, file: Path) -> Iterator[dict[str, Any]]:
        with open(file, "rb") as stream:
            stream.seek(self._read.get(file, 0))
            for line in stream:
                if not line.endswith(b"\n"):
                    break  # still being written
                self._read[file] = self._read.get(file, 0) + len(line)
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    yield entry

    def _add(self, entry: dict[str, Any]) -> None:
        event, games = entry.get("event"), entry.get("games")
        if entry.get("level") in ("warning", "error"):
            self.warnings.append(str(entry.get("text", "")))
        if event == "started":
            self.started = str(entry.get("text", ""))
        if not isinstance(games, int):
            return
        if event == "window":
            self.windows[games] = entry
        elif event == "held_out":
            self.held_out[games] = entry
        elif event == "strength":
            self.strength.setdefault(str(entry.get("opponent")), {})[games] = entry


def _age(file: Path) -> list[int]:
    """Sorts logs by their names, training_20261121_143005_10 after ..._9."""
    return [int(number) for number in re.findall(r"[0-9]+", file.stem)]


def series(reports: Reports, *fields: str) -> tuple[list[int], list[list[float]]]:
    """Games, and for each field its values, of the reports that have all of them."""
    games = sorted(
        g for g, report in reports.items()
        if all(isinstance(report.get(field), (int, float)) for field in fields)
    )
    return games, [[float(reports[g][field]) for g in games] for field in fields]


def smooth(values: list[float], width: int) -> list[float]:
    """Means over the last `width` values."""
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    return [
        (sums[i + 1] - sums[max(0, i + 1 - width)]) / min(width, i + 1) for i in range(len(values))
    ]


def plot(curves: Curves, path: str | os.PathLike[str]) -> None:
    """Writes the training curves as a picture. Needs matplotlib: ``pip install kiln[plot]``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(2, 2, figsize=(12, 8), sharex=True, layout="constrained")
    (top_left, top_right), (bottom_left, bottom_right) = grid
    games, (difference, black, white, draws, sizes) = series(
        curves.windows, "stone_difference", "black_wins", "white_wins", "draws", "window_games"
    )
    width = max(1, len(games) // 20)  # windows of a hundred games scatter much
    top_left.axhline(0, color="0.8", linewidth=1)
    top_left.plot(games, difference, ".", color="0.75", markersize=2, label="100 games")
    top_left.plot(games, smooth(difference, width), label=f"mean of {100 * width:,}")
    top_left.set(title="Stone difference in self-play", ylabel="discs, black minus white")
    for name, wins in (("black", black), ("white", white), ("drawn", draws)):
        shares = [100 * w / max(n, 1) for w, n in zip(wins, sizes)]
        top_right.plot(games, smooth(shares, width), label=name)
    top_right.set(title="Results in self-play", ylabel="% of games", ylim=(0, 100))
    at, (error, floor) = series(curves.held_out, "error", "mobility_error")
    bottom_left.plot(at, error, "o-", markersize=3, label="model")
    bottom_left.plot(at, floor, "--", color="0.6", label="from mobility alone")
    bottom_left.set(title="Error on solved positions", ylabel="discs, mean absolute")
    bottom_left.set_ylim(bottom=0)
    for opponent in [name for name in _OPPONENTS if name in curves.strength]:
        at, (score, low, high) = series(
            curves.strength[opponent], "score", "score_lower", "score_upper"
        )
        name = "an earlier self" if opponent == "self" else opponent
        (line,) = bottom_right.plot(at, [100 * s for s in score], "o-", markersize=3, label=name)
        bottom_right.fill_between(
            at, [100 * s for s in low], [100 * s for s in high], color=line.get_color(), alpha=0.15
        )
    bottom_right.set(title="Strength at one ply, 95 % intervals", ylabel="score, %", ylim=(0, 100))
    for axes in (bottom_left, bottom_right):
        axes.set_xlabel("games")
    for axes in grid.flat:
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
