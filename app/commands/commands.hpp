// The commands of `kiln`, each with what its command line gave it.
//
// A command prints its result and returns its exit code; what goes wrong it throws as a Failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/othello/even_game.hpp"
#include "core/othello/match.hpp"
#include "core/othello/search.hpp"

#include "app/control_protocol.hpp"
#include "app/exit_code.hpp"
#include "app/match_statistics.hpp"
#include "app/model_file.hpp"
#include "app/settings.hpp"

namespace kiln::app {

// Of `train` and `memory --plan`: the settings from the file and from the flags, file first.
struct RunOptions {
    std::string config_path;  // empty: none
    std::vector<Assignment> from_file;
    std::vector<Assignment> from_flags;

    RunSettings over(const RunSettings& base) const {
        return assign_all(assign_all(base, from_file), from_flags);
    }
};

struct EvaluateOptions {
    ModelSource model;
    othello::Opponent opponent = othello::Opponent::random;
    std::uint64_t games = 400;
    othello::SearchLimits limits = {.depth = 1};
    int opening_plies = 6;
    std::uint64_t seed = 1;
    std::uint64_t workers = 0;  // 0: one for every CPU, as far as the budget goes
    std::uint64_t memory_bytes = 600'000'000;
    bool json = false;
};

// Of `solve`: what to do with each position of a file.
struct SolveOptions {
    std::string path;
    ModelSource model;
    bool only_winner = false;
    std::optional<int> depth;   // evaluate with so many plies instead of solving
    std::uint64_t workers = 0;  // 0: one for every CPU, as far as the budget goes
    std::uint64_t table_bytes = 256u << 20;
    std::uint64_t memory_bytes = 1'000'000'000;
    bool json = false;
};

// Of `positions`: so many of them at so many empty squares.
struct PositionQuota {
    int empties = 0;
    std::uint64_t count = 0;
};

struct PositionsOptions {
    std::string path;
    ModelSource model;
    std::vector<PositionQuota> quotas;  // fewest empties first
    othello::EvenGameSettings games;
    bool all_moves = false;     // a score for every move, not only for a best one
    std::uint64_t workers = 0;  // 0: one for every CPU, as far as the budget goes
    std::uint64_t table_bytes = 256u << 20;
    std::uint64_t memory_bytes = 1'000'000'000;
    bool force = false;   // replace what is there
    bool resume = false;  // go on with what is there
};

// Two models against each other. Every opening is played twice, with colours exchanged.
struct MatchOptions {
    ModelSource models[2];
    std::uint64_t pairs = 200;
    othello::SearchLimits limits = {.depth = 1};
    int opening_plies = 8;
    std::uint64_t seed = 1;
    std::uint64_t workers = 0;  // 0: one for every CPU, as far as the budget goes
    std::uint64_t memory_bytes = 600'000'000;
    std::optional<Sprt> sprt;
    bool json = false;
};

enum class BenchAction {
    measure,
    print_kind,       // of this machine
    print_signature,  // perf/signature.hpp
    run_job,          // perf/jobs.hpp
};
struct BenchOptions {
    BenchAction action = BenchAction::measure;
    std::string filter;
    std::string directory = "/var/tmp";
    std::string model;  // checkpoint or state directory; empty: a short training makes one
    bool json = false;
    std::string save_baseline;  // file to write; empty: none
    std::string compare;        // file to compare with; empty: none
    double threshold = 0.05;    // of a regression, as a share
    std::string job;
    std::uint64_t repeat = 1;  // of the job
};

struct PerftOptions {
    std::uint64_t depth = 0;
    std::string board = "start";
};

struct BoardOptions {
    std::string board = "start";
    std::string moves;
    std::optional<ModelSource> model;
    othello::SearchLimits limits = {.depth = 6};
};

enum class CheckpointAction { list, verify, inspect, diff };
struct CheckpointOptions {
    CheckpointAction action = CheckpointAction::list;
    std::string path;
    std::string other;       // of diff: compared with `path`
    std::uint64_t top = 10;  // of diff: largest changes to list
    bool json = false;       // of diff
};

// status, pause, resume, save, stop, set, memory: asks the run in `state`.
struct ControlOptions {
    Request request;
    std::string state = "state";
    double timeout_seconds = 0;  // 0: what is usual for the command
    bool json = false;
};

ExitCode run_train(const RunOptions& options);
ExitCode run_memory_plan(const RunOptions& options);
ExitCode run_evaluate(const EvaluateOptions& options);
ExitCode run_solve(const SolveOptions& options);
ExitCode run_positions(const PositionsOptions& options);
ExitCode run_match(const MatchOptions& options);
ExitCode run_bench(const BenchOptions& options);
ExitCode run_perft(const PerftOptions& options);
ExitCode run_board(const BoardOptions& options);
ExitCode run_checkpoint(const CheckpointOptions& options);
ExitCode run_control(const ControlOptions& options);
ExitCode diff_checkpoints(const CheckpointOptions& options);  // of run_checkpoint()

}  // namespace kiln::app
