#include "app/accuracy.hpp"

#include <cmath>
#include <cstdlib>

namespace kiln::app {
namespace {

// Legal moves of the player to move minus those of the other.
int mobility(const othello::Board& board) {
    return std::popcount(legal_moves(board)) - std::popcount(legal_moves(after_pass(board)));
}

int difference(const othello::Board& board) {
    return std::popcount(board.own) - std::popcount(board.opponent);
}

}  // namespace

void Accuracy::Sums::add(const othello::Board& board, double predicted_discs, int true_discs) {
    const double off = predicted_discs - true_discs;
    ++positions;
    error += std::abs(off);
    square += off * off;
    bias += off;
    zero_error += static_cast<std::uint64_t>(std::abs(true_discs));
    discs_error += static_cast<std::uint64_t>(std::abs(difference(board) - true_discs));
    ++mobilities[{mobility(board), true_discs}];
}

void Accuracy::Sums::add(const Sums& other) {
    positions += other.positions;
    error += other.error;
    square += other.square;
    bias += other.bias;
    zero_error += other.zero_error;
    discs_error += other.discs_error;
    for (const auto& [key, count] : other.mobilities)
        mobilities[key] += count;
}

Accuracy::Figures Accuracy::Sums::figures() const {
    Figures figures;
    figures.positions = positions;
    if (positions == 0)
        return figures;
    const auto count = static_cast<double>(positions);
    figures.error = error / count;
    figures.root_mean_square = std::sqrt(square / count);
    figures.bias = bias / count;
    figures.zero_error = static_cast<double>(zero_error) / count;
    figures.discs_error = static_cast<double>(discs_error) / count;
    // The slope with the least squared error.
    double product = 0;
    double squares = 0;
    for (const auto& [key, times] : mobilities) {
        product += static_cast<double>(times) * key.first * key.second;
        squares += static_cast<double>(times) * key.first * key.first;
    }
    const double slope = squares == 0 ? 0 : product / squares;
    double off = 0;
    for (const auto& [key, times] : mobilities)
        off += static_cast<double>(times) * std::abs(slope * key.first - key.second);
    figures.mobility_error = off / count;
    return figures;
}

void Accuracy::add(const othello::Board& board, double predicted_discs, int true_discs) {
    auto& [all, near] = by_empties_[board.empties()];
    all.add(board, predicted_discs, true_discs);
    if (std::abs(true_discs) <= near_discs)
        near.add(board, predicted_discs, true_discs);
}

std::vector<Accuracy::Row> Accuracy::rows() const {
    std::vector<Row> rows;
    for (const auto& [empties, sums] : by_empties_)
        rows.push_back({empties, sums.first.figures(), sums.second.figures()});
    return rows;
}

Accuracy::Row Accuracy::total() const {
    Sums all;
    Sums near;
    for (const auto& [empties, sums] : by_empties_) {
        all.add(sums.first);
        near.add(sums.second);
    }
    return {0, all.figures(), near.figures()};
}

}  // namespace kiln::app
