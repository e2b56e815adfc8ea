"""kiln.router: what a router learns, and what is done with it; controls beside it."""

import copy
import json
import os
import pickle
import threading
import time

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.validation import check_is_fitted

import kiln
from kiln import _kiln
from kiln.router import Epoch, NotFittedError, Router, make_task


def test_digits_are_learned_where_a_linear_model_fails(digits, learned):
    x, y = digits.held_out
    router = learned.score(x, y)
    linear = LogisticRegression(max_iter=2000).fit(*digits.flat).score(x.reshape(len(x), -1), y)
    majority = max(np.mean(y), 1 - np.mean(y))
    print(f"router {router:.3f}, logistic regression {linear:.3f}, majority {majority:.3f}")
    assert router > 0.95
    assert router > linear + 0.03 and linear > majority + 0.2


def test_shuffled_labels_teach_nothing(digits):
    x, y = digits.learned_from
    shuffled = np.random.default_rng(1).permutation(y)
    router = Router(hidden=16, epochs=20, rate=0.01).fit(x, shuffled)
    assert 0.35 < router.score(*digits.held_out) < 0.65


def test_ten_classes(digits):
    x, y = digits.learned_from_ten
    router = Router(epochs=25, rate=0.01).fit(x, y)
    x, y = digits.held_out_ten
    shares = router.predict_proba(x)
    assert shares.shape == (len(x), 10) and np.allclose(shares.sum(axis=1), 1)
    assert np.array_equal(router.classes_[shares.argmax(axis=1)], router.predict(x))
    assert router.score(x, y) > 0.9
    assert router.decision_function(x).shape == (len(x), 10)
    with pytest.raises(ValueError, match="10 classes; a threshold takes two"):
        router.decide(x)


def test_a_latch_is_remembered_only_with_a_horizon():
    x, y = make_task("latch", 4000, 60)
    new_x, new_y = make_task("latch", 1000, 60, seed=2)
    settings = {"epochs": 4, "rate": 0.005, "l2": 0.0, "clip": 1.0, "normalise": False}
    assert Router(horizon=60, **settings).fit(x, y).score(new_x, new_y) > 0.99
    assert Router(**settings).fit(x, y).score(new_x, new_y) < 0.7


def test_numbers_are_learned_with_the_squared_error():
    x, y = make_task("adding", 6000, 10)
    router = Router(hidden=16, horizon=10, rate=0.01, epochs=8, l2=0.0, loss="squared_error",
                    normalise=False).fit(x, y)
    x, y = make_task("adding", 1000, 10, seed=2)
    evaluation = router.evaluate(x, y)
    assert evaluation.loss < 0.05 < 1 / 6  # the mean alone has a sixth
    values = router.predict(x)
    assert values.shape == (1000,) and values.dtype == np.float32
    assert np.mean((values - y) ** 2) == pytest.approx(evaluation.loss, rel=1e-5)
    assert router.score(x, y) == pytest.approx(1 - np.mean((values - y) ** 2) / np.var(y), rel=1e-4)
    for of_classes in (router.predict_proba, router.uncertainty, router.decide):
        with pytest.raises(ValueError, match="gives a number and no class"):
            of_classes(x)


def test_metrics_are_those_of_scikit_learn(digits, learned):
    x, y = digits.held_out
    evaluation = learned.evaluate(x, y)
    shares = learned.predict_proba(x)
    assert shares.shape == (len(x), 2) and shares.dtype == np.float64
    assert evaluation.samples == len(x)
    assert evaluation.accuracy == learned.score(x, y) == accuracy_score(y, learned.predict(x))
    assert evaluation.loss == pytest.approx(log_loss(y, shares), rel=1e-5)
    assert evaluation.auc == pytest.approx(roc_auc_score(y, shares[:, 1]), abs=1e-9)
    assert evaluation.majority_share == pytest.approx(max(np.mean(y), np.mean(y == 0)))
    logits = learned.decision_function(x)
    assert np.allclose(shares[:, 1], 1 / (1 + np.exp(-logits.astype(float))), atol=1e-6)
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1) / np.log(2)
    assert np.allclose(learned.uncertainty(x), entropy, atol=1e-9)


def test_calibration_and_a_threshold_stay_with_the_model(digits, learned, tmp_path):
    x, y = digits.held_out
    router = copy.deepcopy(learned)
    assert (router.calibration_, router.threshold_) == (1, 0.5)
    before = router.evaluate(x, y)
    temperature = router.calibrate(x, y)
    after = router.evaluate(x, y)
    assert temperature == router.calibration_ != 1
    assert after.loss < before.loss and after.accuracy == before.accuracy
    decision = router.choose_threshold(x, y, cost_wrong=10)
    light = router.decide(x)
    assert np.mean(light) == decision.light_share and router.threshold_ == decision.threshold
    assert decision.cost == pytest.approx(10 * np.mean(light & (y == 0)) + np.mean(~light))
    assert decision.cost < decision.always_strong == 1
    assert decision.always_light == pytest.approx(10 * np.mean(y == 0))
    within = router.choose_threshold_within(x, y, 0.01)
    light = router.decide(x)
    assert (within.light, within.wrong) == (np.sum(light), np.sum(light & (y == 0)))
    assert within.light > 0 and within.wrong <= 0.01 * within.light
    router.save(tmp_path / "m.safetensors")
    loaded = Router.load(tmp_path / "m.safetensors")
    assert (loaded.calibration_, loaded.threshold_) == (router.calibration_, router.threshold_)
    assert np.array_equal(loaded.decide(x), light)
    assert learned.calibration_ == 1  # the copy is a copy


def test_a_student_learns_from_a_teacher(digits, learned, tmp_path):
    x, y = digits.learned_from
    learned.save(tmp_path / "teacher.safetensors")
    settings = {"hidden": 8, "epochs": 20, "rate": 0.01}
    by_router = Router(**settings).distill(x, y, learned)
    by_path = Router(**settings).distill(x, y, tmp_path / "teacher.safetensors")
    by_logits = Router(**settings).distill(x, y, learned.decision_function(x))
    alone = Router(**settings).fit(x, y)
    weights = [r.get_weights()["U"] for r in (by_router, by_path, by_logits, alone)]
    assert np.array_equal(weights[0], weights[1]) and np.array_equal(weights[0], weights[2])
    assert not np.array_equal(weights[0], weights[3])
    assert by_router.score(*digits.held_out) > 0.85
    only_teacher = Router(alpha=1.0, validation=0, **settings).distill(x, np.roll(y, 1), learned)
    assert only_teacher.score(*digits.held_out) > 0.85  # and not from the wrong labels


def test_smaller_models(digits, learned):
    x, y = digits.held_out
    small = learned.quantize()
    assert small.is_int8_ and not learned.is_int8_
    assert small.parameter_bytes_ < 0.5 * learned.parameter_bytes_
    assert abs(small.score(x, y) - learned.score(x, y)) <= 0.02
    pruned = learned.prune(0.5)
    for name in ("W", "U"):
        before, after = learned.get_weights()[name], pruned.get_weights()[name]
        kept = after != 0
        assert np.count_nonzero(kept) == round(0.5 * before.size)
        assert np.array_equal(after[kept], before[kept])
        assert np.abs(before[~kept]).max() <= np.abs(before[kept]).min()
    with pytest.raises(ValueError, match="quantised; prune, then quantize"):
        small.prune(0.5)
    assert pruned.get_params() == learned.get_params()


def test_pruning_in_stages_loses_less_than_at_once(digits):
    x, y = digits.learned_from
    settings = {"hidden": 16, "epochs": 45, "rate": 0.01, "patience": 0}
    staged = Router(keep_share=0.3, **settings).fit(x, y)
    dense = Router(**settings).fit(x, y)
    zeros = [np.mean(staged.get_weights()[name] == 0) for name in ("W", "U")]
    assert zeros == pytest.approx([0.7, 0.7], abs=0.01)
    x, y = digits.held_out
    assert staged.score(x, y) > dense.prune(0.3).score(x, y) + 0.05


def with_weights(router, name, weights):
    """The same router, but for one tensor."""
    file = router._fitted.file()
    length = int.from_bytes(file[:8], "little")
    begin, end = (8 + length + at for at in json.loads(file[8:8 + length])[name]["data_offsets"])
    changed = file[:begin] + weights.astype("<f4").tobytes() + file[end:]
    return Router._of_model(_kiln.RouterModel.parse(changed))


def test_gradients_are_those_of_small_differences(digits):
    """Central differences of the loss that evaluate() gives for a model of changed weights."""
    x, y = digits.held_out[0][:30], digits.held_out[1][:30]
    # A model without normalisation, whose loss on x is that of gradients().
    router = Router(hidden=3, epochs=1, normalise=False, rate=0.01).fit(x, y)
    made = router.gradients(x, y)
    single = router.gradients(x, y, precision="single")
    assert made.loss == pytest.approx(router.evaluate(x, y).loss, rel=1e-5)
    assert np.allclose(made.logits[:, 0], router.decision_function(x), atol=1e-5)
    assert set(made.gradients) == set(router.get_weights())
    for name, gradient in made.gradients.items():
        assert gradient.dtype == np.float64 and single.gradients[name].dtype == np.float32
        assert np.allclose(single.gradients[name], gradient, rtol=1e-3, atol=1e-5)
        weights = router.get_weights()[name]
        assert weights.shape == gradient.shape
        at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        losses = []
        for step in (-1e-2, 1e-2):
            changed = weights.copy()
            changed[at] += step
            losses.append(with_weights(router, name, changed).gradients(x, y).loss)
        slope = (losses[1] - losses[0]) / 2e-2
        assert slope == pytest.approx(gradient[at], rel=0.01, abs=1e-5), name


def test_gradients_take_teachers_regularisers_and_limits(digits, learned):
    x, y = digits.held_out[0][:10], digits.held_out[1][:10]
    plain = learned.gradients(x, y)
    told = learned.gradients(x, y, teacher_logits=np.zeros((10, 1)), alpha=0.5)
    heavy = learned.gradients(x, y, l2=0.01)
    squares = sum((w.astype(float) ** 2).sum() for w in learned.get_weights().values()
                  if w.ndim == 2)
    assert heavy.loss == pytest.approx(plain.loss + 0.01 * squares)
    assert told.loss != plain.loss

    def norm(made):
        return np.sqrt(sum((g ** 2).sum() for g in made.gradients.values()))

    assert norm(plain) > 0.01
    assert norm(learned.gradients(x, y, clip_by="norm", clip=0.01)) == pytest.approx(0.01)
    capped = learned.gradients(x, y, clip_by="value", clip=0.001).gradients
    assert max(np.abs(g).max() for g in capped.values()) == 0.001
    with pytest.raises(ValueError, match="alpha: there is no teacher"):
        learned.gradients(x, y, alpha=0.5)


# scikit-learn's habits


def test_it_is_an_estimator_of_scikit_learn(digits):
    router = Router(hidden=4, epochs=2, seed=3)
    copy_of_it = clone(router)
    assert copy_of_it is not router and copy_of_it.get_params() == router.get_params()
    assert is_classifier(router) and not is_classifier(Router(loss="squared_error"))
    assert router.set_params(hidden=5, rate=0.1) is router
    assert (router.get_params()["hidden"], router.rate) == (5, 0.1)
    assert repr(router) == "Router(hidden=5, epochs=2, rate=0.1, seed=3)"
    with pytest.raises(ValueError, match="colour: there is no such parameter"):
        router.set_params(colour=1)
    with pytest.raises(NotFittedError, match="has learned nothing"):
        router.predict(digits.held_out[0])
    assert not hasattr(router, "classes_") and not hasattr(router, "threshold_")
    router.fit(*digits.learned_from)
    check_is_fitted(router)
    assert (router.n_features_in_, router.n_steps_, router.n_iter_) == (8, 8, 2)


def test_it_is_cross_validated_and_searched(digits):
    x, y = digits.learned_from
    flat = x.reshape(len(x), -1)  # one step of 64 numbers
    scores = cross_val_score(Router(hidden=8, epochs=8, rate=0.01), flat, y, cv=3)
    assert len(scores) == 3 and min(scores) > 0.75
    search = GridSearchCV(Router(epochs=4, rate=0.01), {"hidden": [1, 8]}, cv=2)
    search.fit(x, y)
    assert search.best_params_ == {"hidden": 8}
    assert search.best_estimator_.n_steps_ == 8


def test_pickles_and_copies_answer_alike(digits, learned):
    x, _ = digits.held_out
    for other in (pickle.loads(pickle.dumps(learned)), copy.deepcopy(learned), copy.copy(learned)):
        assert np.array_equal(other.decision_function(x), learned.decision_function(x))
        assert other.get_params() == learned.get_params()
        assert np.array_equal(other.classes_, learned.classes_)
    assert pickle.loads(pickle.dumps(Router(hidden=3))).hidden == 3


# Labels, and arrays of every kind


@pytest.mark.parametrize("names", [
    np.array(["light", "strong"]), np.array([-1, 1]), np.array([False, True]),
    np.array([3.0, 7.0]), np.array(["ü", "a" * 40], dtype=object), np.array([b"x", b"y"])])
def test_labels_of_every_kind_come_back(digits, tmp_path, names):
    x, y = digits.learned_from
    names = np.sort(names)
    router = Router(hidden=4, epochs=3, rate=0.01).fit(x, names[y])
    plain = Router(hidden=4, epochs=3, rate=0.01).fit(x, y)
    assert np.array_equal(router.classes_, names)
    assert np.array_equal(router.predict(x), names[plain.predict(x)])
    assert router.score(x, names[y]) == plain.score(x, y)
    router.save(tmp_path / "m.safetensors")
    loaded = Router.load(tmp_path / "m.safetensors")
    assert loaded.classes_.dtype.kind == router.classes_.dtype.kind
    assert np.array_equal(loaded.predict(x), router.predict(x))
    with pytest.raises(ValueError, match=r"y: .* at \[0\] is not allowed; the classes are"):
        router.score(x[:1], ["something else"] if names.dtype.kind in "UO" else [99])


def test_arrays_of_every_kind_are_the_same_data(digits, learned):
    x, _ = digits.held_out
    logits = learned.decision_function(x)
    wide = np.zeros((len(x), 8, 20))
    wide[:, :, 2:18:2] = x
    for other in (x.astype(np.float32), x.astype(np.int8), x.astype(np.uint16), x.astype(">f8"),
                  x.astype(np.float16), np.asfortranarray(x), wide[:, :, 2:18:2], x.tolist(),
                  x[::-1].copy()[::-1]):
        assert np.array_equal(learned.decision_function(other), logits)
    read_only = x.copy()
    read_only.flags.writeable = False
    assert np.array_equal(learned.decision_function(read_only), logits)


# The run


def test_epochs_are_told_and_kept(digits):
    told = []
    router = Router(hidden=4, epochs=7, rate=0.01, patience=0, decay_every=3, decay_factor=0.1)
    router.fit(*digits.learned_from, progress=told.append)
    assert told == router.history_ and len(told) == router.n_iter_ == 7
    assert all(isinstance(epoch, Epoch) for epoch in told)
    assert [epoch.epoch for epoch in told] == list(range(1, 8))
    assert [epoch.rate for epoch in told] == pytest.approx([1e-2] * 3 + [1e-3] * 3 + [1e-4])
    assert told[-1].training_loss < told[0].training_loss
    assert [e.seconds for e in told] == sorted(e.seconds for e in told)
    losses = [epoch.loss for epoch in told]
    assert [e.is_best for e in told] == [
        loss == min(losses[:i + 1]) for i, loss in enumerate(losses)]
    without = Router(hidden=4, epochs=2, validation=0).fit(*digits.learned_from)
    assert without.history_[-1].loss is None and not without.history_[-1].is_best


def test_no_epoch_is_lost_while_a_callback_takes_its_time():
    """Epochs of a fraction of a millisecond, and more of them than the queue of reports holds."""
    x = np.random.default_rng(1).normal(size=(16, 3))
    told = []

    def wait(epoch):
        told.append(epoch.epoch)
        while epoch.epoch == 1:  # until the training threads have come to rest
            before = time.process_time()
            time.sleep(0.3)
            if time.process_time() - before < 0.001:
                break

    Router(hidden=2, epochs=1500, validation=0).fit(x, x[:, 0] > 0, progress=wait)
    assert told == list(range(1, 1501))


def test_early_stopping_keeps_the_best_weights(digits):
    x, y = digits.learned_from
    router = Router(hidden=8, epochs=500, rate=0.05, patience=3).fit(x, y)
    assert router.n_iter_ < 500
    best = max(i for i, epoch in enumerate(router.history_) if epoch.is_best)
    assert router.n_iter_ == best + 1 + 3
    again = Router(hidden=8, epochs=best + 1, rate=0.05, patience=3).fit(x, y)
    for name, weights in router.get_weights().items():
        assert np.array_equal(weights, again.get_weights()[name])


def test_the_number_of_workers_and_the_memory_decide_nothing(digits):
    x, y = digits.learned_from
    one, three = (Router(hidden=8, epochs=3, workers=workers, memory=memory).fit(x, y)
                  for workers, memory in ((1, "200MB"), (3, 10**9)))
    assert one._fitted.file() == three._fitted.file()
    other = Router(hidden=8, epochs=3, seed=2).fit(x, y)
    assert other._fitted.file() != one._fitted.file()


def test_threads_learn_and_answer_at_the_same_time(digits, learned):
    x, y = digits.learned_from
    logits = learned.decision_function(x)
    results, wrong = {}, []

    def learn(number):
        results[number] = Router(hidden=6, epochs=5).fit(x, y)._fitted.file()

    def answer():
        for _ in range(20):
            if not np.array_equal(learned.decision_function(x), logits):
                wrong.append(1)

    threads = [threading.Thread(target=learn, args=(i,)) for i in range(3)]
    threads += [threading.Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(set(results.values())) == 1 and len(results) == 3


def test_a_router_works_in_the_child_of_a_fork(digits, learned):
    x, y = digits.held_out
    score = learned.score(x, y)
    child = os.fork()
    if child == 0:
        is_right = learned.score(x, y) == score
        is_right = is_right and Router(hidden=2, epochs=1).fit(x, y).n_iter_ == 1
        os._exit(0 if is_right else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_tasks_are_what_their_names_say():
    x, y = make_task("adding", 50, 10)
    assert x.shape == (50, 10, 2) and np.allclose((x[..., 0] * x[..., 1]).sum(axis=1), y)
    x, y = make_task("parity", 50, 6, seed=4)
    assert np.array_equal((x[..., 0] > 0).sum(axis=1) % 2, y)
    x, y = make_task("latch", 50, 6, seed=4)
    assert np.array_equal(x[:, 0, 0] > 0, y == 1)
    assert not np.array_equal(make_task("latch", 50, 6, seed=5)[0], x)


def test_it_is_reached_from_the_package():
    assert kiln.router.Router is Router
    with pytest.raises(AttributeError, match="no attribute 'routers'"):
        _ = kiln.routers
