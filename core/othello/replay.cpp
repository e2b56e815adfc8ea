#include "core/othello/replay.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace kiln::othello {

bool Replay::agrees_with(const GameRecord& record) const {
    static_assert(std::has_unique_object_representations_v<GameSummary>);
    return illegal_move < 0 && is_over && !was_stopped &&
           std::memcmp(&summary, &record.summary, sizeof(GameSummary)) == 0;
}

Replay replay_game(const SearchLimits& limits, Searcher& searcher, const WorkContext& context,
                   const GameRecord& record, GameObserver* observer) {
    Replay replay;
    GameSummary& summary = replay.summary;
    summary.random_plies = record.summary.random_plies;
    summary.exploratory_moves = record.summary.exploratory_moves;
    const std::uint32_t moves = std::min<std::uint32_t>(record.summary.moves, positions_max);
    TranspositionTable& table = searcher.table();
    const std::uint64_t probes_before = table.probes();
    const std::uint64_t hits_before = table.hits();
    table.begin_game();
    Board board = start_board();
    bool is_black = true;
    Score solved_result = 0;  // black's view
    while (!is_over(board) && summary.moves < moves) {
        if (legal_moves(board) == 0) {
            board = after_pass(board);
            is_black = !is_black;
            continue;
        }
        const Square move = record.moves[summary.moves];
        if (move >= square_count || (legal_moves(board) & bit(move)) == 0) {
            replay.illegal_move = static_cast<int>(summary.moves);
            break;
        }
        PlayedMove played = {board, is_black, move, summary.moves < summary.random_plies,
                             false, -1,       {}};
        if (!played.is_opening) {
            played.search = searcher.search(board, limits, context.stop, context.clock);
            if (played.search.was_stopped) {
                replay.was_stopped = true;
                break;
            }
            const Score score = played.search.score;
            if (played.search.is_exact && summary.predictions == 0) {
                summary.predictions = 1;
                summary.prediction_error =
                    static_cast<std::uint32_t>(std::abs(searcher.model().evaluate(board) - score));
                solved_result = is_black ? score : -score;
            }
            note_search(played.search, summary);
            played.step = static_cast<int>(summary.moves - summary.random_plies);
        }
        if (observer != nullptr)
            observer->on_move(played);
        ++summary.moves;
        board = after_move(board, move, flips(board, move));
        is_black = !is_black;
    }
    replay.is_over = is_over(board) && summary.moves == record.summary.moves;
    const int final_difference = is_black ? final_score(board) : -final_score(board);
    summary.stone_difference =
        summary.predictions > 0 ? solved_result / score_per_disc : final_difference;
    summary.table_probes = table.probes() - probes_before;
    summary.table_hits = table.hits() - hits_before;
    return replay;
}

}  // namespace kiln::othello
