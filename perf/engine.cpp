// Rules, evaluation and search.
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "core/othello/perft.hpp"

#include "perf/fixed_player.hpp"
#include "perf/positions.hpp"
#include "perf/suites.hpp"

namespace kiln::perf {
namespace {

using othello::Board;

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

// The one place that knows how known features are evaluated: at 34 discs.
othello::Score evaluate_known(const othello::Model& model, const othello::Features& known) {
    return model.evaluate(known, othello::stage_of(34));
}

// ---- The solve set --------------------------------------------------------------------------

struct SolveCase {
    std::string name;
    int empties;
    std::vector<Board> positions;
    Goal goal;  // mean seconds a position
};

// Random positions are lopsided, and mostly harder than those that games come to.
std::vector<SolveCase> solve_cases() {
    std::vector<SolveCase> cases;
    for (const auto& [empties, count] : {std::pair(14, 64), {16, 32}, {18, 16}, {20, 16}})
        cases.push_back({"solve, " + std::to_string(empties) + " empties", empties,
                         random_positions_with(count, empties), lower()});
    cases.push_back({"solve, 20 empties, even games", 20, even_positions(), at_most(0.25)});
    return cases;
}

constexpr int solve_repetitions = 3;
constexpr double solve_patience_seconds = 30;  // of one case, after which it is not repeated

void bench_solving(Table& table, TrainedRig& trained, const SolveCase& at) {
    const std::string nodes_name = at.name + ", nodes";
    if (!table.wants(at.name.c_str()) && !table.wants(nodes_name.c_str()))
        return;
    othello::Searcher& searcher = trained.get().workload().searcher(0);
    othello::SearchLimits limits;
    limits.exact_empties = at.empties;
    std::vector<double> seconds;
    double nodes = 0;
    const double begin = thread_seconds();
    for (int i = 0; i < solve_repetitions; ++i) {
        const double before = thread_seconds();
        nodes = 0;
        for (const Board& board : at.positions) {
            searcher.table().begin_game();
            nodes += static_cast<double>(searcher.search(board, limits, nullptr, nullptr).nodes);
            if (table.is_stopped())
                return;
        }
        const double after = thread_seconds();
        seconds.push_back((after - before) / static_cast<double>(at.positions.size()));
        if (after - begin > solve_patience_seconds)
            break;
    }
    table.row(at.name.c_str(), seconds, "s/position", at.goal);
    table.row(nodes_name.c_str(), {nodes * 1e-6 / static_cast<double>(at.positions.size())},
              "M nodes", lower());
}

}  // namespace

void bench_rules(Table& table) {
    if (!table.wants("perft 11"))
        return;
    const auto leaves =
        rates(5, [] { return static_cast<double>(othello::perft(othello::start_board(), 11)); });
    table.row("perft 11", scaled(leaves, 1e-6), "M leaves/s", at_least(300));
}

// Weights of any kind do: it is the same work for all.
void bench_evaluation(Table& table) {
    if (!table.wants("static evaluation, features known") &&
        !table.wants("static evaluation, from the board"))
        return;
    FixedPlayer player{othello::OthelloSettings()};
    const othello::Model& model = player.workload().model();
    const auto positions = random_positions(1000, 30);
    if (table.wants("static evaluation, features known")) {
        std::vector<othello::Features> features;
        for (const Board& board : positions)
            features.push_back(model.geometry().features(board));
        const auto rate = rates(9, [&] {
            for (int round = 0; round < 1000; ++round)
                for (const othello::Features& known : features)
                    use(evaluate_known(model, known));
            return 1e6;
        });
        table.row("static evaluation, features known", nanoseconds(rate), "ns", at_most(100));
    }
    if (table.wants("static evaluation, from the board")) {
        const auto rate = rates(9, [&] {
            for (int round = 0; round < 200; ++round)
                for (const Board& board : positions)
                    use(model.evaluate(board));
            return 2e5;
        });
        table.row("static evaluation, from the board", nanoseconds(rate), "ns", lower());
    }
}

void bench_engine(Table& table, TrainedRig& trained) {
    if (table.wants("midgame search, depth 8")) {
        othello::Searcher& searcher = trained.get().workload().searcher(0);
        const std::vector<Board> positions = random_positions(20, 24);
        othello::SearchLimits limits;
        limits.depth = 8;
        const auto rate = rates(5, [&] {
            double nodes = 0;
            for (const Board& board : positions) {
                searcher.table().begin_game();
                nodes +=
                    static_cast<double>(searcher.search(board, limits, nullptr, nullptr).nodes);
            }
            return nodes;
        });
        table.row("midgame search, depth 8", scaled(rate, 1e-6), "M nodes/s", at_least(8));
    }
    for (const SolveCase& at : solve_cases())
        bench_solving(table, trained, at);
}

}  // namespace kiln::perf
