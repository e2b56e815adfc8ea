"""kiln.Evaluator: values, searches, tables; every way of writing down a board."""

import os
import random
import threading

import numpy as np
import pytest

import kiln
import referee


@pytest.fixture(scope="module")
def model(trained):
    return kiln.Evaluator(trained, table_mib=1)


@pytest.fixture(scope="module")
def boards():
    """Positions of random games, and boards that no game reaches."""
    chance = random.Random(1)
    rows = [position for _ in range(12) for position in referee.random_game(chance, 70)]
    for filled in range(0, 65, 4):
        cells = [chance.choice((-1, 1)) for _ in range(filled)] + [0] * (64 - filled)
        chance.shuffle(cells)
        rows.append(cells)
    return np.array(rows, dtype=np.int8)


def test_the_start_is_the_start():
    assert list(kiln.START) == referee.random_game(random.Random(1), 0)[0]


def test_a_fresh_evaluator_knows_nothing():
    fresh = kiln.Evaluator(table_mib=1)
    assert fresh.evaluate(kiln.START) == 0.0
    assert (fresh.name, fresh.games) == ("untrained", 0)
    assert all((table == kiln.NEUTRAL_WEIGHT).all() for table in fresh.get_weights().values())


def test_a_checkpoint_and_its_directory_are_the_same_model(trained, model):
    assert model.games == 256
    (file,) = trained.glob("*.ckpt")
    other = kiln.Evaluator(str(file), table_mib=1)
    assert other.name == str(file)
    for name, table in model.get_weights().items():
        assert np.array_equal(table, other.get_weights()[name])


def test_values_are_those_of_a_plain_referee(model, boards):
    weights = model.get_weights()
    values = model.evaluate_batch(boards)
    assert values.dtype == np.float32
    assert len(np.unique(values)) > 100  # the model has an opinion
    for row, value in zip(boards.tolist(), values):
        assert referee.evaluate(model.patterns, weights, row, kiln.NEUTRAL_WEIGHT) == value
        assert model.evaluate(row) == value


def test_a_position_turned_round_has_the_same_value(model, boards):
    square = boards.reshape(-1, 8, 8)
    values = model.evaluate_batch(boards)
    for turned in (square[:, ::-1], square[:, :, ::-1], square.transpose(0, 2, 1)):
        assert np.array_equal(model.evaluate_batch(turned.reshape(-1, 64)), values)


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "<i4", ">i4", ">i2", "intp"])
@pytest.mark.parametrize("opponent", [-1, 2])
def test_any_integer_type_will_do(model, boards, kind, opponent):
    written = np.where(boards == -1, opponent, boards).astype(kind)
    assert np.array_equal(model.evaluate_batch(written), model.evaluate_batch(boards))
    assert model.evaluate(written[5]) == model.evaluate(boards[5].tolist())


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", ">u2"])
def test_unsigned_types_write_the_opponent_as_2(model, boards, kind):
    written = np.where(boards == -1, 2, boards).astype(kind)
    assert np.array_equal(model.evaluate_batch(written), model.evaluate_batch(boards))


def test_arrays_need_not_lie_in_one_piece(model, boards):
    values = model.evaluate_batch(boards)
    assert np.array_equal(model.evaluate_batch(boards[::-1])[::-1], values)
    assert np.array_equal(model.evaluate_batch(boards[::3]), values[::3])
    assert np.array_equal(model.evaluate_batch(np.asfortranarray(boards)), values)
    wide = np.full((len(boards), 200), 9, dtype=np.int32)
    wide[:, 3:195:3] = boards
    assert np.array_equal(model.evaluate_batch(wide[:, 3:195:3]), values)
    backwards = boards[:, ::-1].copy()[:, ::-1]
    assert np.array_equal(model.evaluate_batch(backwards), values)
    one = np.broadcast_to(boards[7], (5, 64))
    assert np.array_equal(model.evaluate_batch(one), np.full(5, values[7]))
    read_only = boards.copy()
    read_only.flags.writeable = False
    assert np.array_equal(model.evaluate_batch(read_only), values)


def test_no_boards_have_no_values(model):
    values = model.evaluate_batch(np.zeros((0, 64), dtype=np.int8))
    assert values.shape == (0,) and values.dtype == np.float32


@pytest.mark.parametrize("shape", [(64,), (3, 63), (3, 65), (2, 8, 8), (0,), (0, 63), ()])
def test_a_batch_of_another_shape_is_refused(model, shape):
    with pytest.raises(ValueError, match=r"boards: its shape is .*it takes \(N, 64\)"):
        model.evaluate_batch(np.zeros(shape, dtype=np.int8))


@pytest.mark.parametrize("shape", [(63,), (65,), (8, 8), (1, 64), (0,)])
def test_a_board_of_another_shape_is_refused(model, shape):
    with pytest.raises(ValueError, match=r"board: its shape is .*it takes \(64,\)"):
        model.evaluate(np.zeros(shape, dtype=np.int8))


@pytest.mark.parametrize("kind", ["f4", "f8", "?", "c8", "O", "U1", "S1", "m8[s]"])
def test_arrays_of_anything_but_integers_are_refused(model, kind):
    with pytest.raises(TypeError, match="boards: its type is .*whole numbers"):
        model.evaluate_batch(np.zeros((1, 64), dtype=kind))


@pytest.mark.parametrize(("kind", "value"), [
    ("i1", 3), ("i1", -2), ("i1", 127), ("u1", 255), ("u1", 3), ("i2", 256), ("i2", 257),
    ("i4", 1 << 16), ("i8", (1 << 32) + 1), ("i8", -(1 << 63)), ("u8", (1 << 64) - 1),
    ("u2", 65535)])
def test_a_cell_that_is_no_disc_is_named(model, kind, value):
    boards = np.zeros((4, 64), dtype=kind)
    boards[2, 37] = value
    with pytest.raises(ValueError, match=rf"boards\[2\]: cell 37 \(f5\) is {value};.*0 \(empty\)"):
        model.evaluate_batch(boards)
    with pytest.raises(ValueError, match=rf"board: cell 37 \(f5\) is {value};"):
        model.evaluate(boards[2])


def test_lists_are_held_to_the_same_rules(model):
    board = list(kiln.START)
    for value in (3, -2, 1 << 70):
        with pytest.raises(ValueError, match=rf"board: cell 9 \(b2\) is {value};"):
            model.evaluate([*board[:9], value, *board[10:]])
    for value in (1.0, "1", None):
        with pytest.raises(TypeError, match=r"board: cell 9 \(b2\) is .*whole numbers"):
            model.evaluate([*board[:9], value, *board[10:]])
    with pytest.raises(ValueError, match="board: it has 63 cells; it takes 64"):
        model.evaluate(board[:63])
    for no_board in (None, 5, "x" * 64, b"x" * 64, {}, iter(board)):
        with pytest.raises(TypeError, match="board: it is "):
            model.evaluate(no_board)
    with pytest.raises((TypeError, ValueError), match="boards: "):
        model.evaluate_batch(None)


def test_a_list_of_boards_is_a_batch(model, boards):
    assert np.array_equal(model.evaluate_batch(boards[:3].tolist()),
                          model.evaluate_batch(boards[:3]))


def test_weights_are_views_that_cannot_be_written(model):
    weights = model.get_weights()
    assert list(weights) == [pattern.name for pattern in model.patterns]
    again = model.get_weights()
    for pattern in model.patterns:
        table = weights[pattern.name]
        assert table.shape == (kiln.STAGES, pattern.size)
        assert table.dtype == np.uint16
        assert not table.flags.writeable and not table.flags.owndata
        assert np.shares_memory(table, again[pattern.name])
        with pytest.raises(ValueError, match="read-only"):
            table[0, 0] = 1


def test_weights_outlive_the_name_of_their_evaluator(trained):
    table = kiln.Evaluator(trained, table_mib=1).get_weights()["mobility"]
    assert table.sum() > 0  # the memory is still there


def test_mirror_images_share_a_weight(model):
    edge = next(p for p in model.patterns if p.kind == "pattern" and p.classes < p.size)
    table = model.get_weights()[edge.name]
    assert any(len(np.unique(row)) > 1 for row in table)
    assert edge.size == 3 ** len(edge.placements[0])
    for placement in edge.placements:
        assert len(set(placement)) == len(placement) and set(placement) <= set(range(64))


def test_the_best_move_is_legal_and_the_same_every_time(model, boards):
    for board in boards[:40].tolist():
        move = model.best_move(board, depth=2, exact_empties=0)
        assert move == model.best_move(board, depth=2, exact_empties=0)
        legal = referee.moves(board)
        assert move.square in legal if legal else move.square is None
        if legal:
            assert move.name == "abcdefgh"[move.square % 8] + str(move.square // 8 + 1)


def test_a_wipe_out_is_exact_and_worth_64(model):
    board = [0] * 64
    board[0], board[1] = 1, -1
    move = model.best_move(board, depth=1, exact_empties=0)
    assert (move.square, move.score) == (2, 64.0)


def test_few_empty_squares_are_solved(model):
    chance = random.Random(3)
    board = next(p for p in referee.random_game(chance, 60) if p.count(0) == 8)

    def solve(position):
        choices = referee.moves(position)
        if choices:
            return max(-solve(referee.after(position, square)) for square in choices)
        if referee.moves(referee.swapped(position)):
            return -solve(referee.swapped(position))
        difference, empty = sum(position), position.count(0)
        return difference + (empty if difference > 0 else -empty if difference < 0 else 0)

    move = model.best_move(board, depth=1, exact_empties=8)
    assert move.exact and move.score == solve(board)


@pytest.mark.parametrize(("limits", "complaint"), [
    ({"depth": 0}, "depth: '0' is not allowed; it takes a whole number from 1 to 60"),
    ({"nodes": -1}, "nodes: '-1' is not allowed"),
    ({"time_ms": 0}, "time_ms: '0' is not allowed"),
    ({"depth": 2, "nodes": 5}, "nodes excludes depth|depth excludes nodes"),
    ({"exact_empties": 31}, "exact_empties: '31' is not allowed; it takes .* from 0 to 30"),
    ({"selectivity": 5}, "selectivity: '5' is not allowed")])
def test_a_limit_that_is_not_allowed_is_refused(model, limits, complaint):
    with pytest.raises(ValueError, match=complaint):
        model.best_move(kiln.START, **limits)


@pytest.mark.parametrize("value", [1.5, "3", True, [1]])
def test_a_limit_of_another_type_is_refused(model, value):
    with pytest.raises(TypeError, match="depth: .* is of type .*; it takes a whole number"):
        model.best_move(kiln.START, depth=value)


def test_nodes_and_milliseconds_are_limits_too(model):
    assert model.best_move(kiln.START, nodes=500).nodes < 5_000
    assert model.best_move(kiln.START, time_ms=5).square in referee.moves(list(kiln.START))


@pytest.mark.parametrize(("arguments", "complaint"), [
    ({"table_mib": 0}, "table_mib: '0' is not allowed"),
    ({"memory": "1MB"}, "memory"),
    ({"memory": "a lot"}, "memory: 'a lot' is not allowed; it takes a size")])
def test_memory_that_is_not_allowed_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        kiln.Evaluator(**arguments)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="path: cannot read .*/nothing"):
        kiln.Evaluator(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        kiln.Evaluator(tmp_path)


def test_what_is_no_checkpoint_is_refused(tmp_path):
    for contents in (b"", b"no checkpoint\n" * 1000):
        (tmp_path / "x.ckpt").write_bytes(contents)
        with pytest.raises(kiln.CheckpointError) as refusal:
            kiln.Evaluator(tmp_path / "x.ckpt")
        assert refusal.value.section is None and refusal.value.chunk is None


def test_damage_is_told_with_section_and_chunk(tmp_path):
    settings = {"games": 32, "epoch_games": 32, "memory": "400MB", "table_mib": 2}
    with kiln.Trainer(tmp_path, trials_every=0, **settings) as trainer:
        path = trainer.save()
    with open(path, "r+b") as file:
        file.seek(10_000_000)  # amid the weights, which come first
        file.write(b"damage")
    with pytest.raises(kiln.CheckpointError, match="section othello.weights, chunk 15") as refusal:
        kiln.Evaluator(path)
    assert refusal.value.section == "othello.weights"
    assert refusal.value.chunk in (151, 152)
    os.unlink(path)


def test_threads_get_the_same_values(model, boards):
    values = model.evaluate_batch(boards)
    move = model.best_move(boards[20], depth=3)
    wrong = []

    def work():
        for _ in range(20):
            if not np.array_equal(model.evaluate_batch(boards), values):
                wrong.append("values")
            if model.best_move(boards[20], depth=3) != move:
                wrong.append("move")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_evaluator_works_in_the_child_of_a_fork(model):
    value = model.evaluate(kiln.START)
    child = os.fork()
    if child == 0:
        is_right = model.evaluate(kiln.START) == value and model.best_move(kiln.START).square
        os._exit(0 if is_right else 1)
    assert os.waitpid(child, 0)[1] == 0
