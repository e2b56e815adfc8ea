// Accuracy: how far an evaluation is from exact results, by number of empty squares, beside what
// evaluations that learned nothing would have got.
//
// The controls are those of core/othello/held_out: always 0, the disc difference, and the multiple
// of the mobility difference that fits these very positions best. Memory grows with the number of
// different (empties, mobility, result), not with the positions. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/othello/board.hpp"

namespace kiln::app {

class Accuracy {
  public:
    // Results up to this many discs are counted once more by themselves: elsewhere any evaluation
    // that sees the winner looks good or bad by how lopsided the positions are.
    static constexpr int near_discs = 20;

    // Mean absolute errors in discs.
    struct Figures {
        std::uint64_t positions = 0;
        double error = 0;
        double root_mean_square = 0;
        double bias = 0;  // mean of predicted minus true
        double zero_error = 0;
        double discs_error = 0;
        double mobility_error = 0;
    };
    struct Row {
        int empties = 0;
        Figures all;
        Figures near;
    };

    void add(const othello::Board& board, double predicted_discs, int true_discs);

    std::vector<Row> rows() const;  // fewest empties first
    Row total() const;              // of all of them; its empties mean nothing

  private:
    struct Sums {
        std::uint64_t positions = 0;
        double error = 0;
        double square = 0;
        double bias = 0;
        std::uint64_t zero_error = 0;
        std::uint64_t discs_error = 0;
        std::map<std::pair<int, int>, std::uint64_t> mobilities;  // (mobility, result) -> count

        void add(const othello::Board& board, double predicted_discs, int true_discs);
        void add(const Sums& other);
        Figures figures() const;
    };

    std::map<int, std::pair<Sums, Sums>> by_empties_;  // all, near
};

}  // namespace kiln::app
