// Where the processors' time goes while training: how much of it is used, and for what.
#include <cstdio>
#include <string>
#include <vector>

#include "perf/suites.hpp"

namespace kiln::perf {
namespace {

constexpr unsigned workers = 2;
constexpr double window_seconds = 1.0;
constexpr int windows = 5;

struct Case {
    const char* figure;
    const char* breakdown;  // wanted by this name too
    const char* work;
    int depth;
};
constexpr Case cases[] = {
    {"processor use, 2 workers, 1 ply", "bottleneck, 1 ply", "training at one ply", 1},
    {"processor use, 2 workers, depth 4", "bottleneck, depth 4", "training at depth 4", 4},
};

// Seconds that a thread was ready to run while others had the processor, as the kernel counts
// them; 0 if it does not tell.
double seconds_kept_waiting(int thread) {
    const std::string path = "/proc/self/task/" + std::to_string(thread) + "/schedstat";
    std::FILE* const file = std::fopen(path.c_str(), "re");
    if (file == nullptr)
        return 0;
    unsigned long long ran_ns = 0;
    unsigned long long waited_ns = 0;
    const int read = std::fscanf(file, "%llu %llu", &ran_ns, &waited_ns);
    std::fclose(file);
    return read == 2 ? static_cast<double>(waited_ns) * 1e-9 : 0;
}

// The state of the clocks at the end of an epoch; and of all workers together.
struct Reading {
    double wall = 0;
    double thread = 0;
    double playing = 0;
    double searching = 0;
    double solving = 0;
    double absorbing = 0;
    double kept_waiting = 0;

    double used_since(const Reading& before) const {
        return (thread - before.thread) / (workers * (wall - before.wall));
    }
};

Reading read_all(const MeasuredWorkload& measured) {
    Reading reading;
    reading.wall = wall_seconds();
    for (unsigned i = 0; i < workers; ++i) {
        const WorkerTimes& times = measured.times(i);
        reading.thread += times.thread;
        reading.playing += times.playing;
        reading.searching += times.searching;
        reading.solving += times.solving;
        reading.absorbing += times.absorbing;
        reading.kept_waiting += seconds_kept_waiting(times.thread_id);
    }
    return reading;
}

// A training session of some seconds, read at the epoch after each second. The first epoch is left
// out: threads and tables are cold. What comes after the last one, the final save, too.
std::vector<Reading> train(Table& table, const Options& options, int depth, bool splits_games) {
    othello::OthelloSettings settings;
    settings.depth = depth;
    settings.target_games = 1'000'000;
    SessionSettings session;
    session.target_games = settings.target_games;
    Rig rig(settings, session, workers);
    std::vector<Reading> readings;
    rig.measured().splits_games = splits_games;
    rig.measured().after_epoch = [&] {
        if (readings.empty() || wall_seconds() - readings.back().wall >= window_seconds)
            readings.push_back(read_all(rig.measured()));
        if (readings.size() > windows || table.is_stopped())
            rig.page().request_stop();
    };
    const ScratchDirectory scratch(options.directory);
    platform::FileStore store;
    if (!store.open_directory(scratch.path(), false))
        give_up("cannot use the directory for saves");
    rig.train(store);
    return readings;
}

Breakdown break_down(const char* work, const Reading& begin, const Reading& end) {
    const double seconds = end.wall - begin.wall;
    const double whole = workers * seconds;
    const double searching = (end.searching - begin.searching) / whole;
    const double solving = (end.solving - begin.solving) / whole;
    const double playing = (end.playing - begin.playing) / whole;
    const double absorbing = (end.absorbing - begin.absorbing) / whole;
    const double taken = (end.kept_waiting - begin.kept_waiting) / whole;
    const double waiting = 1 - playing - absorbing - taken;
    return {work,
            workers,
            seconds,
            {{"self-play search", searching},
             {"exact solving", solving},
             {"the rest of games", playing - searching - solving},
             {"learning update", absorbing},
             {"waiting", waiting},
             {"taken by other programs", taken, false}}};
}

// Where others are at work too, the figure says more about them than about Kiln.
void tell_if_taken(const Table& table, const Reading& begin, const Reading& end) {
    const double taken =
        (end.kept_waiting - begin.kept_waiting) / (workers * (end.wall - begin.wall));
    if (taken > 0.01)
        std::fprintf(table.out(), "  (other programs took %.1f %% of the processors meanwhile)\n",
                     100 * taken);
}

}  // namespace

void bench_processor_use(Table& table, const Options& options) {
    for (const Case& at : cases) {
        if (table.wants(at.figure)) {
            const std::vector<Reading> readings = train(table, options, at.depth, false);
            std::vector<double> used;
            for (std::size_t i = 1; i < readings.size(); ++i)
                used.push_back(100 * readings[i].used_since(readings[i - 1]));
            if (!used.empty()) {
                table.row(at.figure, used, "%", at_least(95));
                tell_if_taken(table, readings.front(), readings.back());
            }
        }
        if (table.wants(at.breakdown)) {
            const std::vector<Reading> readings = train(table, options, at.depth, true);
            if (readings.size() >= 2)
                table.breakdown(break_down(at.work, readings.front(), readings.back()));
        }
    }
}

}  // namespace kiln::perf
