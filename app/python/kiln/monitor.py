"""kiln-monitor: shows how a run gets on, live.

    kiln-monitor state/mine                     # asks the run, and reads its log
    kiln-monitor state/mine/logs/training_20261121_143005.jsonl
    kiln-monitor state/mine --plot curves.png   # training curves, and no dashboard

Ctrl-C ends it; the run goes on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from typing import Any

import kiln
from kiln import _kiln
from kiln._curves import Curves, plot, series, smooth

_BARS = "▁▂▃▄▅▆▇█"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kiln-monitor", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("source", help="the state directory of a run, or a log (*.jsonl)")
    parser.add_argument("--plot", metavar="OUT.png", help="write curves (needs matplotlib)")
    parser.add_argument("--interval", type=float, default=2, metavar="S", help="(%(default)s)")
    parser.add_argument("--once", action="store_true", help="print once and end")
    return parser.parse_args(arguments)


def ask(source: str) -> dict[str, Any] | None:
    """What the run in a directory says of itself; None if there is none, or only a log."""
    if not os.path.isdir(source):
        return None
    status: dict[str, Any] | None = _kiln.ask_status(source)
    return status


def sparkline(values: list[float], width: int) -> str:
    if not values:
        return "nothing yet"
    step = max(1, len(values) // width)
    points = smooth(values, step)[step - 1 :: step][-width:]
    low, high = min(points), max(points)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    bars = "".join(_BARS[round((point - low) * scale)] for point in points)
    return f"{bars}  {values[-1]:+.2f}  ({low:+.2f} to {high:+.2f})"


def status_lines(status: dict[str, Any] | None) -> list[str]:
    if status is None:
        return ["no run answers here; this is its log"]
    rate, left = status.get("games_per_second"), status.get("seconds_left")
    line = f"{status['state']}: {status['games']:,} of {status['target_games']:,} games"
    line += f", {rate:,.0f} games/s" if rate else ""
    line += f", {left:,.0f} s left" if left else ""
    memory = status.get("memory", {})
    return [
        line,
        f"memory: {memory.get('resident_bytes', 0) / 1e6:,.0f} MB resident of "
        f"{memory.get('budget_bytes', 0) / 1e6:,.0f} MB; restarts "
        f"{status.get('restarts', {}).get('total', 0)}, failed games "
        f"{status.get('errors', {}).get('last_10000_games', 0)} in the last 10,000",
    ]


def dashboard(curves: Curves, status: dict[str, Any] | None, columns: int) -> str:
    width = max(10, columns - 52)
    lines = status_lines(status)
    games, (difference, prediction) = series(
        curves.windows, "stone_difference", "prediction_error"
    )
    if games:
        last = curves.windows[games[-1]]
        lines += [
            "",
            f"newest: {last.get('text', '')}",
            "",
            f"stone difference  {sparkline(difference, width)}",
            f"prediction error  {sparkline(prediction, width)}",
        ]
    _, (error,) = series(curves.held_out, "error")
    lines.append(f"solved positions  {sparkline(error, width)}")
    for opponent, reports in sorted(curves.strength.items()):
        _, (score,) = series(reports, "score")
        lines.append(f"against {opponent:9} {sparkline([100 * s for s in score], width)}")
    lines += ["", *(f"warning: {text}" for text in curves.warnings[-3:])]
    return "\n".join(line[:columns] for line in lines)


def watch(options: argparse.Namespace) -> None:
    curves = Curves(options.source)
    is_live = sys.stdout.isatty() and not options.once
    while True:
        curves.refresh()
        text = dashboard(curves, ask(options.source), shutil.get_terminal_size().columns)
        print(("\x1b[H\x1b[2J" if is_live else "") + text, flush=True)
        if options.once:
            return
        time.sleep(max(options.interval, 0.1))


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        if options.plot:
            curves = Curves(options.source)
            curves.refresh()
            plot(curves, options.plot)
            print(f"wrote {options.plot}")
        else:
            watch(options)
    except KeyboardInterrupt:
        return 0
    except ImportError as error:
        print(f"kiln-monitor: --plot: {error}; pip install 'kiln[plot]'", file=sys.stderr)
        return 1
    except (ValueError, OSError, kiln.CheckpointError) as error:
        print(f"kiln-monitor: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
