"""The console programs and the examples, run as people run them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

import kiln
from conftest import COMMAND, ROOT, SMALL, flags_of, newest
from kiln._curves import Curves, series, smooth

EXAMPLES = ROOT / "app" / "python" / "examples"
MANY = ["--games", "1000000", "--memory", "400MB"]


def run(*arguments, code=0, **options):
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=False, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def program(name, *arguments, **options):
    return run("-m", f"kiln.{name}", *arguments, **options)


def picture_of(path):
    """A PNG's pixels."""
    import matplotlib.image
    return matplotlib.image.imread(path)


def test_training_and_resuming(tmp_path):
    state = tmp_path / "run"
    done = program("train", "--state", state, "--games", 64, "--memory", "400MB", "--every", 32,
                   "--checkpoint-every", 32, "--epsilon", "0.2,0.1", "--depth", 1)
    assert "32 of 64 games" in done.stdout and "saved is game 64" in done.stdout
    assert sorted(path.name for path in state.glob("*.ckpt")) == [
        "game-000000000032.ckpt", "game-000000000064.ckpt"]
    done = program("train", "--state", state, "--games", 96, "--resume", "--memory", "400MB")
    assert "from game 64 to 96" in done.stdout and "saved is game 96" in done.stdout
    done = program("train", "--state", state, "--resume", "--memory", "400MB")
    assert "already at its target" in done.stdout
    with kiln.Trainer(state, resume=True, memory="400MB") as trainer:
        assert trainer.settings()["epsilon_late"] == "0.1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_ends_training_well(tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "kiln.train", "--state", tmp_path / "run", "--every", "32", *MANY],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while " games;" not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "interrupted at game" in out
    assert newest(tmp_path / "run")


@pytest.mark.parametrize(("arguments", "complaint"), [
    (["--games", "0"], "games: '0' is not allowed"),
    (["--epsilon", "much"], "epsilon: 'much' is not allowed"),
    (["--state", "/dev/null/run"], "state: cannot use /dev/null/run"),
    (["--memory", "1MB"], "memory: '1MB'|memory")])
def test_what_training_refuses_is_one_line(tmp_path, arguments, complaint):
    done = program("train", "--state", tmp_path / "run", *arguments, code=1)
    assert done.stderr.count("\n") == 1 and complaint.split("|")[-1] in done.stderr
    assert not (tmp_path / "run").exists()


def test_evaluating(trained, tmp_path):
    done = program("evaluate", trained, "--games", 20)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("against random: ") and lines[1].startswith("against corner: ")
    done = program("evaluate", trained, "--opponent", trained, "--games", 10, "--depth", 2)
    assert "score 50.0%" in done.stdout  # colours are swapped, and both play alike
    for arguments, complaint in ((["--games", "3"], "games: 3 is not allowed"),
                                 (["--opponent", tmp_path / "no"], "opponent: cannot read")):
        refused = program("evaluate", trained, *arguments, code=1)
        assert refused.stderr.count("\n") == 1 and complaint in refused.stderr


def test_monitoring_a_log(trained, tmp_path):
    for source in (trained, next((trained / "logs").glob("*.jsonl"))):
        done = program("monitor", source, "--once")
        assert "stone difference" in done.stdout and "against random" in done.stdout
        assert "newest: games 101 to 200" in done.stdout
    for source, complaint in ((tmp_path, "there is no log"), (tmp_path / "no", "give a state dir"),
                              (tmp_path / "no.jsonl", "No such file")):
        refused = program("monitor", source, "--once", code=1)
        assert refused.stderr.count("\n") == 1 and complaint in refused.stderr


def test_monitoring_a_run_of_the_command(tmp_path):
    state = tmp_path / "run"
    process = subprocess.Popen(
        [COMMAND, "train", "--state", state, *flags_of({**SMALL, "games": 1_000_000})],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not any("window" in path.read_text() for path in state.glob("logs/*.jsonl")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        done = program("monitor", state, "--once")
        assert "training: " in done.stdout and "of 1,000,000 games" in done.stdout
        assert "MB resident of 400 MB" in done.stdout
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def test_monitoring_what_answers_nonsense(tmp_path, trained):
    (tmp_path / "logs").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "control.sock"))
        server.listen()
        server.settimeout(60)
        process = subprocess.Popen([sys.executable, "-m", "kiln.monitor", tmp_path, "--once"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        (tmp_path / "logs" / "training_1.jsonl").write_text("{}\nnonsense\n[1]\n")
        try:
            connection, _ = server.accept()
            connection.sendall(b"\xff nonsense\n")
            connection.close()
        except TimeoutError:
            pass
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1 and err.count("\n") == 1, err


def test_curves_pass_over_what_is_no_report(tmp_path):
    log = tmp_path / "x.jsonl"
    report = json.dumps({"event": "window", "games": 100, "stone_difference": 1.5})
    half = b'{"event": "window", "games"'
    log.write_bytes(b"\xff\xfe\n[]\n{}\nnull\n" + report.encode() + b"\n" + half)
    curves = Curves(log)
    curves.refresh()
    assert series(curves.windows, "stone_difference") == ([100], [[1.5]])
    assert series(curves.windows, "absent") == ([], [[]])
    with open(log, "ab") as file:
        file.write(b': 200, "stone_difference": -1.5}\n')
    curves.refresh()  # goes on where it stopped, at the line that was cut off
    assert series(curves.windows, "stone_difference") == ([100, 200], [[1.5, -1.5]])
    assert smooth([1.0, 3.0, 5.0], 2) == [1.0, 2.0, 4.0]


def test_curves_begin_with_what_lasts_of_removed_logs(tmp_path):
    (tmp_path / "logs").mkdir()

    def write(name, games, **fields):
        report = {"event": "window", "level": "warning", "games": games, **fields}
        with open(tmp_path / "logs" / name, "a", encoding="utf-8") as file:
            file.write(json.dumps(report) + "\n")

    write("history_20260101_000000_2.jsonl", 1, stone_difference=-1)  # replaced already
    write("history_20260101_000000_9.jsonl", 900, stone_difference=1)
    write("training_20260101_000000_9.jsonl", 2, stone_difference=-1)  # covered
    write("training_20260101_000000_11.jsonl", 1100, stone_difference=3)
    write("training_20260101_000000_10.jsonl", 1000, stone_difference=2)
    curves = Curves(tmp_path)
    curves.refresh()
    assert series(curves.windows, "stone_difference") == ([900, 1000, 1100], [[1, 2, 3]])
    write("history_20260101_000000_10.jsonl", 1000, stone_difference=2)
    write("training_20260101_000000_11.jsonl", 1200, stone_difference=4)
    curves.refresh()
    assert series(curves.windows, "stone_difference")[0] == [900, 1000, 1100, 1200]
    assert len(curves.warnings) == 4  # nothing twice


def test_plotting_curves(trained, tmp_path):
    program("monitor", trained, "--plot", tmp_path / "curves.png")
    picture = picture_of(tmp_path / "curves.png")
    assert picture.shape[:2] == (960, 1440)
    assert picture[..., :3].std() > 0.05  # something is drawn
    refused = program("monitor", trained, "--plot", tmp_path / "no" / "curves.png", code=1)
    assert "No such file" in refused.stderr


def test_the_tour_and_the_heat_maps(tmp_path):
    done = run(EXAMPLES / "tour.py", tmp_path)
    assert "3,000 games" in done.stdout or "4,000 games" in done.stdout
    assert "against corner" in done.stdout
    run(EXAMPLES / "heat_maps.py", tmp_path / "run", tmp_path / "maps.png", "40")
    picture = picture_of(tmp_path / "maps.png")
    assert picture[..., 0].std() > 0.05 and picture[..., 2].std() > 0.05


def test_five_lines_train(tmp_path):
    done = run(EXAMPLES / "five_lines.py", cwd=tmp_path, env=os.environ)
    assert "5,000 games" in done.stdout and "Statistics(games=5000" in done.stdout


def test_routing_is_shown_from_data_to_decision(tmp_path):
    done = run(EXAMPLES / "route.py", tmp_path / "route.png")
    assert "epoch 10: " in done.stdout and "go the light path, cost 0." in done.stdout
    assert picture_of(tmp_path / "route.png")[..., :3].std() > 0.05
