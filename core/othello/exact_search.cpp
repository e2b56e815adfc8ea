// Exact results with many empties: what the evaluation knows decides which moves are tried first.
//
// A selective search a few plies short of the end fills the table with good moves and gives the
// guess that the exact window is put around. Below the root a node's moves are ordered by shallow
// searches. Multi-ProbCut is never used on the way to an exact value, only for ordering.
#include <algorithm>

#include "core/othello/evaluate-inl.hpp"
#include "core/othello/moves-inl.hpp"
#include "core/othello/search_run.hpp"
#include "core/othello/stability.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

constexpr int discs_infinite = 65;
constexpr int move_capacity = square_count;
constexpr int stability_alpha_min = 12;  // chosen: few discs are stable while less is at stake

struct SolveMove {
    Bits flipped;
    Score key;
    Square square;
};

// How far moves are searched to order them: where a wrong first move costs most, further.
int ordering_depth(int empties) {
    return empties >= 24 ? 2 : empties >= 19 ? 1 : 0;
}

inline void make_child(const SearchRun& run, const SearchFrame& parent, const SolveMove& move,
                       SearchFrame& child) {
    child.board = after_move(parent.board, move.square, move.flipped);
    child_features(run.model->geometry(), parent.features, move.square, move.flipped,
                   child.features);
}

// From here on the evaluation orders moves. 12 was faster than 13 and 14 (perf/search.md).
constexpr int model_empties_min = 12;

// What a reply of the opponent's is worth in the order of moves.
constexpr Score ordering_reply_cost = score_per_disc * 2;

int solve_node(SearchRun& run, int level, int alpha, int beta);

inline int solve_child(SearchRun& run, int level, int alpha, int beta) {
    if (run.frames[level].board.empties() < model_empties_min)
        return solve_endgame(run, run.frames[level].board, alpha, beta);
    return solve_node(run, level, alpha, beta);
}

int solve_moves(SearchRun& run, int level, int alpha, int beta, SolveMove* candidates, int count,
                Square& best_move) {
    SearchFrame& frame = run.frames[level];
    SearchFrame& child = run.frames[level + 1];
    int best = -discs_infinite;
    for (int i = 0; i < count; ++i) {
        const int floor = std::max(alpha, best);
        // The next best of those left: often the first is enough.
        std::swap(candidates[i],
                  *std::max_element(candidates + i, candidates + count,
                                    [](const SolveMove& a, const SolveMove& b) {
                                        return a.key < b.key ||
                                               (a.key == b.key && a.square > b.square);
                                    }));
        make_child(run, frame, candidates[i], child);
        int value = discs_infinite;
        if (i > 0)
            value = -solve_child(run, level + 1, -floor - 1, -floor);
        if (i == 0 || (value > floor && value < beta))
            value = -solve_child(run, level + 1, -beta, -floor);
        if (run.is_interrupted)
            return 0;
        if (value > best) {
            best = value;
            best_move = candidates[i].square;
            if (best >= beta)
                break;
        }
    }
    return best;
}

int solve_node(SearchRun& run, int level, int alpha, int beta) {
    if (run.count_node())
        return 0;
    SearchFrame& frame = run.frames[level];
    SearchFrame& child = run.frames[level + 1];
    const Board board = frame.board;
    const Bits moves = legal_moves_simd(board);
    if (moves == 0) {
        child.board = after_pass(board);
        if (legal_moves_simd(child.board) == 0)
            return final_score(board);
        pass_features(frame.features, child.features);
        return -solve_child(run, level + 1, -beta, -alpha);
    }
    // The root wants a move, so nothing but a search of its moves ends it.
    const bool is_root = level == 0;
    if (!is_root && alpha >= stability_alpha_min) {
        const int bound = stability_bound(board);
        if (bound <= alpha)
            return bound;
    }
    const int empties = board.empties();
    TableEntry known = {-64, 64, empties, 0};
    int first = -1;
    if (run.table->find(board, TableKind::exact, known)) {
        first = known.move;
        if (!is_root && (known.lower >= beta || known.lower == known.upper))
            return known.lower;
        if (!is_root && known.upper <= alpha)
            return known.upper;
    } else if (TableEntry guess; run.table->find(board, TableKind::heuristic, guess)) {
        first = guess.move;
    }
    SolveMove candidates[move_capacity];
    int count = 0;
    for (Bits left = moves; left != 0; left &= left - 1) {
        SolveMove& candidate = candidates[count++];
        candidate.square = static_cast<Square>(std::countr_zero(left));
        candidate.flipped = flips_simd(board, candidate.square);
        candidate.key = 0;
        if (candidate.flipped == board.opponent) {
            if (is_root)
                run.root_move = candidate.square;
            return 64;
        }
        // Enhanced transposition cut-off.
        TableEntry entry;
        if (!is_root && run.table->find(after_move(board, candidate.square, candidate.flipped),
                                        TableKind::exact, entry)) {
            if (-entry.upper >= beta)
                return -entry.upper;
        }
    }
    const int depth = ordering_depth(empties);
    for (int i = 0; i < count; ++i) {
        SolveMove& candidate = candidates[i];
        if (candidate.square == first) {
            candidate.key = 4 * score_infinite;
            continue;
        }
        make_child(run, frame, candidate, child);
        const int replies = std::popcount(legal_moves_simd(child.board));
        candidate.key =
            -search_frame(run, level + 1, depth, -score_infinite, score_infinite, false) -
            replies * ordering_reply_cost;
        if (run.is_interrupted)
            return 0;
    }
    Square best_move = candidates[0].square;
    const int best = solve_moves(run, level, alpha, beta, candidates, count, best_move);
    if (run.is_interrupted)
        return 0;
    if (is_root)
        run.root_move = best_move;
    if (best > alpha)
        known.lower = std::max(best, known.lower);
    if (best < beta)
        known.upper = std::min(best, known.upper);
    known.depth = empties;
    known.move = best_move;
    run.table->store(board, TableKind::exact, known);
    return best;
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::othello {
namespace {

// How many plies short of the end the selective search before the exact one stops.
constexpr int guess_short_of_end = 7;
constexpr int guess_selectivity = 3;

// A guess at the result, and a table full of good moves.
Score guess_result(SearchRun& run) {
    const int empties = run.frames[0].board.empties();
    Score guess = search_iteration(run, 1, 0);
    run.selectivity = guess_selectivity;
    for (int depth = 2; depth <= empties - guess_short_of_end && !run.is_interrupted; ++depth)
        guess = search_iteration(run, depth, guess);
    run.selectivity = 0;
    return guess;
}

int solve_root(SearchRun& run, int alpha, int beta) {
    run.root_move = no_square;
    return HWY_STATIC_DISPATCH(solve_node)(run, 0, alpha, beta);
}

}  // namespace

ExactResult solve_exactly(SearchRun& run) {
    const Score guess = guess_result(run);
    // Results are even, but for the rare boards that end early with an odd number of empties.
    constexpr int half_window = 2;
    const int discs = 2 * static_cast<int>(guess / (2 * score_per_disc));
    int alpha = std::clamp(discs - half_window, -64, 63);
    int beta = std::clamp(discs + half_window, alpha + 1, 64);
    ExactResult result;
    for (;;) {
        result.discs = solve_root(run, alpha, beta);
        result.move = run.root_move;
        if (run.is_interrupted)
            return result;
        if (result.discs <= alpha && alpha > -64) {
            beta = result.discs + 1;
            alpha = std::max(result.discs - 2 * half_window, -64);
        } else if (result.discs >= beta && beta < 64) {
            alpha = result.discs - 1;
            beta = std::min(result.discs + 2 * half_window, 64);
        } else {
            return result;
        }
    }
}

ExactResult solve_winner(SearchRun& run) {
    (void)guess_result(run);
    const int discs = solve_root(run, -1, 1);
    return {(discs > 0) - (discs < 0), run.root_move};
}

}  // namespace kiln::othello
