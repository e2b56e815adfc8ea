#include "core/othello/match.hpp"

#include <cmath>

#include "core/base/check.hpp"

namespace kiln::othello {
namespace {

Square choose_baseline(Opponent opponent, RandomStream& random, Board board) {
    return opponent == Opponent::random ? choose_random(random, board)
                                        : choose_corner_edge(random, board);
}

}  // namespace

Opening random_opening(RandomStream& random, int plies) {
    for (;;) {
        Opening opening = {start_board(), true};
        for (int ply = 0; ply < plies && !is_over(opening.board);) {
            opening.is_first_to_move = !opening.is_first_to_move;
            if (legal_moves(opening.board) == 0) {
                opening.board = after_pass(opening.board);
                continue;
            }
            const Square move = choose_random(random, opening.board);
            opening.board = after_move(opening.board, move, flips(opening.board, move));
            ++ply;
        }
        if (!is_over(opening.board))
            return opening;
    }
}

MatchPair play_pair(const MatchSettings& settings, Searcher& searcher, std::uint64_t pair,
                    const std::atomic<bool>* stop, Clock* clock) {
    RandomStream random(settings.seed, settings.purpose, pair);
    const Opening opening = random_opening(random, settings.opening_plies);
    return play_pair(settings, searcher, opening, random, stop, clock);
}

MatchPair play_pair(const MatchSettings& settings, Searcher& searcher, const Opening& opening,
                    RandomStream& random, const std::atomic<bool>* stop, Clock* clock) {
    CHECK(settings.opponent != Opponent::model || settings.other_model != nullptr);
    const bool is_against_model = settings.opponent == Opponent::model;
    MatchPair result;
    for (int game = 0; game < 2; ++game) {
        searcher.table().begin_game();
        Board board = opening.board;
        bool model_to_move = opening.is_first_to_move == (game == 0);
        while (!is_over(board)) {
            if (legal_moves(board) == 0) {
                board = after_pass(board);
            } else {
                Square move;
                if (model_to_move || is_against_model) {
                    Searcher& player = model_to_move ? searcher : *settings.other_model;
                    // Values of one model mean nothing to another with the same table.
                    if (is_against_model)
                        player.table().begin_game();
                    const SearchResult searched =
                        player.search(board, settings.limits, stop, clock);
                    if (searched.was_stopped)
                        return result;
                    result.nodes += searched.nodes;
                    move = searched.move;
                } else {
                    move = choose_baseline(settings.opponent, random, board);
                }
                board = after_move(board, move, flips(board, move));
            }
            model_to_move = !model_to_move;
        }
        result.difference[game] = model_to_move ? final_score(board) : -final_score(board);
    }
    result.is_complete = true;
    return result;
}

void MatchScore::add(const MatchPair& pair) {
    int half_points = 0;
    for (const int difference : pair.difference) {
        wins += difference > 0;
        draws += difference == 0;
        losses += difference < 0;
        half_points += 1 + (difference > 0) - (difference < 0);
    }
    ++pair_counts[half_points];
    pair_discs.add(pair.difference[0] + pair.difference[1]);
}

double MatchScore::mean_discs_error() const {
    if (pair_discs.count < 2)
        return 0;
    return std::sqrt(pair_discs.variance() / static_cast<double>(pair_discs.count - 1)) / 2;
}

}  // namespace kiln::othello
