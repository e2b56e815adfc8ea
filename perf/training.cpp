// Self-play, learning and checkpoints.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "core/checkpoint/compression.hpp"
#include "core/othello/self_play.hpp"

#include "perf/records.hpp"
#include "perf/suites.hpp"

namespace kiln::perf {
namespace {

constexpr std::uint32_t epoch_games = 64;

struct SelfPlayCase {
    const char* name;
    int depth;
    int exact_empties;
    int selectivity;  // as one would train so deep
    int games;        // a repetition
    Goal goal;        // games a second and worker
};
constexpr SelfPlayCase self_play_cases[] = {
    {"self-play, 1 ply, last 12 exact", 1, 12, 0, 300, at_least(400)},
    {"self-play, depth 4, last 12 exact", 4, 12, 0, 30, at_least(40)},
    {"self-play, depth 8, last 16 exact, pruned", 8, 16, 3, 8, at_least(15)},
};

// Plays tickets far from those of the training, one after another, with the trained weights.
void bench_self_play(Table& table, TrainedRig& trained, const SelfPlayCase& at) {
    if (!table.wants(at.name))
        return;
    Rig& rig = trained.get();
    othello::OthelloSettings settings = rig.workload().settings();
    settings.depth = at.depth;
    settings.exact_empties = at.exact_empties;
    settings.selectivity = at.selectivity;
    settings.target_games = 1'000'000;
    const WorkContext context = {0, &rig.page().stop, &rig.clock()};
    const auto record = std::make_unique<othello::GameRecord>();
    std::uint64_t ticket = 400'000;  // middle of the schedule: 5 % random moves
    table.row(at.name,
              rates(5,
                    [&] {
                        for (int i = 0; i < at.games && !table.is_stopped(); ++i)
                            (void)othello::play_game(settings, rig.workload().searcher(0), context,
                                                     ticket++, *record);
                        return static_cast<double>(at.games);
                    }),
              "games/s", at.goal);
}

struct CheckpointRows {
    const char* save;
    const char* load;
    const char* size;
};

// Saves and loads everything the workload keeps, five times.
void bench_checkpoint(Table& table, TrainedRig& trained, const char* directory,
                      Compression compression, const CheckpointRows& rows) {
    if (!table.wants(rows.save) && !table.wants(rows.load) && !table.wants(rows.size))
        return;
    const ScratchDirectory scratch(directory);
    platform::FileStore store;
    SectionList sections;
    trained.get().workload().list_sections(sections);
    std::vector<std::uint32_t> checksums(CheckpointWriter::table_words(sections, compression));
    const auto space = std::make_unique<checkpoint::CompressionSpace>();
    const auto reader = std::make_unique<CheckpointReader>();
    std::vector<double> saves;
    std::vector<double> loads;
    double megabytes = 0;
    bool works = store.open_directory(scratch.path(), false).has_value();
    for (std::uint64_t i = 0; i < 5 && works; ++i) {
        CheckpointWriter writer;
        writer.bind(checksums, space.get());
        double before = wall_seconds();
        works = writer.begin(store, sections, {"othello", i}, compression).has_value() &&
                writer.finish().has_value();
        saves.push_back(wall_seconds() - before);
        megabytes = static_cast<double>(writer.file_bytes()) / 1e6;
        before = wall_seconds();
        works = works && reader->open(store, checkpoint_file_name(i)).has_value() &&
                reader->load(sections).has_value();
        reader->close();
        loads.push_back(wall_seconds() - before);
    }
    if (!works) {
        std::fprintf(stderr, "kiln: bench: cannot save in %s\n", directory);
        return;
    }
    table.row(rows.save, saves, "s", at_most(2));
    table.row(rows.load, loads, "s", at_most(1));
    table.row(rows.size, {megabytes}, "MB", lower());
}

}  // namespace

void bench_training(Table& table, TrainedRig& trained) {
    for (const SelfPlayCase& at : self_play_cases)
        bench_self_play(table, trained, at);
    if (!table.wants("learning update"))
        return;
    // One epoch of games, absorbed again and again: all shards, one thread.
    Rig& rig = trained.get();
    othello::OthelloWorkload& workload = rig.workload();
    Records records(workload, epoch_games);
    const WorkContext context = {0, &rig.page().stop, &rig.clock()};
    std::uint64_t ticket = 0;
    const auto milliseconds_a_game = [&] {
        for (std::uint32_t i = 0; i < epoch_games; ++i)
            (void)workload.play(context, ticket + i, records.pool().slot(i));
        const Epoch epoch = {ticket, epoch_games, &records.pool()};
        ticket += epoch_games;
        const double before = thread_seconds();
        for (unsigned shard = 0; shard < workload.shard_count(); ++shard)
            workload.absorb(context, epoch, shard);
        return (thread_seconds() - before) * 1e3 / epoch_games;
    };
    std::vector<double> samples;
    for (int i = 0; i < 15; ++i)
        samples.push_back(milliseconds_a_game());
    table.row("learning update", samples, "ms/game", at_most(0.5));
}

void bench_checkpoints(Table& table, TrainedRig& trained, const char* directory) {
    const CheckpointRows plain = {"save, full state", "load, full state", "size, full state"};
    const CheckpointRows compressed = {"save, compressed", "load, compressed", "size, compressed"};
    bench_checkpoint(table, trained, directory, Compression::none, plain);
    bench_checkpoint(table, trained, directory, Compression::lz4, compressed);
}

}  // namespace kiln::perf
