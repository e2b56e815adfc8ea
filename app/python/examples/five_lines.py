"""A training run in five lines: some seconds on two cores."""

import kiln

with kiln.Trainer("state/first", games=5_000, resume=True) as trainer:
    trainer.start_training(progress=lambda p: print(f"{p.games:,} games"), every=1_000)
    trainer.wait()
    print(trainer.get_statistics())
