"""A router from data to decision: trained, calibrated, made small, and drawn.

    python route.py [PICTURE.png]

Learns from scikit-learn's handwritten digits whether one is 5 or more (needs scikit-learn, and
matplotlib for the picture), some seconds on one core. Controls are printed beside it.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from kiln.router import Decision, Router

# %% 1,797 digits of 8 rows with 8 numbers each; half to learn from, a quarter to choose a
# threshold on, a quarter to believe.
data = load_digits()
order = np.random.default_rng(1).permutation(len(data.target))
x, y = data.images[order], np.where(data.target[order] >= 5, "light", "strong")
y_is_light = y == "light"
learn, choose, test = slice(0, 900), slice(900, 1350), slice(1350, None)

# %% The second class in sorted order goes the light path, so the labels are bools here.
router = Router(hidden=32, epochs=60, rate=0.01, l2=3e-4, seed=1)
router.fit(x[learn], y_is_light[learn], progress=lambda epoch: print(
    f"epoch {epoch.epoch}: training loss {epoch.training_loss:.4f}, accuracy {epoch.accuracy:.1%}"
) if epoch.epoch % 10 == 0 else None)

# %% How good is it, beside what needs no recurrent network?
linear = LogisticRegression(max_iter=5000).fit(x[learn].reshape(900, -1), y_is_light[learn])
majority = max(y_is_light[test].mean(), 1 - y_is_light[test].mean())
print(f"router {router.score(x[test], y_is_light[test]):.1%}, logistic regression "
      f"{linear.score(x[test].reshape(-1, 64), y_is_light[test]):.1%}, majority {majority:.1%}")

# %% A wrong light decision costs 10, the strong path 1.
temperature = router.calibrate(x[choose], y_is_light[choose])
decision: Decision = router.choose_threshold(x[choose], y_is_light[choose], cost_wrong=10)
light = router.decide(x[test])
cost = 10 * np.mean(light & ~y_is_light[test]) + np.mean(~light)
print(f"temperature {temperature:.2f}, light from {decision.threshold:.3f} on: {light.mean():.1%} "
      f"go the light path, cost {cost:.3f} a request (always strong 1)")

# %% Small enough for a cache line or ten.
small = router.quantize()
print(f"{router.parameter_bytes_} bytes, as int8 {small.parameter_bytes_} with "
      f"{small.score(x[test], y_is_light[test]):.1%}")

# %% Training, and how the probabilities are spread.
if len(sys.argv) > 1:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    epochs = [epoch.epoch for epoch in router.history_]
    left.plot(epochs, [epoch.training_loss for epoch in router.history_], label="training")
    left.plot(epochs, [epoch.loss for epoch in router.history_], label="validation")
    best = max(epoch.epoch for epoch in router.history_ if epoch.is_best)
    left.axvline(best, color="0.7", linewidth=1, label=f"kept: epoch {best}")
    left.set(title="Log-loss", xlabel="epoch", yscale="log")
    left.legend()
    shares = router.predict_proba(x[test])[:, 1]
    bins = np.linspace(0, 1, 21).tolist()
    right.hist([shares[~y_is_light[test]], shares[y_is_light[test]]], bins=bins,
               label=["below 5", "5 and more"])
    right.axvline(decision.threshold, color="black", linewidth=1, label="threshold")
    right.set(title="Probability of 5 and more, test", xlabel="calibrated", ylabel="digits",
              yscale="log")
    right.legend()
    figure.savefig(sys.argv[1], dpi=110)
    print(f"wrote {sys.argv[1]}")
