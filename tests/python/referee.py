"""Othello and its evaluation once more, square by square, as plain as can be.

Shares nothing with the library but the tables of weights and the list of placements.
"""

DIRECTIONS = [(f, r) for f in (-1, 0, 1) for r in (-1, 0, 1) if (f, r) != (0, 0)]


def line(square, step):
    """Squares from there in a direction, to the edge."""
    file, rank = square % 8 + step[0], square // 8 + step[1]
    while 0 <= file < 8 and 0 <= rank < 8:
        yield rank * 8 + file
        file, rank = file + step[0], rank + step[1]


def flips(board, square):
    """Discs that turn when 1 plays there."""
    if board[square] != 0:
        return []
    turned = []
    for step in DIRECTIONS:
        run = []
        for other in line(square, step):
            if board[other] == -1:
                run.append(other)
                continue
            if board[other] == 1:
                turned += run
            break
    return turned


def moves(board):
    return [square for square in range(64) if flips(board, square)]


def swapped(board):
    return [-cell for cell in board]


def after(board, square):
    """The position after a move, seen by the other player."""
    board = list(board)
    for turned in [*flips(board, square), square]:
        board[turned] = 1
    return swapped(board)


def random_game(random, plies):
    """Positions of a random game, each seen by its player to move."""
    board = [0] * 64
    board[28] = board[35] = 1
    board[27] = board[36] = -1
    positions = [board]
    while len(positions) <= plies:
        choices = moves(board)
        if choices:
            board = after(board, random.choice(choices))
        elif moves(swapped(board)):
            board = swapped(board)
        else:
            break
        positions.append(board)
    return positions


def touching(board, colour):
    """Empty squares beside a disc of that colour."""
    count = 0
    for square in range(64):
        if board[square] == 0:
            near = (next(line(square, step), None) for step in DIRECTIONS)
            count += any(other is not None and board[other] == colour for other in near)
    return count


def evaluate(evaluator_patterns, weights, board, neutral):
    """Discs, for the player to move."""
    discs = sum(cell != 0 for cell in board)
    stage = 0 if discs < 4 else min((discs - 4) // 2, 29)
    total = 0
    for pattern in evaluator_patterns:
        table = weights[pattern.name][stage]
        if pattern.kind == "pattern":
            for placement in pattern.placements:
                number = pattern.size // 2
                number += sum(board[square] * 3**i for i, square in enumerate(placement))
                total += int(table[number]) - neutral
            continue
        if pattern.kind == "count":
            number = sum(board) + pattern.size // 2
        elif pattern.kind == "mobility":
            number = 32 * min(len(moves(board)), 31) + min(len(moves(swapped(board))), 31)
        else:
            number = 32 * min(touching(board, -1), 31) + min(touching(board, 1), 31)
        total += int(table[number]) - neutral
    limit = 64 * 256 - 1
    return max(-limit, min(limit, total)) / 256
