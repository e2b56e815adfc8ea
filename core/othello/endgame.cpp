// From many empties to few: table_node() with table, stability and mobility ordering,
// parity_node() with parity ordering, then the unrolled last squares. All are fail-soft negamax on
// disc differences.
#include "core/othello/endgame.hpp"

#include <algorithm>

#include "core/othello/evaluate-inl.hpp"
#include "core/othello/last_squares-inl.hpp"
#include "core/othello/search_run.hpp"
#include "core/othello/stability.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

constexpr int parity_empties = 5;     // at and below: no ordering but parity
constexpr int table_empties_min = 8;  // below, a look into the table costs more than it saves
constexpr Bits corners = 0x8100000000000081u;

// Empty squares in 4x4 quadrants that hold an odd number of them.
inline Bits odd_quadrants(Bits empty) {
    constexpr Bits quadrants[4] = {0x000000000f0f0f0fu, 0x00000000f0f0f0f0u, 0x0f0f0f0f00000000u,
                                   0xf0f0f0f000000000u};
    Bits odd = 0;
    for (const Bits quadrant : quadrants)
        if ((std::popcount(empty & quadrant) & 1) != 0)
            odd |= quadrant;
    return odd & empty;
}

// From which alpha on the opponent's stable discs are counted, which may prove the result no
// better. Chosen, not measured: the count is dearer, compared with a node, the fewer the empties.
inline int stability_threshold(int empties) {
    return empties <= 8 ? 24 : 12;
}

// At most four empties.
inline int last_squares(SearchRun& run, Board board, int alpha, int beta, int empties) {
    const Bits empty = board.empty();
    const Bits odd = odd_quadrants(empty);
    int squares[4];
    int count = 0;
    for (Bits part : {odd, empty & ~odd})
        for (; part != 0; part &= part - 1)
            squares[count++] = std::countr_zero(part);
    switch (empties) {
        case 4:
            return four_left(run.nodes, board, alpha, beta, squares, false);
        case 3:
            return three_left(run.nodes, board, alpha, beta, squares[0], squares[1], squares[2],
                              false);
        case 2:
            return two_left(run.nodes, board, alpha, beta, squares[0], squares[1]);
        case 1:
            return one_left(run.nodes, board.own, squares[0]);
        default:
            ++run.nodes;
            return score_of_finished(board);
    }
}

// Five to parity_empties empties.
int parity_node(SearchRun& run, Board board, int alpha, int beta, int empties, bool passed) {
    ++run.nodes;
    if (alpha >= stability_threshold(empties)) {
        const int bound = stability_bound(board);
        if (bound <= alpha)
            return bound;
    }
    const Bits empty = board.empty();
    const Bits odd = odd_quadrants(empty);
    int best = -discs_infinite;
    for (Bits part : {odd, empty & ~odd}) {
        for (; part != 0; part &= part - 1) {
            const int square = std::countr_zero(part);
            if (!may_turn(board, square))
                continue;
            const Bits flipped = flips_simd(board, square);
            if (flipped == 0)
                continue;
            const Board child = after_move(board, square, flipped);
            const int floor = std::max(alpha, best);
            const int value = empties == 5
                                  ? -last_squares(run, child, -beta, -floor, 4)
                                  : -parity_node(run, child, -beta, -floor, empties - 1, false);
            if (value > best) {
                best = value;
                if (best >= beta)
                    return best;
            }
        }
    }
    if (best != -discs_infinite)
        return best;
    if (passed)
        return score_of_finished(board);
    return -parity_node(run, after_pass(board), -beta, -alpha, empties, true);
}

struct OrderedMove {
    Board child;
    int key;
    Square square;
};

// Fastest first: moves that leave the opponent few replies, corners counted half again, and few
// empty squares beside our discs to play on later; then odd regions. Weights found by hand on
// endgames of 20 to 23 empties (perf/search.md).
inline int order_moves(Board board, Bits moves, int table_move, const TranspositionTable* prefetch,
                       OrderedMove* ordered) {
    const Bits odd = odd_quadrants(board.empty());
    int count = 0;
    for (; moves != 0; moves &= moves - 1) {
        const int square = std::countr_zero(moves);
        OrderedMove move;
        move.child = after_move(board, square, flips_simd(board, square));
        move.square = static_cast<Square>(square);
        if (prefetch != nullptr)
            prefetch->prefetch(move.child);
        const Bits replies = legal_moves_simd(move.child);
        const Bits later = move.child.empty() & neighbours_of(move.child.opponent);
        move.key = 8 * std::popcount(replies) + 4 * std::popcount(replies & corners) +
                   6 * std::popcount(later);
        if ((odd & bit(square)) != 0)
            move.key -= 3;
        if (square == table_move)
            move.key = -1000;
        int at = count++;
        for (; at > 0 && ordered[at - 1].key > move.key; --at)
            ordered[at] = ordered[at - 1];
        ordered[at] = move;
    }
    return count;
}

int solve(SearchRun& run, Board board, int alpha, int beta);

int table_node(SearchRun& run, Board board, int alpha, int beta, int empties) {
    if (run.count_node())
        return 0;
    const Bits moves = legal_moves_simd(board);
    if (moves == 0) {
        const Board passed = after_pass(board);
        return legal_moves_simd(passed) == 0 ? score_of_finished(board)
                                             : -table_node(run, passed, -beta, -alpha, empties);
    }
    if (alpha >= stability_threshold(empties)) {
        const int bound = stability_bound(board);
        if (bound <= alpha)
            return bound;
    }
    TableEntry known = {-64, 64, empties, 0};
    const bool has_table = empties >= table_empties_min;
    const bool is_known = has_table && run.table->find(board, TableKind::exact, known);
    if (is_known) {
        if (known.lower >= beta || known.lower == known.upper)
            return known.lower;
        if (known.upper <= alpha)
            return known.upper;
    }
    OrderedMove ordered[square_count];
    const int count = order_moves(board, moves, is_known ? known.move : -1,
                                  empties > table_empties_min ? run.table : nullptr, ordered);
    int best = -discs_infinite;
    for (int i = 0; i < count; ++i) {
        const int floor = std::max(alpha, best);
        int value;
        if (i == 0) {
            value = -solve(run, ordered[i].child, -beta, -floor);
        } else {
            value = -solve(run, ordered[i].child, -floor - 1, -floor);
            if (value > floor && value < beta)
                value = -solve(run, ordered[i].child, -beta, -value);
        }
        if (run.is_interrupted)
            return 0;
        if (value > best) {
            best = value;
            known.move = ordered[i].square;
            if (best >= beta)
                break;
        }
    }
    if (best > alpha)
        known.lower = std::max(best, known.lower);
    if (best < beta)
        known.upper = std::min(best, known.upper);
    known.depth = empties;
    if (has_table)
        run.table->store(board, TableKind::exact, known);
    return best;
}

int solve(SearchRun& run, Board board, int alpha, int beta) {
    const int empties = board.empties();
    if (empties > parity_empties)
        return table_node(run, board, alpha, beta, empties);
    if (empties > 4)
        return parity_node(run, board, alpha, beta, empties, false);
    return last_squares(run, board, alpha, beta, empties);
}

// Tries the root's moves in order; keeps the best. As table_node(), but it always finds a move.
EndgameResult solve_root(SearchRun& run, Board board, int alpha, int beta) {
    EndgameResult result;
    OrderedMove ordered[square_count];
    TableEntry known;
    const bool is_known = run.table->find(board, TableKind::exact, known);
    const int count =
        order_moves(board, legal_moves_simd(board), is_known ? known.move : -1, run.table, ordered);
    int best = -discs_infinite;
    for (int i = 0; i < count && best < beta; ++i) {
        const int floor = std::max(alpha, best);
        int value = -discs_infinite;
        if (i > 0)
            value = -solve(run, ordered[i].child, -floor - 1, -floor);
        if (i == 0 || (value > floor && value < beta))
            value = -solve(run, ordered[i].child, -beta, -floor);
        if (value > best) {
            best = value;
            result.move = ordered[i].square;
        }
    }
    result.discs = best;
    return result;
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::othello {

int solve_endgame(SearchRun& run, Board board, int alpha, int beta) {
    return HWY_STATIC_DISPATCH(solve)(run, board, alpha, beta);
}

EndgameResult Endgame::solve_within(Board board, int alpha, int beta, bool is_widened,
                                    const Interrupt& interrupt) {
    EndgameResult result;
    if (is_over(board)) {
        result.discs = final_score(board);
        result.is_complete = true;
        return result;
    }
    if (legal_moves(board) == 0) {
        result = solve_within(after_pass(board), -beta, -alpha, is_widened, interrupt);
        result.discs = -result.discs;
        result.move = no_square;
        return result;
    }
    SearchRun run;
    run.table = table_;
    run.interrupt = interrupt;
    run.next_poll = Interrupt::poll_interval_nodes;
    const auto solve_root = HWY_STATIC_DISPATCH(solve_root);
    result = solve_root(run, board, alpha, beta);
    // Outside the window: again with the rest of all scores, if those are wanted.
    if (is_widened && !run.is_interrupted && result.discs <= alpha && alpha > -64)
        result = solve_root(run, board, -64, result.discs + 1);
    else if (is_widened && !run.is_interrupted && result.discs >= beta && beta < 64)
        result = solve_root(run, board, result.discs - 1, 64);
    result.nodes = run.nodes;
    result.is_complete = !run.is_interrupted;
    return result;
}

EndgameResult Endgame::solve(Board board, int guess_discs, const Interrupt& interrupt) {
    // A narrow window around the guess: the true result is even, and most guesses are near.
    constexpr int half_window = 5;
    const int alpha = std::clamp(guess_discs - half_window, -64, 63);
    const int beta = std::clamp(guess_discs + half_window, alpha + 1, 64);
    return solve_within(board, alpha, beta, true, interrupt);
}

EndgameResult Endgame::solve_winner(Board board, const Interrupt& interrupt) {
    EndgameResult result = solve_within(board, -1, 1, false, interrupt);
    result.discs = (result.discs > 0) - (result.discs < 0);
    return result;
}

}  // namespace kiln::othello
