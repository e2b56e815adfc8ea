// What checkpoints and heartbeats cost beside the work itself.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/othello/self_play.hpp"

#include "perf/suites.hpp"

namespace kiln::perf {
namespace {

// ---- Page cache -----------------------------------------------------------------------------

constexpr std::size_t page_bytes = 4096;

// Bytes of a file that are in the page cache.
double cached_bytes(const std::string& path, std::vector<unsigned char>& pages) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    struct stat status {};
    double cached = 0;
    if (::fstat(file, &status) == 0 && status.st_size > 0) {
        const auto bytes = static_cast<std::size_t>(status.st_size);
        pages.resize((bytes + page_bytes - 1) / page_bytes);
        void* const mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) {
            if (::mincore(mapped, bytes, pages.data()) == 0)
                cached = static_cast<double>(
                             std::count_if(pages.begin(), pages.end(),
                                           [](unsigned char page) { return (page & 1) != 0; })) *
                         page_bytes;
            ::munmap(mapped, bytes);
        }
    }
    ::close(file);
    return cached;
}

// Looks every millisecond at all files of a directory, and remembers the most it saw.
class CacheWatch {
  public:
    explicit CacheWatch(const char* directory)
        : directory_(directory), thread_([this] { watch(); }) {}
    ~CacheWatch() { (void)stop(); }
    CacheWatch(const CacheWatch&) = delete;
    CacheWatch& operator=(const CacheWatch&) = delete;

    double stop() {
        is_over_ = true;
        if (thread_.joinable())
            thread_.join();
        return peak_bytes_;
    }

  private:
    void watch() {
        std::vector<unsigned char> pages;
        while (!is_over_) {
            double bytes = 0;
            std::error_code gone;
            for (const auto& entry : std::filesystem::directory_iterator(directory_, gone))
                bytes += cached_bytes(entry.path().string(), pages);
            peak_bytes_ = std::max(peak_bytes_, bytes);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    std::string directory_;
    double peak_bytes_ = 0;
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

// ---- Heartbeat ------------------------------------------------------------------------------

// The same games again and again, with and without somebody watching.
class WatchedPlay {
  public:
    WatchedPlay(Rig& trained, int depth) : rig_(trained), settings_(trained.workload().settings()) {
        settings_.depth = depth;
        settings_.target_games = 1'000'000;
    }
    ~WatchedPlay() { rig_.workload().searcher(0).set_heartbeat(nullptr); }
    WatchedPlay(const WatchedPlay&) = delete;
    WatchedPlay& operator=(const WatchedPlay&) = delete;

    void play(std::uint64_t first, int games, bool is_watched) {
        othello::Searcher& searcher = rig_.workload().searcher(0);
        searcher.set_heartbeat(is_watched ? &heartbeat_ : nullptr);
        const WorkContext context = {0, &rig_.page().stop, &rig_.clock()};
        for (int i = 0; i < games; ++i) {
            const std::uint64_t ticket = first + static_cast<std::uint64_t>(i);
            if (is_watched)
                heartbeat_.begin(Phase::playing, ticket, rig_.clock().now_ns());
            (void)othello::play_game(settings_, searcher, context, ticket, *record_);
        }
    }
    std::uint64_t beats() const { return heartbeat_.beats.load(); }

  private:
    Rig& rig_;
    othello::OthelloSettings settings_;
    Heartbeat heartbeat_;
    std::unique_ptr<othello::GameRecord> record_ = std::make_unique<othello::GameRecord>();
};

constexpr std::uint64_t first_ticket = 400'000;
constexpr int group_games = 4;

// Percent more time with a heartbeat. Whatever disturbs a group of games makes it slower, so the
// fastest of many repetitions is what the games take; the two take turns. Even so a
// busy machine is off by a percent: the judged figure is the share of beats below.
double added_time(const Table& table, WatchedPlay& play, int groups, int turns) {
    double with = 0;
    double without = 0;
    for (int group = 0; group < groups; ++group) {
        const std::uint64_t ticket = first_ticket + static_cast<std::uint64_t>(group) * group_games;
        double fastest[2] = {1e9, 1e9};
        for (int turn = 0; turn < 2 * turns && !table.is_stopped(); ++turn) {
            // Without, with, with, without: what drifts hits both.
            const bool is_watched = turn % 4 == 1 || turn % 4 == 2;
            const double before = thread_seconds();
            play.play(ticket, group_games, is_watched);
            double& best = fastest[is_watched ? 1 : 0];
            best = std::min(best, thread_seconds() - before);
        }
        without += fastest[0];
        with += fastest[1];
    }
    return 100 * (with / without - 1);
}

// Percent of the time of games that their beats take, by what a beat takes alone.
double share_of_beats(WatchedPlay& play, int games) {
    constexpr int beats = 100'000'000;
    Heartbeat alone;
    double before = thread_seconds();
    for (int i = 0; i < beats; ++i) {
        alone.beat();
        asm volatile("" : : : "memory");
    }
    const double seconds_a_beat = (thread_seconds() - before) / beats;
    const std::uint64_t beats_before = play.beats();
    before = thread_seconds();
    play.play(first_ticket, games, true);
    const double seconds = thread_seconds() - before;
    return 100 * static_cast<double>(play.beats() - beats_before) * seconds_a_beat / seconds;
}

void bench_heartbeat_at(Table& table, TrainedRig& trained, int depth, int games, const char* added,
                        const char* beats) {
    if (!table.wants(added) && !table.wants(beats))
        return;
    WatchedPlay play(trained.get(), depth);
    if (table.wants(added)) {
        std::vector<double> samples;
        for (int i = 0; i < 3; ++i)
            samples.push_back(added_time(table, play, games / group_games, 20));
        table.row(added, samples, "%", lower());
    }
    if (table.wants(beats))
        table.row(beats, {share_of_beats(play, games)}, "%", at_most(0.1));
}

}  // namespace

void bench_page_cache(Table& table, TrainedRig& trained, const char* directory) {
    const char* const name = "page cache of a save, peak";
    if (!table.wants(name))
        return;
    SectionList sections;
    trained.get().workload().list_sections(sections);
    std::vector<std::uint32_t> checksums(
        CheckpointWriter::table_words(sections, Compression::none));
    std::vector<double> peaks_mb;
    for (std::uint64_t i = 0; i < 5; ++i) {
        const ScratchDirectory scratch(directory);
        platform::FileStore store;
        CheckpointWriter writer;
        writer.bind(checksums, nullptr);
        CacheWatch watch(scratch.path());
        if (!store.open_directory(scratch.path(), false) ||
            !writer.begin(store, sections, {"othello", i}, Compression::none) || !writer.finish()) {
            std::fprintf(stderr, "kiln: bench: cannot save in %s\n", directory);
            return;
        }
        peaks_mb.push_back(watch.stop() / 1e6);
    }
    table.row(name, peaks_mb, "MB", at_most(32));
}

void bench_heartbeat(Table& table, TrainedRig& trained) {
    bench_heartbeat_at(table, trained, 1, 40, "heartbeat, added time, 1 ply",
                       "heartbeat, its beats, 1 ply");
    bench_heartbeat_at(table, trained, 4, 12, "heartbeat, added time, depth 4",
                       "heartbeat, its beats, depth 4");
}

}  // namespace kiln::perf
