#include "core/othello/held_out.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/check.hpp"
#include "core/base/random.hpp"
#include "core/othello/player.hpp"

namespace kiln::othello {
namespace {

constexpr std::uint64_t held_out_seed = 1;

// Legal moves of the player to move minus those of the other.
int mobility(Board board) {
    return std::popcount(legal_moves(board)) - std::popcount(legal_moves(after_pass(board)));
}

int difference(Board board) {
    return std::popcount(board.own) - std::popcount(board.opponent);
}

}  // namespace

Board held_out_board(std::uint64_t number, int empties) {
    RandomStream random(held_out_seed, StreamPurpose::held_out, number);
    // One game in four is random throughout; in the others one move in four is.
    const std::uint64_t random_in_four = number % 4 == 0 ? 4 : 1;
    for (;;) {
        Board board = start_board();
        while (board.empties() > empties && !is_over(board)) {
            if (legal_moves(board) == 0) {
                board = after_pass(board);
                continue;
            }
            const Square move = random.below(4) < random_in_four
                                    ? choose_random(random, board)
                                    : choose_corner_edge(random, board);
            board = after_move(board, move, flips(board, move));
        }
        if (!is_over(board))
            return legal_moves(board) == 0 ? after_pass(board) : board;
    }
}

void HeldOut::bind(std::span<Position> positions) {
    CHECK(positions.size() == position_count);
    positions_ = positions;
}

void HeldOut::solve(std::uint32_t block, Searcher& searcher, const std::atomic<bool>* stop) {
    constexpr std::uint32_t length = position_count / block_count;
    static_assert(length * block_count == position_count);
    SearchLimits limits;
    limits.exact_empties = square_count;
    for (std::uint32_t number = block * length; number < (block + 1) * length; ++number) {
        Position& position = positions_[number];
        if (position.is_solved != 0)
            continue;
        position.board = held_out_board(number, empties[number % std::size(empties)]);
        searcher.table().begin_game();
        const SearchResult result = searcher.search(position.board, limits, stop, nullptr);
        if (result.was_stopped)
            return;
        position.discs = result.score / score_per_disc;
        position.is_solved = 1;
    }
}

HeldOutReport HeldOut::measure(const Model& model) const {
    // Everything but the mobility baseline in whole numbers: score units and discs.
    std::int64_t error = 0;
    std::int64_t error_at[std::size(empties)] = {};
    std::int64_t count_at[std::size(empties)] = {};
    std::int64_t bias = 0;
    std::int64_t winners = 0;
    std::int64_t decided = 0;
    std::int64_t zero_error = 0;
    std::int64_t discs_error = 0;
    std::int64_t mobility_product = 0;
    std::int64_t mobility_square = 0;
    std::int64_t count = 0;
    for (std::size_t i = 0; i < positions_.size(); ++i) {
        const Position& position = positions_[i];
        if (position.is_solved == 0)
            continue;
        const Score predicted = model.evaluate(position.board);
        const std::int64_t off = predicted - position.discs * score_per_disc;
        ++count;
        error += std::abs(off);
        error_at[i % std::size(empties)] += std::abs(off);
        ++count_at[i % std::size(empties)];
        bias += off;
        decided += position.discs != 0;
        winners += (predicted > 0 && position.discs > 0) || (predicted < 0 && position.discs < 0);
        zero_error += std::abs(position.discs);
        discs_error += std::abs(difference(position.board) - position.discs);
        mobility_product += std::int64_t{mobility(position.board)} * position.discs;
        mobility_square += std::int64_t{mobility(position.board)} * mobility(position.board);
    }
    HeldOutReport report = {};
    if (count == 0)
        return report;
    const auto mean = [](auto sum, std::int64_t of) {
        return of == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(of);
    };
    report.positions = static_cast<std::uint32_t>(count);
    report.error = mean(error, count) / score_per_disc;
    for (std::size_t i = 0; i < std::size(empties); ++i)
        report.error_by_empties[i] = mean(error_at[i], count_at[i]) / score_per_disc;
    report.bias = mean(bias, count) / score_per_disc;
    report.winner_share = mean(winners, decided);
    report.zero_error = mean(zero_error, count);
    report.discs_error = mean(discs_error, count);
    // The multiple with the least squared error on these very positions: no run could do better.
    const double slope = mean(mobility_product, mobility_square);
    double mobility_error = 0;
    for (const Position& position : positions_)
        if (position.is_solved != 0)
            mobility_error += std::abs(slope * mobility(position.board) - position.discs);
    report.mobility_error = mean(mobility_error, count);
    return report;
}

}  // namespace kiln::othello
