// Rules, evaluation and search.
#include <cstdint>
#include <vector>

#include "core/base/random.hpp"
#include "core/othello/perft.hpp"
#include "core/othello/player.hpp"

#include "perf/suites.hpp"

namespace kiln::perf {
namespace {

using othello::Board;

// A position after that many random plies; drawn again if the game ended before.
Board random_position(std::uint64_t number, int plies) {
    RandomStream random(1, StreamPurpose::position, number);
    for (;;) {
        Board board = othello::start_board();
        int ply = 0;
        while (ply < plies && !othello::is_over(board)) {
            if (othello::legal_moves(board) == 0) {
                board = othello::after_pass(board);
                continue;
            }
            const othello::Square move = othello::choose_random(random, board);
            board = othello::after_move(board, move, othello::flips(board, move));
            ++ply;
        }
        if (!othello::is_over(board))
            return board;
    }
}

std::vector<Board> random_positions(int count, int plies) {
    std::vector<Board> positions;
    for (int i = 0; i < count; ++i)
        positions.push_back(random_position(static_cast<std::uint64_t>(i), plies));
    return positions;
}

// Keeps a result from being optimised away.
template <typename Value>
void use(const Value& value) {
    asm volatile("" : : "r"(value) : "memory");
}

std::vector<double> scaled(std::vector<double> samples, double factor) {
    for (double& sample : samples)
        sample *= factor;
    return samples;
}

// Nanoseconds a unit from units a second.
std::vector<double> nanoseconds(const std::vector<double>& rates) {
    std::vector<double> samples;
    for (const double rate : rates)
        samples.push_back(1e9 / rate);
    return samples;
}

}  // namespace

void bench_rules(Table& table) {
    if (!table.wants("perft 11"))
        return;
    const auto leaves =
        rates(5, [] { return static_cast<double>(othello::perft(othello::start_board(), 11)); });
    table.row("perft 11", scaled(leaves, 1e-6), "M leaves/s", Goal::at_least, 150);
}

void bench_engine(Table& table, Rig& trained) {
    const othello::Model& model = trained.workload().model();
    const auto positions = random_positions(1000, 30);
    if (table.wants("static evaluation, features known")) {
        std::vector<othello::Features> features;
        for (const Board& board : positions)
            features.push_back(model.geometry().features(board));
        const auto rate = rates(9, [&] {
            for (int round = 0; round < 1000; ++round)
                for (const othello::Features& known : features)
                    use(model.evaluate(known, 15));
            return 1e6;
        });
        table.row("static evaluation, features known", nanoseconds(rate), "ns", Goal::at_most, 150);
    }
    if (table.wants("static evaluation, from the board")) {
        const auto rate = rates(9, [&] {
            for (int round = 0; round < 200; ++round)
                for (const Board& board : positions)
                    use(model.evaluate(board));
            return 2e5;
        });
        table.row("static evaluation, from the board", nanoseconds(rate), "ns", Goal::none, 0);
    }
    othello::Searcher& searcher = trained.workload().searcher(0);
    const auto search_rate = [&](const std::vector<Board>& boards,
                                 const othello::SearchLimits& limits) {
        return rates(5, [&] {
            double nodes = 0;
            for (const Board& board : boards) {
                searcher.table().begin_game();
                nodes +=
                    static_cast<double>(searcher.search(board, limits, nullptr, nullptr).nodes);
            }
            return nodes;
        });
    };
    if (table.wants("midgame search, depth 8")) {
        othello::SearchLimits limits;
        limits.depth = 8;
        table.row("midgame search, depth 8",
                  scaled(search_rate(random_positions(20, 24), limits), 1e-6), "M nodes/s",
                  Goal::none, 0);
    }
    if (table.wants("exact endgame, 14 empties")) {
        othello::SearchLimits limits;
        limits.exact_empties = 14;
        table.row("exact endgame, 14 empties",
                  scaled(search_rate(random_positions(50, 46), limits), 1e-6), "M nodes/s",
                  Goal::none, 0);
    }
}

}  // namespace kiln::perf
