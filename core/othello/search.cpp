// Fail-soft PVS. Nodes on the principal variation take no cut-offs from the table, so that the line
// they report really ends where the score was found; learning updates that leaf (TD-leaf).
#include "core/othello/search.hpp"

#include <algorithm>

#include "core/othello/evaluate-inl.hpp"
#include "core/othello/moves-inl.hpp"
#include "core/othello/probcut.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

struct SearchMove {
    Bits flipped;
    Score key;
    Square square;
};
// Positions of games have at most 33 moves, but boards that people set up have more: 35 are known.
constexpr int move_capacity = square_count;

inline Score finished_score(Board board) {
    return final_score(board) * score_per_disc;
}

inline void lead_line(SearchFrame& frame, Square move, const SearchFrame& child) {
    frame.line[0] = move;
    std::copy_n(child.line, child.line_length, frame.line + 1);
    frame.line_length = child.line_length + 1;
}

inline void make_child(const SearchRun& run, const SearchFrame& parent, int square, Bits flipped,
                       SearchFrame& child) {
    child.board = after_move(parent.board, square, flipped);
    child_features(run.model->geometry(), parent.features, square, flipped, child.features);
}

// The evaluation of a position whose moves are known.
inline Score evaluate_frame(const SearchRun& run, SearchFrame& frame, Bits moves, Bits replies) {
    count_pairs(run.model->geometry(), frame.board, moves, replies, frame.features);
    return evaluate_lanes(*run.model, frame.features, stage_of(frame.board.discs()));
}

// The value of a position at the horizon: the result if the game is over or can be ended by a
// wipe-out, else the evaluation.
inline Score leaf_value(SearchRun& run, SearchFrame& frame) {
    frame.line_length = 0;
    if (run.count_node())
        return 0;
    const Bits moves = legal_moves_simd(frame.board);
    const Bits replies = legal_moves_simd(after_pass(frame.board));
    if ((moves | replies) == 0)
        return finished_score(frame.board);
    if (can_wipe_out_simd(frame.board))
        return score_max;
    return evaluate_frame(run, frame, moves, replies);
}

// Nearer the horizon the replies that a child leaves order the moves nearly as well as its
// evaluation would, for much less: perf/search.md.
constexpr int static_order_depth_min = 7;

// Best static value of the children first, fewer replies preferred; the table's move before all.
inline int order_moves(SearchRun& run, int depth, const SearchFrame& frame, SearchFrame& scratch,
                       Bits moves, int first, SearchMove* candidates) {
    int count = 0;
    for (; moves != 0; moves &= moves - 1) {
        const int square = std::countr_zero(moves);
        SearchMove candidate;
        candidate.square = static_cast<Square>(square);
        candidate.flipped = flips_simd(frame.board, square);
        if (square == first) {
            candidate.key = 4 * score_infinite;
        } else if (depth < static_order_depth_min) {
            const Board next = after_move(frame.board, square, candidate.flipped);
            candidate.key = -8 * std::popcount(legal_moves_simd(next)) -
                            6 * std::popcount(next.empty() & neighbours_of(next.opponent));
        } else {
            make_child(run, frame, square, candidate.flipped, scratch);
            run.table->prefetch(scratch.board);
            const Bits replies = legal_moves_simd(scratch.board);
            candidate.key = -evaluate_frame(run, scratch, replies,
                                            legal_moves_simd(after_pass(scratch.board))) -
                            std::popcount(replies) * (score_per_disc / 2);
        }
        int at = count++;
        for (; at > 0 && candidates[at - 1].key < candidate.key; --at)
            candidates[at] = candidates[at - 1];
        candidates[at] = candidate;
    }
    return count;
}

// depth >= 1.
Score search_node(SearchRun& run, int level, int depth, Score alpha, Score beta, bool is_line);

inline Score search_child(SearchRun& run, int level, int depth, Score alpha, Score beta,
                          bool is_line) {
    if (depth == 0)
        return leaf_value(run, run.frames[level]);
    return search_node(run, level, depth, alpha, beta, is_line);
}

// A shallow search that misses the window by a wide margin stands for the deep one. It may itself
// rest on shallower ones.
bool probe_cut(SearchRun& run, int level, int depth, Score alpha, Score beta, Score& value) {
    const ProbCut cut = probcut(depth);
    const int stage = stage_of(run.frames[level].board.discs());
    const Score margin = probcut_margin(cut, stage, run.selectivity);
    if (const Score high = beta + margin; high < heuristic_max) {
        value = beta;
        if (search_node(run, level, cut.depth, high - 1, high, false) >= high || run.is_interrupted)
            return true;
    }
    if (const Score low = alpha - margin; low > -heuristic_max) {
        value = alpha;
        if (search_node(run, level, cut.depth, low, low + 1, false) <= low || run.is_interrupted)
            return true;
    }
    return false;
}

// Enhanced transposition cut-off (Schaeffer and Plaat 1996): a child whose bound is known to refute
// this position spares the search of all others.
inline bool find_cut(SearchRun& run, const SearchFrame& frame, Bits moves, int depth, Score beta,
                     Score& value, Square& move) {
    for (; moves != 0; moves &= moves - 1) {
        const int square = std::countr_zero(moves);
        TableEntry entry;
        if (run.table->find(after_move(frame.board, square, flips_simd(frame.board, square)),
                            TableKind::heuristic, entry) &&
            entry.depth >= depth - 1 && -entry.upper >= beta) {
            value = -entry.upper;
            move = static_cast<Square>(square);
            return true;
        }
    }
    return false;
}

// Nearer the horizon a look at every child costs more than it spares: perf/search.md.
constexpr int find_cut_depth_min = 4;

Score search_moves(SearchRun& run, int level, int depth, Score alpha, Score beta, bool is_line,
                   Bits moves, int first, Square& best_move) {
    SearchFrame& frame = run.frames[level];
    SearchFrame& child = run.frames[level + 1];
    SearchMove candidates[move_capacity];
    int count = 0;
    if (depth == 1) {
        for (; moves != 0; moves &= moves - 1) {
            const int square = std::countr_zero(moves);
            candidates[count++] = {flips_simd(frame.board, square), 0, static_cast<Square>(square)};
        }
    } else {
        count = order_moves(run, depth, frame, child, moves, first, candidates);
    }
    Score best = -score_infinite;
    for (int i = 0; i < count; ++i) {
        const Score floor = std::max(alpha, best);
        make_child(run, frame, candidates[i].square, candidates[i].flipped, child);
        Score value;
        if (i == 0 || depth == 1) {
            value = -search_child(run, level + 1, depth - 1, -beta, -floor, is_line);
        } else {
            value = -search_child(run, level + 1, depth - 1, -floor - 1, -floor, false);
            if (value > floor && value < beta && !run.is_interrupted)
                value = -search_child(run, level + 1, depth - 1, -beta, -floor, is_line);
        }
        if (run.is_interrupted)
            return best;
        if (value > best) {
            best = value;
            best_move = candidates[i].square;
            if (is_line)
                lead_line(frame, best_move, child);
            // A value at or below alpha only says that the move is no better than that.
            if (level == 0 && is_line && value > alpha) {
                run.root_move = best_move;
                run.root_score = best;
            }
            if (best >= beta)
                break;
        }
    }
    return best;
}

Score search_node(SearchRun& run, int level, int depth, Score alpha, Score beta, bool is_line) {
    SearchFrame& frame = run.frames[level];
    frame.line_length = 0;
    if (run.count_node())
        return 0;
    const Bits moves = legal_moves_simd(frame.board);
    if (moves == 0) {
        SearchFrame& child = run.frames[level + 1];
        child.board = after_pass(frame.board);
        if (legal_moves_simd(child.board) == 0)
            return finished_score(frame.board);
        pass_features(frame.features, child.features);
        const Score value = -search_node(run, level + 1, depth, -beta, -alpha, is_line);
        std::copy_n(child.line, child.line_length, frame.line);
        frame.line_length = child.line_length;
        return value;
    }
    Square best_move = no_square;
    if (depth == 1)
        return search_moves(run, level, depth, alpha, beta, is_line, moves, -1, best_move);

    int first = -1;
    if (TableEntry entry; run.table->find(frame.board, TableKind::heuristic, entry)) {
        first = entry.move;
        if (!is_line && entry.depth >= depth) {
            if (entry.lower >= beta || entry.lower == entry.upper)
                return entry.lower;
            if (entry.upper <= alpha)
                return entry.upper;
        }
    }
    Score best;
    if (!is_line && depth >= find_cut_depth_min &&
        find_cut(run, frame, moves, depth, beta, best, best_move))
        return best;
    if (!is_line && run.selectivity != 0 && depth >= probcut_depth_min &&
        probe_cut(run, level, depth, alpha, beta, best))
        return best;
    best = search_moves(run, level, depth, alpha, beta, is_line, moves, first, best_move);
    if (run.is_interrupted)
        return best;
    run.table->store(frame.board, TableKind::heuristic,
                     {best > alpha ? best : -score_infinite, best < beta ? best : score_infinite,
                      depth, best_move});
    return best;
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::othello {
namespace {

// Follows the variation of the root's frame to its end.
void follow_line(const SearchFrame& root, SearchResult& result) {
    Board board = root.board;
    bool root_side = true;
    for (int i = 0; i < root.line_length; ++i) {
        if (legal_moves(board) == 0) {
            board = after_pass(board);
            root_side = !root_side;
        }
        board = after_move(board, root.line[i], flips(board, root.line[i]));
        root_side = !root_side;
    }
    result.leaf = board;
    result.leaf_is_root_side = root_side;
    result.has_leaf = !is_over(board) && !can_wipe_out(board);
}

}  // namespace

// The window is as wide as it takes after the first attempt. Iterations of one or two plies cost
// too little to be worth a guess.
Score search_iteration(SearchRun& run, int depth, Score guess) {
    constexpr Score half_window = 3 * score_per_disc;
    constexpr int guess_depth_min = 3;
    Score alpha = depth < guess_depth_min ? -score_infinite : guess - half_window;
    Score beta = depth < guess_depth_min ? score_infinite : guess + half_window;
    for (;;) {
        run.root_move = no_square;
        const Score score = search_frame(run, 0, depth, alpha, beta, true);
        if (run.is_interrupted)
            return run.root_score;
        if (score <= alpha && alpha > -score_infinite)
            alpha = -score_infinite;
        else if (score >= beta && beta < score_infinite)
            beta = score_infinite;
        else
            return score;
    }
}

Score search_frame(SearchRun& run, int level, int depth, Score alpha, Score beta, bool is_line) {
    return HWY_STATIC_DISPATCH(search_child)(run, level, depth, alpha, beta, is_line);
}

void Searcher::bind(const Model& model, TranspositionTable& table) {
    model_ = &model;
    table_ = &table;
}

SearchRun Searcher::begin(Board board, const Interrupt& interrupt) {
    SearchRun run;
    run.model = model_;
    run.table = table_;
    run.frames = frames_;
    run.interrupt = interrupt;
    frames_[0].board = board;
    frames_[0].features = model_->geometry().features(board);
    return run;
}

SearchResult Searcher::solve(Board board, const SearchLimits& limits, const Interrupt& interrupt) {
    SearchRun run = begin(board, interrupt);
    const ExactResult solved = limits.only_winner ? solve_winner(run) : solve_exactly(run);
    SearchResult result;
    result.score = solved.discs * score_per_disc;
    result.move = solved.move;
    result.depth = board.empties();
    result.is_exact = !run.is_interrupted;
    result.was_stopped = run.is_interrupted;
    result.nodes = run.nodes;
    return result;
}

SearchResult Searcher::search(Board board, const SearchLimits& limits,
                              const std::atomic<bool>* stop, Clock* clock) {
    const Interrupt interrupt = {stop, clock, 0, heartbeat_};
    if (is_over(board)) {
        SearchResult result;
        result.score = final_score(board) * score_per_disc;
        result.is_exact = true;
        return result;
    }
    if (legal_moves(board) == 0) {
        SearchResult result = search(after_pass(board), limits, stop, clock);
        result.score = -result.score;
        result.move = no_square;
        result.leaf_is_root_side = !result.leaf_is_root_side;
        return result;
    }
    if (board.empties() <= limits.exact_empties) {
        const SearchResult solved = solve(board, limits, interrupt);
        if (!solved.was_stopped)
            return solved;
        SearchLimits one_ply;  // a stopped search still owes an answer
        one_ply.depth = 1;
        SearchResult result = search(board, one_ply, nullptr, clock);
        result.was_stopped = true;
        return result;
    }
    return deepen(board, limits, interrupt);
}

SearchResult Searcher::deepen(Board board, const SearchLimits& limits, const Interrupt& interrupt) {
    CHECK(limits.selectivity >= 0 && limits.selectivity <= selectivity_max);
    SearchRun run = begin(board, interrupt);
    run.selectivity = limits.selectivity;
    if (limits.time_ns != 0) {
        CHECK(interrupt.clock != nullptr);
        run.interrupt.deadline_ns = interrupt.clock->now_ns() + limits.time_ns;
    }
    SearchResult result;
    const int depth_max = std::clamp(limits.depth, 1, board.empties());
    for (int depth = 1; depth <= depth_max; ++depth) {
        // The first ply is exempt from every limit, so that there always is an answer.
        run.node_limit = depth > 1 && limits.nodes != 0 ? limits.nodes : ~std::uint64_t{0};
        run.next_poll = depth > 1 ? run.nodes + Interrupt::poll_interval_nodes : ~std::uint64_t{0};
        const Score score = search_iteration(run, depth, result.score);
        if (run.is_interrupted && run.root_move == no_square)
            break;  // nothing of this iteration is finished
        result.score = score;
        result.move = run.root_move;
        follow_line(frames_[0], result);
        if (run.is_interrupted)
            break;
        result.depth = depth;
        result.is_exact = depth >= board.empties() && run.selectivity == 0;
        if (limits.nodes != 0 && run.nodes >= limits.nodes)
            break;
        if (depth < depth_max && run.interrupt.is_due())
            break;
    }
    result.was_stopped = interrupt.is_stopping();
    result.nodes = run.nodes;
    return result;
}

}  // namespace kiln::othello
