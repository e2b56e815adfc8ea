// What reliability costs and how fast it acts, on whole training runs of full size.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>
#include <vector>

#include <signal.h>

#include "perf/suites.hpp"
#include "perf/training_run.hpp"

namespace kiln::perf {
namespace {

constexpr double patience_seconds = 120;
constexpr int repetitions = 5;

void complain(const Table& table, const char* name) {
    if (table.is_stopped())
        return;  // Ctrl-C reaches the run too
    std::fprintf(stderr, "kiln: bench: %s: a training run did not go as it should\n", name);
}

bool is_in_state(const std::string& status, const char* state) {
    return status.find(std::string("\"state\":\"") + state + "\"") != std::string::npos;
}

double games_in(const std::string& status) {
    return number_in(status, "games", 0);
}

// Waits until the run learns from games: two epochs' ends apart.
bool wait_until_training(const TrainingRun& run) {
    double first = -1;
    return run.wait_for(patience_seconds, [&](const std::string& status) {
        if (!is_in_state(status, "training"))
            return false;
        if (first < 0)
            first = games_in(status);
        return games_in(status) > first;
    });
}

// A run without an end of its own.
constexpr const char* many_games = "100000000";

// ---- The pause that workers see -------------------------------------------------------------

double percentile(std::vector<double> samples, double share) {
    std::sort(samples.begin(), samples.end());
    const auto last = static_cast<double>(samples.size() - 1);
    return samples[static_cast<std::size_t>(share * last + 0.5)];
}

void print_histogram(const Table& table, const std::vector<double>& pauses_ms) {
    constexpr double bounds_ms[] = {0.1, 1, 10, 100, 1000};
    std::fprintf(table.out(), "  pauses:");
    double low = 0;
    for (const double high : bounds_ms) {
        const auto count = std::count_if(pauses_ms.begin(), pauses_ms.end(),
                                         [&](double ms) { return ms >= low && ms < high; });
        std::fprintf(table.out(), " below %g ms: %d,", high, static_cast<int>(count));
        low = high;
    }
    const auto longer =
        std::count_if(pauses_ms.begin(), pauses_ms.end(), [&](double ms) { return ms >= low; });
    std::fprintf(table.out(), " longer: %d\n", static_cast<int>(longer));
}

struct PauseCase {
    const char* median;
    const char* high;
    const char* share;
    const char* depth;
    int every_games;  // far enough apart that no save is due while another is written
    int saves;
};

// The session's thread sleeps while the workers play. That it takes a moment to wake up belongs to
// every epoch, whether there is a save or not.
constexpr double wake_up_ms = 0.5;

void bench_pause(Table& table, const Options& options, const PauseCase& at) {
    if (!table.wants(at.median) && !table.wants(at.high) && !table.wants(at.share))
        return;
    const std::string games = std::to_string(at.every_games * at.saves);
    TrainingRun run(options,
                    {"--games", games, "--depth", at.depth, "--checkpoint-every",
                     std::to_string(at.every_games), "--trials-every", "0", "--keep", "1"});
    if (!run.finish() || table.is_stopped())
        return complain(table, at.median);
    std::vector<double> pauses_ms;
    for (const std::string& line : run.log()) {
        // Nobody plays during the save at the target.
        if (line.find("\"event\":\"checkpoint_saved\"") != std::string::npos &&
            number_in(line, "games", 0) < at.every_games * at.saves)
            pauses_ms.push_back(1e3 * number_in(line, "pause_seconds", 0));
    }
    if (pauses_ms.empty())
        return complain(table, at.median);
    const auto without = std::count_if(pauses_ms.begin(), pauses_ms.end(),
                                       [](double ms) { return ms < wake_up_ms; });
    table.row(at.median, pauses_ms, "ms", at_most(wake_up_ms));
    table.row(at.high, {percentile(pauses_ms, 0.9)}, "ms", at_most(wake_up_ms));
    table.row(at.share,
              {100 * static_cast<double>(without) / static_cast<double>(pauses_ms.size())}, "%",
              at_least(100));
    print_histogram(table, pauses_ms);
}

// ---- Back to work ---------------------------------------------------------------------------

void bench_restart(Table& table, const Options& options) {
    const char* const name = "training again after a kill";
    if (!table.wants(name))
        return;
    TrainingRun run(options,
                    {"--games", many_games, "--checkpoint-every", "1000", "--trials-every", "0"});
    std::vector<double> seconds;
    for (int i = 0; i < repetitions; ++i) {
        // Not before there is a checkpoint of full size, and games beyond those of the kill before:
        // a trainer that ends again and again without getting on is made to wait.
        double pid = 0;
        double restarts = 0;
        if (!wait_until_training(run) ||
            !run.wait_for(patience_seconds, [&](const std::string& status) {
                pid = number_in(status, "trainer_pid", 0);
                restarts = number_in(status, "total", 0);
                return status.find("newest_checkpoint") != std::string::npos;
            }))
            return complain(table, name);
        sleep_seconds(1);
        const double killed = wall_seconds();
        if (pid < 2 || ::kill(static_cast<pid_t>(pid), SIGKILL) != 0)
            return complain(table, name);
        double first = -1;
        if (!run.wait_for(patience_seconds, [&](const std::string& status) {
                if (number_in(status, "total", 0) <= restarts)
                    return false;
                if (first < 0)
                    first = games_in(status);
                return is_in_state(status, "training") && games_in(status) > first;
            }))
            return complain(table, name);
        seconds.push_back(wall_seconds() - killed);
    }
    if (!run.stop())
        return complain(table, name);
    table.row(name, seconds, "s", at_most(3));
}

void bench_pause_command(Table& table, const Options& options) {
    const char* const name = "pause command, asked to answered";
    if (!table.wants(name))
        return;
    TrainingRun run(options, {"--games", many_games, "--checkpoint-every", "0"});
    std::vector<double> seconds;
    for (int i = 0; i < repetitions; ++i) {
        if (!wait_until_training(run))
            return complain(table, name);
        const double asked = wall_seconds();
        if (!run_program(options, {"pause", "--state", run.directory()}))
            return complain(table, name);
        seconds.push_back(wall_seconds() - asked);
        if (!run_program(options, {"resume", "--state", run.directory()}))
            return complain(table, name);
    }
    if (!run.stop())
        return complain(table, name);
    table.row(name, seconds, "s", at_most(5));
}

// ---- Sealed memory --------------------------------------------------------------------------

// The number before these words, with its commas left out.
double number_before(const std::string& text, const char* words) {
    std::size_t at = text.find(words);
    if (at == std::string::npos)
        return -1;
    std::string digits;
    while (at > 0 &&
           (std::isdigit(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == ',')) {
        if (text[--at] != ',')
            digits.insert(digits.begin(), text[at]);
    }
    return digits.empty() ? -1 : std::stod(digits);
}

void bench_seal(Table& table, const Options& options) {
    const char* const faults = "page faults after the seal, 10,000 games";
    const char* const mappings = "calls for memory after the seal";
    if (!table.wants(faults) && !table.wants(mappings))
        return;
    TrainingRun run(options, {"--games", "10000", "--checkpoint-every", "5000", "--lockdown"});
    const bool is_well = run.finish();
    const std::string output = run.output();
    const double count = number_before(output, " page faults after memory was sealed");
    if (!is_well || count < 0)
        return complain(table, faults);
    table.row(faults, {count}, "faults", at_most(10));
    // The kernel ended the trainer at the first such call, and it was started again.
    const double restarts = number_before(output, " times on the way");
    const bool once = output.find("started again 1 time on") != std::string::npos;
    table.row(mappings, {once ? 1 : std::max(restarts, 0.0)}, "calls", at_most(0));
}

}  // namespace

void bench_reliability(Table& table, const Options& options) {
    if (options.executable == nullptr)
        return;
    constexpr PauseCase cases[] = {
        {"pause of a save, 1 ply", "pause of a save, 1 ply, 9 of 10 below",
         "saves without a pause, 1 ply", "1", 3'000, 23},
        {"pause of a save, depth 4", "pause of a save, depth 4, 9 of 10 below",
         "saves without a pause, depth 4", "4", 256, 23},
    };
    for (const PauseCase& at : cases)
        bench_pause(table, options, at);
    bench_restart(table, options);
    bench_pause_command(table, options);
    bench_seal(table, options);
}

}  // namespace kiln::perf
