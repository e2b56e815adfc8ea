"""kiln.Trainer between sessions: games, batches, saves, loads, settings, refusals."""

import inspect
import math
import shutil

import numpy as np
import pytest

import kiln
from conftest import SMALL, newest


def test_a_game_is_played_and_learned_from(make):
    trainer = make()
    game = trainer.train_game()
    assert -64 <= game.stone_difference <= 64
    assert 1 <= game.moves <= 60
    sign = (game.stone_difference > 0) - (game.stone_difference < 0)
    assert game.winner == ("draw", "black", "white")[sign]
    statistics = trainer.get_statistics()
    assert statistics.games == trainer.games == 1
    assert statistics.stone_difference == game.stone_difference
    assert statistics.moves == game.moves
    assert trainer.convergence()["touched_weights"] > 100


@pytest.mark.parametrize("limit", [{"depth": 2}, {"nodes": 50}, {"time_ms": 1}])
def test_a_game_takes_limits_of_its_own(make, limit):
    trainer = make()
    before = trainer.settings()
    trainer.train_game(epsilon=0.5, **limit)
    assert trainer.settings() == before


def test_a_game_at_another_depth_is_another_game(make):
    games = [make(f"run{depth}").train_game(depth=depth, epsilon=0) for depth in (1, 4)]
    assert games[0] != games[1]


def test_a_batch_tells_what_its_games_were_like(make):
    trainer = make()
    first, second = trainer.train_batch(20), trainer.train_batch(44, 0.3)
    total = trainer.get_statistics()
    assert (first.games, second.games, total.games) == (20, 44, 64)
    assert total.black_wins == first.black_wins + second.black_wins
    assert total.draws == first.draws + second.draws
    assert total.black_wins + total.white_wins + total.draws == 64
    assert math.isclose(total.stone_difference * 64,
                        first.stone_difference * 20 + second.stone_difference * 44)
    assert math.isclose(total.moves * 64, first.moves * 20 + second.moves * 44)
    assert math.isclose(total.black_win_rate + total.white_win_rate + total.draw_rate, 1)
    assert total.seconds >= first.seconds > 0


def test_batches_of_whole_epochs_are_one_run(make):
    whole, parts = make("whole"), make("parts")
    whole.train_batch(128)
    for games in (32, 64, 32):
        parts.train_batch(games)
    whole.save()
    parts.save()
    assert newest(whole.settings()["state"]) == newest(parts.settings()["state"])


def test_the_number_of_workers_decides_nothing(make, tmp_path):
    for workers in (1, 3):
        trainer = make(f"run{workers}", workers=workers)
        trainer.train_batch(64)
        trainer.save()
    assert newest(tmp_path / "run1") == newest(tmp_path / "run3")


def test_batches_may_go_beyond_the_target(make):
    trainer = make(games=32)
    assert trainer.train_batch(40).games == 40
    assert trainer.train_game() and trainer.games == 41


def test_what_is_saved_comes_back(make, tmp_path):
    trainer = make()
    trainer.train_batch(96)
    path = trainer.save()
    assert path == str(tmp_path / "run" / "game-000000000096.ckpt")
    assert trainer.games_saved == 96
    bytes_before, statistics = newest(tmp_path / "run"), trainer.get_statistics()
    other = make("other", seed=99)
    other.load(path)
    assert other.games == 96
    assert other.settings()["seed"] == trainer.settings()["seed"]
    assert other.get_statistics()[:6] == statistics[:6]
    other.save()
    assert newest(tmp_path / "other") == bytes_before
    trainer.train_batch(32)
    other.train_batch(32)
    trainer.save()
    other.save()
    assert newest(tmp_path / "other") == newest(tmp_path / "run")


def test_loading_goes_back_to_what_was_saved(make, tmp_path):
    trainer = make()
    trainer.train_batch(32)
    trainer.save()
    trainer.train_batch(32)
    trainer.load()
    assert trainer.games == 32
    trainer.train_batch(32)
    trainer.save()
    again = make("again")
    again.train_batch(64)
    again.save()
    assert newest(tmp_path / "run") == newest(tmp_path / "again")


def test_an_earlier_game_is_not_loaded_over_a_later_one(make, tmp_path):
    trainer = make()
    trainer.train_batch(32)
    early = trainer.save()
    trainer.train_batch(32)
    trainer.save()
    with pytest.raises(ValueError, match="already holds a later one"):
        trainer.load(early)
    assert trainer.games == 64


def test_a_damaged_checkpoint_changes_nothing(make, tmp_path):
    trainer = make(compress=False)
    trainer.train_batch(32)
    path = trainer.save()
    shutil.copy(path, tmp_path / "damaged.ckpt")
    with open(tmp_path / "damaged.ckpt", "r+b") as file:
        file.seek(100_000_000)
        file.write(b"damage")
    with pytest.raises(kiln.CheckpointError, match="chunk") as refusal:
        trainer.load(tmp_path / "damaged.ckpt")
    assert refusal.value.section is not None and refusal.value.chunk is not None
    assert trainer.games == 32
    trainer.train_batch(32)
    whole = make("whole", compress=False)
    whole.train_batch(64)
    whole.save()
    trainer.save()
    assert newest(tmp_path / "whole") == newest(tmp_path / "run")


def test_a_damaged_newest_checkpoint_is_gone_around_if_asked(make, tmp_path):
    trainer = make(compress=False)
    for _ in range(2):
        trainer.train_batch(32)
        path = trainer.save()
    trainer.close()
    with open(path, "r+b") as file:
        file.seek(90_000_000)
        file.write(b"damage")
    with pytest.raises(kiln.CheckpointError, match="section .*, chunk"):
        make(resume=True)
    resumed = make(resume=True, on_corrupt="previous")
    assert resumed.games == 32
    assert (tmp_path / "run" / "game-000000000064.ckpt.damaged").exists()
    resumed.close()
    only = tmp_path / "run" / "game-000000000032.ckpt"
    with open(only, "r+b") as file:
        file.seek(90_000_000)
        file.write(b"damage")
    with pytest.raises(kiln.CheckpointError, match="it is the only one; on_corrupt fresh"):
        make(resume=True, on_corrupt="previous")
    assert only.exists()


def test_a_directory_with_a_run_is_not_overwritten(make):
    trainer = make()
    trainer.save()
    trainer.close()
    with pytest.raises(OSError, match="already holds a run .*; add resume to go on"):
        make()
    assert make(resume=True).games == 0


def test_a_directory_has_one_trainer_at_a_time(make):
    trainer = make()
    with pytest.raises(OSError, match="another kiln is training in"):
        make()
    trainer.close()
    make()


def test_a_directory_that_cannot_be_is_refused(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="state: cannot use"):
        make("file/run")


@pytest.mark.parametrize(("settings", "complaint"), [
    ({"depth": 0}, "depth: '0' is not allowed; it takes a whole number from 1 to 60"),
    ({"games": -5}, "games: '-5' is not allowed"),
    ({"lambda_": 1.5}, "lambda: '1.5' is not allowed; it takes a number from 0 to 1"),
    ({"learning_rate": float("nan")}, "learning_rate: 'nan' is not allowed"),
    ({"learning_rate": float("inf")}, "learning_rate: 'inf' is not allowed"),
    ({"epsilon": (0.1, 0.2, 0.3, 0.4)}, "epsilon: '0.1,0.2,0.3,0.4' is not allowed; it takes one"),
    ({"epsilon": -0.1}, "epsilon: '-0.1' is not allowed"),
    ({"update_target": "tip"}, "update_target: 'tip' is not allowed; it takes leaf or root"),
    ({"memory": "40MB"}, "memory"),
    ({"workers": 65}, "workers: '65' is not allowed; it takes a whole number from 1 to 64"),
    ({"depth": 2, "nodes": 10}, "depth|nodes"),
    ({"middle_from": 0.9, "late_from": 0.1}, "middle_from 0.9 is after late_from 0.1|middle-from"),
    ({"log_level": "loud"}, "log_level: 'loud' is not allowed; it takes debug or info or")])
def test_a_setting_that_is_not_allowed_is_named(make, tmp_path, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        make(**settings)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("settings", [
    {"depth": 1.0}, {"depth": "1"}, {"games": True}, {"learning_rate": "0.1"},
    {"learning_rate": [0.1]}, {"epsilon": "0.1"}, {"compress": 1}, {"memory": 1.5},
    {"log_level": 3}, {"epsilon": {0.1}}, {"seed": np.float64(1)}])
def test_a_setting_of_another_type_is_named(make, settings):
    (name,) = settings
    with pytest.raises(TypeError, match=f"{name}: .* is of type .*; it takes"):
        make(**settings)


def test_numpy_numbers_are_numbers(make):
    trainer = make(depth=np.int64(2), learning_rate=np.float32(0.25), epsilon=np.array(0.5))
    settings = trainer.settings()
    assert (settings["depth"], settings["learning_rate"]) == ("2", "0.25")
    assert settings["epsilon_late"] == "0.5"


@pytest.mark.parametrize("games", [0, -1, 10**13])
def test_a_batch_has_at_least_one_game(make, games):
    with pytest.raises(ValueError, match=f"games: {games} is not allowed"):
        make().train_batch(games)


@pytest.mark.parametrize("games", [1.0, "1", None, True])
def test_a_batch_is_a_whole_number_of_games(make, games):
    with pytest.raises(TypeError, match="games: .* is of type"):
        make().train_batch(games)


def test_every_setting_of_a_run_is_an_argument():
    arguments = {name.strip("_") for name in inspect.signature(kiln.Trainer).parameters}
    assert arguments == set(kiln.settings())


def test_settings_change_between_games(make):
    trainer = make()
    trainer.train_batch(32)
    trainer.configure(depth=2, epsilon=0.25, log_level="debug", lambda_=0.5)
    settings = trainer.settings()
    assert (settings["depth"], settings["epsilon_middle"]) == ("2", "0.25")
    assert (settings["log_level"], settings["lambda"]) == ("debug", "0.5")
    trainer.configure(nodes=100)
    assert trainer.settings()["nodes"] == "100"
    trainer.train_batch(32)


def test_what_was_configured_is_in_the_checkpoint(make):
    trainer = make()
    trainer.configure(learning_rate=0.125)
    trainer.save()
    trainer.close()
    assert make(resume=True).settings()["learning_rate"] == "0.125"


@pytest.mark.parametrize(("change", "error", "complaint"), [
    ({"seed": 2}, ValueError, "seed cannot change while a run goes on"),
    ({"workers": 1}, ValueError, "workers: their number cannot change"),
    ({"depth": 99}, ValueError, "depth: '99' is not allowed|depth"),
    ({"colour": 1}, TypeError, "there is no setting 'colour'"),
    ({"depth": None, "epsilon": 2}, ValueError, "epsilon"),
    ({"depth": 2, "learning_rate": 99}, ValueError, "learning_rate|learning-rate")])
def test_a_change_that_is_not_allowed_changes_nothing(make, change, error, complaint):
    trainer = make()
    before = trainer.settings()
    with pytest.raises(error, match=complaint):
        trainer.configure(**change)
    assert trainer.settings() == before


def test_the_memory_report_adds_up(make):
    trainer = make()
    trainer.train_batch(32)
    report = trainer.memory_report()
    planned = sum(region["planned_bytes"] for region in report["regions"])
    assert 0 <= report["planned_bytes"] - planned < 8_000_000  # alignment
    assert report["planned_bytes"] <= report["budget_bytes"] == 400_000_000
    weights = next(r for r in report["regions"] if r["name"] == "pattern weights")
    tables = kiln.Evaluator(table_mib=1).get_weights()
    assert weights["planned_bytes"] == sum(2 * kiln.STAGES * t.shape[1] for t in tables.values())
    assert report["process"]["resident_bytes"] > report["arena_bytes"] / 2


def test_convergence_counts_what_was_touched(make):
    trainer = make()
    assert trainer.convergence()["touched_weights"] == 0
    trainer.train_batch(64)
    report = trainer.convergence()
    assert 0 < report["touched_weights"] < report["reachable_weights"] < report["weights"]
    assert report["rolling_games"] == 64
    assert math.isclose(report["stone_difference"], trainer.get_statistics().stone_difference)


def test_a_closed_trainer_says_so(make):
    trainer = make()
    trainer.close()
    trainer.close()
    with pytest.raises(RuntimeError, match="closed"):
        trainer.train_game()
    with pytest.raises(RuntimeError, match="closed"), trainer:
        pass


def test_a_trained_model_is_what_an_evaluator_reads(make, tmp_path):
    trainer = make()
    trainer.train_batch(128)
    model = kiln.Evaluator(trainer.save(), table_mib=1)
    assert model.games == 128
    assert any((table != kiln.NEUTRAL_WEIGHT).any() for table in model.get_weights().values())
    assert set(SMALL) <= set(kiln.settings())
