#include "core/othello/even_game.hpp"

#include <cmath>

#include "core/base/random.hpp"
#include "core/othello/player.hpp"

namespace kiln::othello {
namespace {

void play(Position& position, Square move) {
    const Board board = position.board;
    position = {after_move(board, move, flips(board, move)), other(position.to_move)};
}

// Passes where there is no move; false when the game is over.
bool find_mover(Position& position) {
    if (is_over(position.board))
        return false;
    if (legal_moves(position.board) == 0)
        position = {after_pass(position.board), other(position.to_move)};
    return true;
}

}  // namespace

EvenGame play_even_game(const EvenGameSettings& settings, Searcher& searcher, std::uint64_t number,
                        const std::atomic<bool>* stop) {
    RandomStream random(settings.seed, StreamPurpose::development, number);
    searcher.table().begin_game();
    EvenGame game;
    Position position;
    constexpr auto choices = static_cast<std::uint64_t>(EvenGameSettings::opening_plies_max -
                                                        EvenGameSettings::opening_plies_min + 1);
    for (std::uint64_t left = EvenGameSettings::opening_plies_min + random.below(choices); left > 0;
         --left) {
        if (!find_mover(position))
            return game;
        play(position, choose_random(random, position.board));
    }
    if (!find_mover(position))
        return game;
    const SearchResult judged =
        searcher.search(position.board, {.depth = EvenGameSettings::judging_depth}, stop, nullptr);
    game.was_stopped = judged.was_stopped;
    game.is_even = std::abs(judged.score) <= settings.even_within_discs * score_per_disc;
    if (!game.is_even || game.was_stopped)
        return game;
    while (find_mover(position)) {
        const int empties = position.board.empties();
        game.positions[empties] = position;
        game.is_reached[empties] = true;
        // Drawn whether it is needed or not, so that one move does not shift those after it.
        const bool is_random = random.unit() < settings.random_share;
        Square move = choose_random(random, position.board);
        if (!is_random) {
            const SearchResult found =
                searcher.search(position.board, {.depth = settings.depth}, stop, nullptr);
            if (found.was_stopped) {
                game.was_stopped = true;
                return game;
            }
            move = found.move;
        }
        play(position, move);
    }
    return game;
}

}  // namespace kiln::othello
