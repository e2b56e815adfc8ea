// From many empties to few: deep() with table and mobility ordering, shallow() with parity
// ordering, then two_left() and one_left() unrolled. All are fail-soft negamax on disc differences.
#include "core/othello/endgame.hpp"

#include <algorithm>

#include "core/othello/moves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

using Run = Endgame::Run;

constexpr int shallow_empties = 6;  // at and below: no table, parity ordering only
constexpr int discs_infinite = 65;
constexpr Bits corners = 0x8100000000000081u;

// Empty squares in 4x4 quadrants that hold an odd number of them. Playing there first tends to
// leave the opponent the last move nowhere (Buro; "parity").
inline Bits odd_quadrants(Bits empty) {
    constexpr Bits quadrants[4] = {0x000000000f0f0f0fu, 0x00000000f0f0f0f0u, 0x0f0f0f0f00000000u,
                                   0xf0f0f0f000000000u};
    Bits odd = 0;
    for (const Bits quadrant : quadrants)
        if ((std::popcount(empty & quadrant) & 1) != 0)
            odd |= quadrant;
    return odd & empty;
}

inline int score_of_finished(Board board) {
    const int difference = std::popcount(board.own) - std::popcount(board.opponent);
    const int empties = board.empties();
    return difference > 0 ? difference + empties : difference < 0 ? difference - empties : 0;
}

int one_left(Run& run, Board board, int square) {
    ++run.nodes;
    const int own = std::popcount(board.own);
    const Bits flipped = flips_simd(board, square);
    if (flipped != 0)
        return 2 * (own + std::popcount(flipped) + 1) - 64;
    const Bits turned = flips_simd(after_pass(board), square);
    if (turned != 0)
        return 2 * (own - std::popcount(turned)) - 64;
    return own > 31 ? 2 * own + 2 - 64
                    : 2 * own - 64;  // the empty square goes to the winner; 63 discs: no draw
}

int two_left(Run& run, Board board, int alpha, int beta, int first, int second, bool passed) {
    ++run.nodes;
    int best = -discs_infinite;
    if (const Bits flipped = flips_simd(board, first); flipped != 0) {
        best = -one_left(run, after_move(board, first, flipped), second);
        if (best >= beta)
            return best;
    }
    if (const Bits flipped = flips_simd(board, second); flipped != 0)
        best = std::max(best, -one_left(run, after_move(board, second, flipped), first));
    if (best != -discs_infinite)
        return best;
    if (passed)
        return score_of_finished(board);
    return -two_left(run, after_pass(board), -beta, -alpha, first, second, true);
}

// Three to shallow_empties empties.
int shallow(Run& run, Board board, int alpha, int beta, bool passed) {
    ++run.nodes;
    const Bits empty = board.empty();
    const Bits odd = odd_quadrants(empty);
    const int empties = std::popcount(empty);
    int best = -discs_infinite;
    for (Bits part : {odd, empty & ~odd}) {
        for (; part != 0; part &= part - 1) {
            const int square = std::countr_zero(part);
            const Bits flipped = flips_simd(board, square);
            if (flipped == 0)
                continue;
            const Board child = after_move(board, square, flipped);
            int value;
            if (empties == 3) {
                const Bits rest = empty & ~bit(square);
                value = -two_left(run, child, -beta, -std::max(alpha, best), std::countr_zero(rest),
                                  63 - std::countl_zero(rest), false);
            } else {
                value = -shallow(run, child, -beta, -std::max(alpha, best), false);
            }
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
    return -shallow(run, after_pass(board), -beta, -alpha, true);
}

struct OrderedMove {
    Board child;
    int key;
    Square square;
};

// Fastest first: moves that leave the opponent few replies, corners counted twice; then odd
// regions.
inline int order_moves(Board board, Bits moves, Square table_move, OrderedMove* ordered) {
    const Bits odd = odd_quadrants(board.empty());
    int count = 0;
    for (; moves != 0; moves &= moves - 1) {
        const int square = std::countr_zero(moves);
        OrderedMove move;
        move.child = after_move(board, square, flips_simd(board, square));
        move.square = static_cast<Square>(square);
        const Bits replies = legal_moves_simd(move.child);
        move.key = 4 * (std::popcount(replies) + std::popcount(replies & corners));
        if ((odd & bit(square)) != 0)
            move.key -= 3;
        if ((corners & bit(square)) != 0)
            move.key -= 8;
        if (move.square == table_move)
            move.key = -1000;
        int at = count++;
        for (; at > 0 && ordered[at - 1].key > move.key; --at)
            ordered[at] = ordered[at - 1];
        ordered[at] = move;
    }
    return count;
}

int deep(Run& run, Board board, int alpha, int beta);

inline int solve_child(Run& run, Board board, int alpha, int beta) {
    const int empties = board.empties();
    if (empties > shallow_empties)
        return deep(run, board, alpha, beta);
    if (empties >= 3)
        return shallow(run, board, alpha, beta, false);
    const Bits empty = board.empty();
    if (empties == 2)
        return two_left(run, board, alpha, beta, std::countr_zero(empty),
                        63 - std::countl_zero(empty), false);
    if (empties == 1)
        return one_left(run, board, std::countr_zero(empty));
    return score_of_finished(board);
}

int deep(Run& run, Board board, int alpha, int beta) {
    if (++run.nodes >= run.next_poll) {
        run.next_poll = run.nodes + Interrupt::poll_interval_nodes;
        run.interrupted = run.interrupted || run.interrupt->is_due();
    }
    if (run.interrupted)
        return 0;
    const Bits moves = legal_moves_simd(board);
    if (moves == 0) {
        const Board passed = after_pass(board);
        return legal_moves_simd(passed) == 0 ? score_of_finished(board)
                                             : -deep(run, passed, -beta, -alpha);
    }
    Square table_move = no_square;
    int known_lower = -64;
    int known_upper = 64;
    if (const TableEntry* entry = run.table->find(board, TableKind::exact)) {
        known_lower = entry->lower;
        known_upper = entry->upper;
        table_move = entry->move;
        if (known_lower >= beta || known_lower == known_upper)
            return known_lower;
        if (known_upper <= alpha)
            return known_upper;
    }
    OrderedMove ordered[34];
    const int count = order_moves(board, moves, table_move, ordered);
    int best = -discs_infinite;
    Square best_move = no_square;
    for (int i = 0; i < count; ++i) {
        const int floor = std::max(alpha, best);
        int value;
        if (i == 0) {
            value = -solve_child(run, ordered[i].child, -beta, -floor);
        } else {
            value = -solve_child(run, ordered[i].child, -floor - 1, -floor);
            if (value > floor && value < beta)
                value = -solve_child(run, ordered[i].child, -beta, -value);
        }
        if (run.interrupted)
            return 0;
        if (value > best) {
            best = value;
            best_move = ordered[i].square;
            if (best >= beta)
                break;
        }
    }
    run.table->store(board, TableKind::exact, board.empties(),
                     best > alpha ? std::max(best, known_lower) : known_lower,
                     best < beta ? std::min(best, known_upper) : known_upper, best_move);
    return best;
}

// Tries the root's moves in order; keeps the best. As deep(), but it always finds a move.
EndgameResult solve_root(Run& run, Board board, int alpha, int beta) {
    EndgameResult result;
    OrderedMove ordered[34];
    const TableEntry* entry = run.table->find(board, TableKind::exact);
    const int count = order_moves(board, legal_moves_simd(board),
                                  entry != nullptr ? entry->move : no_square, ordered);
    int best = -discs_infinite;
    for (int i = 0; i < count && best < beta; ++i) {
        const int floor = std::max(alpha, best);
        int value = -discs_infinite;
        if (i > 0)
            value = -solve_child(run, ordered[i].child, -floor - 1, -floor);
        if (i == 0 || (value > floor && value < beta))
            value = -solve_child(run, ordered[i].child, -beta, -floor);
        if (value > best) {
            best = value;
            result.move = ordered[i].square;
        }
    }
    result.discs = best;
    return result;
}

// Inside the window first; outside it again with the rest of all scores, if those are wanted.
EndgameResult solve(Run& run, Board board, int alpha, int beta, bool is_widened) {
    EndgameResult result = solve_root(run, board, alpha, beta);
    if (is_widened && !run.interrupted && result.discs <= alpha && alpha > -64)
        result = solve_root(run, board, -64, result.discs + 1);
    else if (is_widened && !run.interrupted && result.discs >= beta && beta < 64)
        result = solve_root(run, board, result.discs - 1, 64);
    result.nodes = run.nodes;
    result.is_complete = !run.interrupted;
    return result;
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::othello {

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
    Run run = {table_, &interrupt, 0, Interrupt::poll_interval_nodes, false};
    return HWY_STATIC_DISPATCH(solve)(run, board, alpha, beta, is_widened);
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
