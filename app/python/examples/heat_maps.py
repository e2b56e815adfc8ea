"""What a model has learned of each pattern, drawn on the board.

    python heat_maps.py state/first heat_maps.png [DISCS]

For every pattern and every square of its first placement: the mean weight of all configurations
with an own disc there minus that of those with an opponent's disc, with so many discs on the board
(24 if not given). Each map has a scale of its own. What no game visited is left out.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot

import kiln


def worth_of_squares(
    pattern: kiln.Pattern, weights: npt.NDArray[np.uint16]
) -> npt.NDArray[np.float64]:
    """An 8 x 8 map of what a disc on each square is worth in a placement; NaN elsewhere."""
    values = (weights.astype(np.float64) - kiln.NEUTRAL_WEIGHT) / 256
    visited = weights != kiln.NEUTRAL_WEIGHT
    configurations = np.arange(pattern.size)
    board = np.full(64, np.nan)
    for cell, square in enumerate(pattern.placements[0]):
        digit = configurations // 3**cell % 3  # 0 the opponent's disc, 1 empty, 2 an own disc
        own, other = values[visited & (digit == 2)], values[visited & (digit == 0)]
        board[square] = (own.mean() - other.mean()) if own.size and other.size else 0.0
    return board.reshape(8, 8)


def main(model: str, picture: str, discs: int = 24) -> None:
    evaluator = kiln.Evaluator(model)
    tables = evaluator.get_weights()
    stage = min((discs - 4) // 2, kiln.STAGES - 1)
    patterns = [pattern for pattern in evaluator.patterns if pattern.kind == "pattern"]
    figure, grid = pyplot.subplots(3, 5, figsize=(14, 9), layout="constrained")
    maps = [worth_of_squares(pattern, tables[pattern.name][stage]) for pattern in patterns]
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, pattern, values in zip(grid.flat, patterns, maps):
        axes.set_axis_on()
        limit = float(np.nanmax(np.abs(values))) or 1.0
        image = axes.imshow(values / limit, cmap="RdBu", vmin=-1, vmax=1)
        places = len(pattern.placements)
        title = f"{pattern.name}, {places} placements\nfull colour: {limit:.2f} discs"
        axes.set_title(title, fontsize=10)
        axes.set_xticks(range(8), list("abcdefgh"))
        axes.set_yticks(range(8), [str(rank) for rank in range(1, 9)])
        axes.set_facecolor("0.75")
        axes.tick_params(length=0, labelsize=8)
    figure.colorbar(image, ax=grid, shrink=0.6, label="own minus opponent's, of the full colour")
    figure.suptitle(f"{evaluator.name}, {evaluator.games:,} games: weights with {discs} discs")
    figure.savefig(picture, dpi=110)
    print(f"wrote {picture}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(argument) for argument in sys.argv[3:4]))
