// Fail-soft PVS. Nodes on the principal variation take no cut-offs from the table, so that the line
// they report really ends where the score was found; learning updates that leaf (TD-leaf).
#include "core/othello/search.hpp"

#include <algorithm>

#include "core/othello/evaluate-inl.hpp"
#include "core/othello/moves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

using Run = Searcher::Run;
using Frame = Searcher::Frame;

struct Candidate {
    Bits flipped;
    Score key;
    Square square;
};
constexpr int move_capacity = 34;  // no Othello position has more than 33 legal moves

inline bool is_game_over(Board board) {
    return legal_moves_simd(board) == 0 && legal_moves_simd(after_pass(board)) == 0;
}

inline Score finished_score(Board board) {
    return final_score(board) * score_per_disc;
}

// Counts a position; true when the search must unwind. One beyond the limit is not visited, so it
// does not count.
inline bool count_node(Run& run) {
    if (run.nodes >= run.node_limit) {
        run.interrupted = true;
        return true;
    }
    if (++run.nodes >= run.next_poll) {
        run.next_poll = run.nodes + Interrupt::poll_interval_nodes;
        run.interrupted = run.interrupted || run.interrupt.is_due();
    }
    return run.interrupted;
}

inline void lead_line(Frame& frame, Square move, const Frame& child) {
    frame.line[0] = move;
    std::copy_n(child.line, child.line_length, frame.line + 1);
    frame.line_length = child.line_length + 1;
}

inline void make_child(const Run& run, const Frame& parent, int square, Bits flipped,
                       Frame& child) {
    child.board = after_move(parent.board, square, flipped);
    child_features(run.model->geometry(), parent.features, square, flipped, child.features);
}

// The value of a position at the horizon: the result if the game is over or can be ended by a
// wipe-out, else the evaluation.
inline Score leaf_value(Run& run, Frame& frame) {
    frame.line_length = 0;
    if (count_node(run))
        return 0;
    if (is_game_over(frame.board))
        return finished_score(frame.board);
    if (can_wipe_out_simd(frame.board))
        return score_max;
    return evaluate_lanes(*run.model, frame.features, stage_of(frame.board.discs()));
}

// Best static value of the children first, fewer replies preferred; the table's move before all.
int order_moves(Run& run, const Frame& frame, Frame& scratch, Bits moves, Square first,
                Candidate* candidates) {
    int count = 0;
    for (; moves != 0; moves &= moves - 1) {
        const int square = std::countr_zero(moves);
        Candidate candidate;
        candidate.square = static_cast<Square>(square);
        candidate.flipped = flips_simd(frame.board, square);
        if (candidate.square == first) {
            candidate.key = 4 * score_infinite;
        } else {
            make_child(run, frame, square, candidate.flipped, scratch);
            run.table->prefetch(scratch.board);
            candidate.key =
                -evaluate_lanes(*run.model, scratch.features, stage_of(scratch.board.discs())) -
                std::popcount(legal_moves_simd(scratch.board)) * (score_per_disc / 2);
        }
        int at = count++;
        for (; at > 0 && candidates[at - 1].key < candidate.key; --at)
            candidates[at] = candidates[at - 1];
        candidates[at] = candidate;
    }
    return count;
}

// depth >= 1. is_line: the window is open and the variation is wanted.
Score search_node(Run& run, int level, int depth, Score alpha, Score beta, bool is_line);

inline Score search_child(Run& run, int level, int depth, Score alpha, Score beta, bool is_line) {
    if (depth == 0)
        return leaf_value(run, run.frames[level]);
    return search_node(run, level, depth, alpha, beta, is_line);
}

Score search_moves(Run& run, int level, int depth, Score alpha, Score beta, bool is_line,
                   Bits moves, Square first, Square& best_move) {
    Frame& frame = run.frames[level];
    Frame& child = run.frames[level + 1];
    Candidate candidates[move_capacity];
    int count = 0;
    if (depth == 1) {
        for (; moves != 0; moves &= moves - 1) {
            const int square = std::countr_zero(moves);
            candidates[count++] = {flips_simd(frame.board, square), 0, static_cast<Square>(square)};
        }
    } else {
        count = order_moves(run, frame, child, moves, first, candidates);
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
            if (is_line && value > floor && value < beta && !run.interrupted)
                value = -search_child(run, level + 1, depth - 1, -beta, -floor, true);
        }
        if (run.interrupted)
            return best;
        if (value > best) {
            best = value;
            best_move = candidates[i].square;
            if (is_line)
                lead_line(frame, best_move, child);
            if (level == 0) {
                run.root_move = best_move;
                run.root_score = best;
            }
            if (best >= beta)
                break;
        }
    }
    return best;
}

Score search_node(Run& run, int level, int depth, Score alpha, Score beta, bool is_line) {
    Frame& frame = run.frames[level];
    frame.line_length = 0;
    if (count_node(run))
        return 0;
    const Bits moves = legal_moves_simd(frame.board);
    if (moves == 0) {
        Frame& child = run.frames[level + 1];
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
        return search_moves(run, level, depth, alpha, beta, is_line, moves, no_square, best_move);

    Score known_lower = -score_infinite;
    Score known_upper = score_infinite;
    if (const TableEntry* entry = run.table->find(frame.board, TableKind::heuristic)) {
        best_move = entry->move;
        if (!is_line && entry->depth >= depth) {
            if (entry->lower >= beta || entry->lower == entry->upper)
                return entry->lower;
            if (entry->upper <= alpha)
                return entry->upper;
        }
        if (entry->depth == depth) {
            known_lower = entry->lower;
            known_upper = entry->upper;
        }
    }
    const Square first = best_move;
    const Score best =
        search_moves(run, level, depth, alpha, beta, is_line, moves, first, best_move);
    if (run.interrupted)
        return best;
    const Score lower = best > alpha ? std::max(best, known_lower) : known_lower;
    const Score upper = best < beta ? std::min(best, known_upper) : known_upper;
    run.table->store(frame.board, TableKind::heuristic, depth, lower, upper, best_move);
    return best;
}

// One iteration from the root.
Score search_root(Run& run, int depth) {
    run.root_move = no_square;
    return search_node(run, 0, depth, -score_infinite, score_infinite, true);
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::othello {
namespace {

// Follows the variation of the root's frame to its end.
void follow_line(const Searcher::Frame& root, SearchResult& result) {
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

void Searcher::bind(const Model& model, TranspositionTable& table) {
    model_ = &model;
    table_ = &table;
    endgame_.bind(table);
}

SearchResult Searcher::solve(Board board, bool only_winner, const Interrupt& interrupt) {
    const Score guess = model_->evaluate(board);
    const EndgameResult solved = only_winner
                                     ? endgame_.solve_winner(board, interrupt)
                                     : endgame_.solve(board, guess / score_per_disc, interrupt);
    SearchResult result;
    result.score = solved.discs * score_per_disc;
    result.move = solved.move;
    result.depth = board.empties();
    result.is_exact = solved.is_complete;
    result.was_stopped = !solved.is_complete;
    result.nodes = solved.nodes;
    return result;
}

SearchResult Searcher::search(Board board, const SearchLimits& limits,
                              const std::atomic<bool>* stop, Clock* clock) {
    Interrupt interrupt = {stop, clock, 0, heartbeat_};
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
        const SearchResult solved = solve(board, limits.only_winner, interrupt);
        if (!solved.was_stopped)
            return solved;
        interrupt.stop = nullptr;  // a stopped search still owes an answer: one ply
        SearchLimits one_ply;
        one_ply.depth = 1;
        SearchResult result = search(board, one_ply, nullptr, clock);
        result.was_stopped = true;
        return result;
    }
    if (limits.time_ns != 0) {
        CHECK(clock != nullptr);
        interrupt.deadline_ns = clock->now_ns() + limits.time_ns;
    }
    Run run = {model_, table_, frames_, interrupt, ~std::uint64_t{0}, 0, 0, false, no_square, 0};
    frames_[0].board = board;
    frames_[0].features = model_->geometry().features(board);

    SearchResult result;
    const int depth_max = std::clamp(limits.depth, 1, board.empties());
    for (int depth = 1; depth <= depth_max; ++depth) {
        // The first ply is exempt from every limit, so that there always is an answer.
        run.node_limit = depth > 1 && limits.nodes != 0 ? limits.nodes : ~std::uint64_t{0};
        run.next_poll = depth > 1 ? run.nodes + Interrupt::poll_interval_nodes : ~std::uint64_t{0};
        const Score score = HWY_STATIC_DISPATCH(search_root)(run, depth);
        if (run.interrupted && run.root_move == no_square)
            break;  // nothing of this iteration is finished
        result.score = run.interrupted ? run.root_score : score;
        result.move = run.root_move;
        follow_line(frames_[0], result);
        if (run.interrupted)
            break;
        result.depth = depth;
        result.is_exact = depth >= board.empties();
        if (limits.nodes != 0 && run.nodes >= limits.nodes)
            break;
        if (depth < depth_max && interrupt.is_due())
            break;
    }
    result.was_stopped = interrupt.is_stopping();
    result.nodes = run.nodes;
    return result;
}

}  // namespace kiln::othello
