"""The package and the command go on with each other's runs, and end with the same bytes."""

import json
import subprocess

import kiln
from conftest import COMMAND, newest


def test_the_same_run_in_both_ends_with_the_same_bytes(make, command, tmp_path):
    command("theirs", seed=3)
    trainer = make("ours", seed=3)
    trainer.start_training()
    trainer.wait()
    assert newest(tmp_path / "ours") == newest(tmp_path / "theirs")


def test_what_the_package_began_the_command_finishes(make, command, tmp_path):
    command("whole")
    trainer = make("both")
    trainer.train_batch(64)
    trainer.save()
    trainer.close()
    done = command("both", resume=True)
    assert "resuming from" in done.stdout
    assert newest(tmp_path / "both") == newest(tmp_path / "whole")


def test_what_the_command_began_the_package_finishes(make, command, tmp_path):
    command("whole")
    command("both", stop_after=64)
    trainer = make("both", resume=True)
    assert trainer.games == 64
    trainer.resume_training()
    trainer.wait()
    assert newest(tmp_path / "both") == newest(tmp_path / "whole")


def test_uncompressed_checkpoints_are_the_same_too(make, command, tmp_path):
    command("theirs", compress=False, games=32)
    trainer = make("ours", compress=False, games=32)
    trainer.train_batch(32)
    trainer.save()
    assert newest(tmp_path / "ours") == newest(tmp_path / "theirs")


def test_both_keep_the_same_generations(make, command, tmp_path):
    command("theirs", checkpoint_every=32, keep=3)
    trainer = make("ours", checkpoint_every=32, keep=3)
    trainer.start_training()
    trainer.wait()
    names = [sorted(path.name for path in (tmp_path / run).glob("*.ckpt"))
             for run in ("theirs", "ours")]
    assert names[0] == names[1] and len(names[0]) == 3


def test_the_command_refuses_a_directory_in_use(make, tmp_path):
    make()
    done = subprocess.run([COMMAND, "train", "--state", str(tmp_path / "run"), "--games", "32"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 73 and "another kiln is training" in done.stderr


def test_a_match_is_the_same_in_both(trained):
    done = subprocess.run(
        [COMMAND, "evaluate", "--model", str(trained), "--opponent", "corner", "--games", "40",
         "--json"], capture_output=True, text=True, timeout=60, check=True)
    theirs = json.loads(done.stdout)
    ours = kiln.play_match(trained, "corner", games=40)
    assert (ours.wins, ours.draws, ours.losses) == tuple(
        theirs[name] for name in ("wins", "draws", "losses"))
    assert (ours.score, ours.lower, ours.upper, ours.stone_difference) == tuple(
        theirs[name] for name in ("score", "wilson_lower", "wilson_upper", "stone_difference"))
