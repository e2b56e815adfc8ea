#include "core/othello/self_play.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/random.hpp"
#include "core/othello/player.hpp"
#include "core/othello/returns.hpp"

namespace kiln::othello {
namespace {

// What the game leaves behind at each move, until its result is known.
struct Trace {
    Step steps[positions_max];
    Features features[positions_max];  // of the position the error will be charged to
    Board charged[positions_max];      // that position, for observers
    Score values[positions_max];       // its static value
    bool same_side[positions_max];     // whether the player to move there is the one at the step
    bool is_charged[positions_max];    // false: the step says nothing about that position
    std::uint8_t stages[positions_max];
    int count = 0;
};

// result_sign: what the control makes of the game's result, and so of every value that comes from a
// finished game.
void note_step(const Model& model, UpdateTarget target, Board board, const SearchResult& result,
               bool is_black, bool is_exploratory, int result_sign, Trace& trace) {
    const int t = trace.count++;
    const Score value = result.has_leaf ? result.score : result_sign * result.score;
    trace.steps[t] = {value, is_black, is_exploratory};
    const bool at_leaf = target == UpdateTarget::leaf && result.has_leaf;
    // Cut at an exploratory move, the return is the leaf's own value. That is no reason to visit
    // its weights: an error of 0 would thin out the errors of other positions and move by momentum.
    trace.is_charged[t] = !(is_exploratory && at_leaf);
    const Board charged = at_leaf ? result.leaf : board;
    trace.charged[t] = charged;
    trace.features[t] = model.geometry().features(charged);
    trace.stages[t] = static_cast<std::uint8_t>(stage_of(charged.discs()));
    trace.values[t] = model.evaluate(trace.features[t], trace.stages[t]);
    trace.same_side[t] = !at_leaf || result.leaf_is_root_side;
}

void tell_steps(const Trace& trace, std::span<const double> returns, const GameRecord& record,
                GameObserver& observer) {
    std::uint8_t next[stage_count];
    std::copy_n(record.stage_begin, stage_count, next);
    for (int t = 0; t < trace.count; ++t) {
        LearnedStep step = {t,
                            returns[static_cast<std::size_t>(t)],
                            trace.is_charged[t],
                            trace.charged[t],
                            trace.same_side[t],
                            trace.stages[t],
                            trace.values[t]};
        // What is not finite was left out of the record.
        step.is_charged = step.is_charged && !std::isnan(step.target);
        if (step.is_charged) {
            step.at = next[step.stage]++;
            step.error = record.errors[step.at];
        }
        observer.on_step(step);
    }
}

// Errors from returns, clipped, in the order of their stages.
void write_errors(const OthelloSettings& settings, const Trace& trace, Score result,
                  GameRecord& record, GameObserver* observer) {
    double returns[positions_max];
    const auto count = static_cast<std::size_t>(trace.count);
    lambda_returns({trace.steps, count}, result, settings.lambda, {returns, count});
    const double clip = settings.error_clip_discs * score_per_disc;
    std::uint32_t written = 0;
    for (int stage = 0; stage < stage_count; ++stage) {
        record.stage_begin[stage] = static_cast<std::uint8_t>(written);
        for (std::size_t t = 0; t < count; ++t) {
            if (trace.stages[t] != stage || !trace.is_charged[t])
                continue;
            const double target = trace.same_side[t] ? returns[t] : -returns[t];
            const double error = std::clamp(target - trace.values[t], -clip, clip);
            if (std::isnan(error)) {
                ++record.summary.invalid_values;
                continue;
            }
            record.errors[written] = static_cast<std::int32_t>(std::floor(error + 0.5));
            record.features[written] = trace.features[t];
            ++written;
        }
    }
    record.stage_begin[stage_count] = static_cast<std::uint8_t>(written);
    record.position_count = written;
    if (observer != nullptr)
        tell_steps(trace, {returns, count}, record, *observer);
}

int result_sign(const OthelloSettings& settings, std::uint64_t ticket) {
    if (settings.control != LearningControl::shuffled)
        return 1;
    RandomStream random(settings.seed, StreamPurpose::control, ticket);
    return random.below(2) == 0 ? 1 : -1;
}

}  // namespace

void note_search(const SearchResult& result, GameSummary& summary) {
    const auto square =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(result.score) * result.score);
    const bool is_first = summary.searched_moves + summary.solved_moves == 0;
    summary.value_min = is_first ? result.score : std::min(summary.value_min, result.score);
    summary.value_max = is_first ? result.score : std::max(summary.value_max, result.score);
    summary.invalid_values += std::abs(result.score) > score_max ? 1 : 0;
    summary.value_sum += result.score;
    summary.value_square_sum += square;
    summary.nodes += result.nodes;
    if (result.is_exact) {
        ++summary.solved_moves;
    } else {
        ++summary.searched_moves;
        summary.depth_sum += static_cast<std::uint64_t>(result.depth);
    }
}

PlayOutcome play_game(const OthelloSettings& settings, Searcher& searcher,
                      const WorkContext& context, std::uint64_t ticket, GameRecord& record,
                      GameObserver* observer) {
    RandomStream random(settings.seed, StreamPurpose::self_play, ticket);
    const auto random_plies =
        random.below(static_cast<std::uint64_t>(settings.random_plies_max) + 1);
    const double epsilon = settings.epsilon_at(ticket);
    // Who wins big against weak play must also have seen what can still go wrong.
    const bool is_sparring = random.unit() < settings.sparring;
    const bool is_black_random = random.below(2) == 0;
    const int sign = result_sign(settings, ticket);
    const SearchLimits limits = settings.search_limits_at(ticket);
    TranspositionTable& table = searcher.table();
    const std::uint64_t probes_before = table.probes();
    const std::uint64_t hits_before = table.hits();
    table.begin_game();

    record = GameRecord();
    GameSummary& summary = record.summary;
    Trace trace;
    Board board = start_board();
    bool is_black = true;
    Score solved_result = 0;  // black's view, once the game is solved
    while (!is_over(board)) {
        if (legal_moves(board) == 0) {
            board = after_pass(board);
            is_black = !is_black;
            continue;
        }
        Square move;
        if (summary.moves < random_plies) {
            move = choose_random(random, board);
            ++summary.random_plies;
            if (observer != nullptr)
                observer->on_move({board, is_black, move, true, false, -1, {}});
        } else {
            const SearchResult result = searcher.search(board, limits, context.stop, context.clock);
            if (result.was_stopped)
                return PlayOutcome::abandoned;
            if (result.is_exact && summary.predictions == 0) {
                const Score predicted = searcher.model().evaluate(board);
                summary.prediction_error =
                    static_cast<std::uint32_t>(std::abs(predicted - result.score));
                summary.predictions = 1;
                solved_result = is_black ? result.score : -result.score;
            }
            note_search(result, summary);
            const bool is_random_side = is_sparring && is_black == is_black_random;
            // A random move in a solved position costs nothing, since the return is cut at an exact
            // value, and shows the evaluation more of the endgame than perfect lines do.
            const bool explore = random.unit() < (result.is_exact  ? settings.epsilon_solved
                                                  : is_random_side ? 1.0
                                                                   : epsilon);
            move = explore ? choose_random(random, board) : result.move;
            summary.exploratory_moves += explore ? 1 : 0;
            note_step(searcher.model(), settings.update_target, board, result, is_black, explore,
                      sign, trace);
            if (observer != nullptr)
                observer->on_move({board, is_black, move, false, explore, trace.count - 1, result});
        }
        record.moves[summary.moves++] = move;
        board = after_move(board, move, flips(board, move));
        is_black = !is_black;
    }
    // The result under perfect play from where the game was solved; what happened after that is
    // practice.
    const int played = is_black ? final_score(board) : -final_score(board);
    const int difference = summary.predictions > 0 ? solved_result / score_per_disc : played;
    summary.stone_difference = difference;
    summary.table_probes = table.probes() - probes_before;
    summary.table_hits = table.hits() - hits_before;
    write_errors(settings, trace, sign * difference * score_per_disc, record, observer);
    return PlayOutcome::done;
}

}  // namespace kiln::othello
