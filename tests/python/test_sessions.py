"""kiln.Trainer in the background: starting, pausing, callbacks, signals, threads, forks."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import kiln
from conftest import newest

LONG = {"games": 1_000_000}


def wait_until(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_games(trainer, games):
    wait_until(lambda: trainer.games >= games)


def test_a_session_ends_at_its_target_with_a_checkpoint(make):
    trainer = make()
    assert not trainer.is_training_active()
    trainer.start_training(96)
    assert trainer.wait() and not trainer.is_training_active()
    assert trainer.games == trainer.games_saved == trainer.get_statistics().games == 96
    assert trainer.settings()["games"] == "96"


def test_pausing_saves_and_resuming_ends_with_the_same_bytes(make, tmp_path):
    paused, straight = make("paused", games=512), make("straight", games=512)
    paused.start_training()
    for games in (1, 100, 200):
        wait_for_games(paused, games)
        paused.pause_training()
        assert not paused.is_training_active()
        assert paused.games == paused.games_saved
        assert paused.games % 32 == 0
        if paused.games < 512:
            paused.resume_training()
    paused.wait()
    straight.start_training()
    straight.wait()
    assert newest(tmp_path / "paused") == newest(tmp_path / "straight")


def test_a_paused_run_is_resumed_by_another_trainer(make, tmp_path):
    first = make(games=256)
    first.start_training()
    wait_for_games(first, 32)
    first.pause_training()
    games = first.games
    first.close()
    second = make(games=256, resume=True)
    assert second.games == games
    if games < 256:
        second.resume_training()
        second.wait()
    whole = make("whole", games=256)
    whole.start_training()
    whole.wait()
    assert newest(tmp_path / "run") == newest(tmp_path / "whole")


def test_pausing_what_does_not_run_does_nothing(make):
    trainer = make()
    trainer.pause_training()
    assert trainer.wait(0)


def test_a_target_lies_ahead(make):
    trainer = make()
    trainer.train_batch(64)
    for target in (64, 10):
        with pytest.raises(ValueError, match=f"target_games: {target} .* the run has 64 games"):
            trainer.start_training(target)
    for target in ("100", 1.5):
        with pytest.raises(TypeError, match="target_games"):
            trainer.start_training(target)
    trainer.start_training(96)
    trainer.wait()
    with pytest.raises(ValueError, match="target_games: 96"):
        trainer.resume_training()


def test_callbacks_come_at_every_multiple_in_order(make):
    told = []
    trainer = make(games=512)
    trainer.start_training(progress=told.append, every=50)
    trainer.wait()
    assert [progress.games for progress in told] == list(range(50, 513, 50))
    assert {progress.target_games for progress in told} == {512}
    # Statistics are those of the last hundredth game.
    assert [p.statistics.games for p in told] == [p.games // 100 * 100 for p in told]
    batch = make("batch", games=512)
    batch.train_batch(500)
    at_500 = batch.get_statistics()
    assert told[-1].statistics[:5] == pytest.approx(at_500[:5])


def test_callbacks_come_every_hundred_games_by_default(make):
    told = []
    make(games=320).train_batch(320, progress=lambda progress: told.append(progress.games))
    assert told == [100, 200, 300]
    del told[:]
    make("exact", games=200).train_batch(200, progress=lambda progress: told.append(progress.games))
    assert told == [100, 200]


def test_an_exception_in_a_callback_ends_the_session_and_is_raised(make):
    def fail(progress):
        raise LookupError(f"at {progress.games}")

    trainer = make(**LONG)
    trainer.start_training(progress=fail, every=64)
    with pytest.raises(LookupError, match="at 64"):
        trainer.wait()
    assert not trainer.is_training_active()
    assert 64 <= trainer.games == trainer.games_saved
    trainer.train_batch(32)  # it goes on


def test_an_exception_in_a_callback_ends_the_batch(make):
    def fail(progress):
        raise LookupError

    trainer = make(**LONG)
    with pytest.raises(LookupError):
        trainer.train_batch(100_000, progress=fail, every=64)
    assert 64 <= trainer.games == trainer.games_saved < 100_000


def test_a_callback_may_ask_and_pause(make):
    told = []

    def look(progress):
        told.append(progress.games)
        # Games go on while this is called, so there may be more by now.
        assert trainer.get_statistics().games >= progress.games
        assert trainer.is_training_active()
        assert trainer.memory_report()["planned_bytes"] > 0
        trainer.convergence()

    trainer = make(games=256)
    trainer.start_training(progress=look)
    trainer.wait()
    assert told == [100, 200]


def test_everything_may_be_asked_during_a_session(make):
    with make(**LONG) as trainer:
        trainer.start_training()
        wait_for_games(trainer, 128)
        assert trainer.is_training_active()
        wait_until(lambda: trainer.get_statistics().games >= 100)
        assert trainer.memory_report()["regions"]
        assert trainer.convergence() is None
        assert trainer.wait(0.01) is False
        path = trainer.save()
        assert os.path.exists(path)
        for refused in (trainer.train_game, trainer.start_training, trainer.load,
                        lambda: trainer.train_batch(1)):
            with pytest.raises(RuntimeError, match="training is under way"):
                refused()
    assert trainer._is_closed


def test_settings_change_during_a_session(make):
    trainer = make(**LONG)
    trainer.start_training()
    wait_for_games(trainer, 32)
    trainer.configure(depth=2, checkpoint_every=1_000)
    assert trainer.is_training_active() and trainer.settings()["depth"] == "2"
    with pytest.raises(ValueError, match="depth"):
        trainer.configure(depth=61)
    assert trainer.is_training_active()
    wait_for_games(trainer, trainer.games + 32)
    trainer.configure(games=trainer.games + 64)
    assert trainer.wait()


def test_two_trainers_at_once_end_with_the_bytes_of_one(make, tmp_path):
    trainers = [make(f"run{i}", seed=5) for i in range(2)]
    for trainer in trainers:
        trainer.start_training()
    for trainer in trainers:
        trainer.wait()
    assert newest(tmp_path / "run0") == newest(tmp_path / "run1")


def test_threads_may_share_a_trainer(make):
    trainer = make(**LONG)
    failures = []

    def work():
        try:
            for _ in range(10):
                trainer.train_batch(8)
                trainer.get_statistics()
                trainer.memory_report()
        except RuntimeError as error:  # another thread's batch is under way
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert trainer.games == trainer.get_statistics().games == 240


def test_python_goes_on_while_a_batch_is_played(make):
    trainer = make(**LONG)
    counts = []

    def count():
        end = time.monotonic() + 0.5
        number = 0
        while time.monotonic() < end:
            number += 1
        counts.append(number)

    thread = threading.Thread(target=count)
    thread.start()
    trainer.train_batch(256)
    thread.join()
    assert counts[0] > 1000


def run_script(tmp_path, script, *arguments, signals=(), code=0):
    """Runs Python; signals: what to send at each line that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "run"), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for number in signals:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
        sent = time.monotonic()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code, err
    return out, err, time.monotonic() - sent


BEGIN = """
import sys, kiln
trainer = kiln.Trainer(sys.argv[1], games=1_000_000, trials_every=0, compress=True,
                       memory="400MB", table_mib=2, exact_empties=6)
ready = []
def tell(progress):
    if not ready:
        ready.append(print("ready", flush=True))
"""


@pytest.mark.parametrize("train", [
    "trainer.train_batch(1_000_000, progress=tell)",
    "trainer.start_training(progress=tell); trainer.wait()"])
def test_ctrl_c_saves_and_raises(tmp_path, train):
    out, _, seconds = run_script(tmp_path, BEGIN + f"""
try:
    {train}
except KeyboardInterrupt:
    print("interrupted", trainer.games, trainer.games_saved, trainer.is_training_active())
""", signals=[signal.SIGINT])
    word, games, saved, active = out.split()
    assert word == "interrupted" and games == saved and int(games) >= 100 and active == "False"
    assert newest(tmp_path / "run")
    assert seconds < 20  # 1 or 2 on a machine that does nothing else


def test_a_program_that_ends_saves_what_is_under_way(tmp_path):
    run_script(tmp_path, BEGIN + """
import time
trainer.start_training()
while trainer.games < 64:
    time.sleep(0.01)
""")
    assert kiln.Evaluator(tmp_path / "run", table_mib=1).games >= 64


def test_leaving_with_saves_what_is_under_way(make, tmp_path):
    with make(**LONG) as trainer:
        trainer.start_training()
        wait_for_games(trainer, 64)
    assert kiln.Evaluator(tmp_path / "run", table_mib=1).games >= 64


def test_a_search_is_interrupted(tmp_path):
    out, _, _ = run_script(tmp_path, """
import kiln
evaluator = kiln.Evaluator()
try:
    print("ready", flush=True)
    evaluator.best_move(kiln.START, depth=60)
except KeyboardInterrupt:
    print("interrupted")
""", signals=[signal.SIGINT])
    assert out == "interrupted\n"


def test_the_child_of_a_fork_is_told_and_harms_nothing(make):
    trainer = make(games=256)
    trainer.start_training()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            trainer.train_game()
        except RuntimeError as error:
            code = 0 if "fork" in str(error) else 2
        trainer.close()
        del trainer
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    trainer.wait()
    assert trainer.games == 256


def test_the_child_of_a_fork_does_not_keep_the_directory(make):
    trainer = make()
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        trainer.close()
        make(resume=True)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_the_child_of_a_fork_ends_like_any_program(tmp_path):
    run_script(tmp_path, BEGIN + """
import os
trainer.start_training()
child = os.fork()
if child == 0:
    sys.exit(0)  # atexit, and all objects go
assert os.waitpid(child, 0)[1] == 0
trainer.pause_training()
""")


def test_a_checkpoint_that_cannot_be_written_is_an_oserror(make, tmp_path):
    trainer = make()
    trainer.train_batch(32)
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(OSError, match="game 32 could not be trained or saved"):
        trainer.save()
    trainer.train_batch(32)  # nothing is lost but the file
    assert trainer.games == 64
