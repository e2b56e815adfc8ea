"""kiln-evaluate: plays a model against fixed opponents or another model.

    kiln-evaluate state/mine                          # random, then corner and edge
    kiln-evaluate state/mine --opponent state/other --games 1000 --depth 4

Every opening is played twice, with colours swapped; intervals are at 95 % (Wilson). Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import sys

import kiln


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kiln-evaluate", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("model", help="a checkpoint, a state directory, or 'untrained'")
    parser.add_argument(
        "--opponent",
        action="append",
        metavar="WHO",
        help="random, corner, untrained, a checkpoint or a state directory; may be repeated",
    )
    parser.add_argument("--games", type=int, default=400, help="of each match (%(default)s)")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--depth", type=int, metavar="PLIES", help="of a move (1)")
    limit.add_argument("--nodes", type=int)
    limit.add_argument("--time-ms", type=int, metavar="MS")
    parser.add_argument("--exact-empties", type=int, default=0, metavar="SQUARES")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def evaluate(options: argparse.Namespace) -> None:
    for opponent in options.opponent or ["random", "corner"]:
        result = kiln.play_match(
            None if options.model == "untrained" else options.model,
            opponent,
            games=options.games,
            depth=options.depth,
            nodes=options.nodes,
            time_ms=options.time_ms,
            exact_empties=options.exact_empties,
            seed=options.seed,
            show_progress=sys.stderr.isatty(),
        )
        print(
            f"against {opponent}: {result.wins} won, {result.draws} drawn, {result.losses} lost; "
            f"score {result.score:.1%} [{result.lower:.1%}, {result.upper:.1%}], "
            f"{result.stone_difference:+.2f} discs",
            flush=True,
        )


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        evaluate(options)
    except KeyboardInterrupt:
        return 130
    except (ValueError, TypeError, OSError, MemoryError, kiln.CheckpointError) as error:
        print(f"kiln-evaluate: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
