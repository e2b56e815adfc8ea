"""A tour of kiln, cell by cell: open it in an editor that knows `# %%`, or run it as it is.

    python tour.py [FOLDER]

Trains some seconds in FOLDER (else a temporary one) and leaves its pictures there.
"""

# %% A trainer is a run: a state directory, its settings, and a model in memory.
import sys
import tempfile
from pathlib import Path

import numpy as np

import kiln

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="kiln-tour-"))
trainer = kiln.Trainer(folder / "run", games=4_096, seed=7, trials_every=1_024, resume=True)
print(trainer.settings()["learning_rate"], "discs at first,", trainer.games, "games so far")

# %% One game, then a batch of them on all processors.
print(trainer.train_game(depth=1, epsilon=0.1))
print(trainer.train_batch(1_023))

# %% The rest in the background; ask meanwhile, pause, and go on.
trainer.start_training(progress=lambda p: print(f"  {p.games:,} games"), every=1_000)
print("active:", trainer.is_training_active())
trainer.pause_training()
print("saved at game", trainer.games_saved)
trainer.resume_training()
trainer.wait()

# %% What came of it.
statistics = trainer.get_statistics()
print(f"{statistics.games} games, {statistics.stone_difference:+.2f} discs for black on average")
convergence = trainer.convergence() or {}
print(f"{convergence['touched_share']:.1%} of the weights that a game can reach were touched")
report = trainer.memory_report()
for region in sorted(report["regions"], key=lambda row: -int(row["planned_bytes"]))[:3]:
    print(f"  {region['name']}: {region['planned_bytes'] / 1e6:.0f} MB")
trainer.close()

# %% The model: static values, a search, many positions at once.
evaluator = kiln.Evaluator(folder / "run")
print(evaluator, evaluator.evaluate(kiln.START))
print(evaluator.best_move(kiln.START, depth=6))
boards = np.array([kiln.START] * 3, dtype=np.int8)
boards[1, 0] = 1  # a1 for the player to move ...
boards[2, 0] = -1  # ... and for the opponent
print("a corner is worth", evaluator.evaluate_batch(boards))

# %% Its weights are NumPy arrays, read in place.
weights = evaluator.get_weights()
for pattern in evaluator.patterns[:3]:
    table = weights[pattern.name]
    share = np.mean(table != kiln.NEUTRAL_WEIGHT)
    print(f"{pattern.name}: {table.shape}, {share:.1%} of the configurations touched")

# %% How strong is it?
for opponent in ("random", "corner"):
    result = kiln.play_match(folder / "run", opponent, games=100)
    print(f"{result.score:.0%} against {opponent} [{result.lower:.0%}, {result.upper:.0%}]")
