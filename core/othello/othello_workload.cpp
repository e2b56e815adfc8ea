#include "core/othello/othello_workload.hpp"

#include <algorithm>
#include <new>

#include "core/base/check.hpp"
#include "core/othello/self_play.hpp"

namespace kiln::othello {
namespace {

constexpr const char* region_weights = "pattern weights";
constexpr const char* region_slots = "optimiser state";
constexpr const char* region_classes = "pattern classes";
constexpr const char* region_members = "pattern members";
constexpr const char* region_corrections = "bias corrections";
constexpr const char* region_statistics = "statistics";
constexpr const char* region_searchers = "search stacks";
constexpr const char* region_sums = "error sums";
constexpr const char* region_touched = "touched lists";
constexpr const char* region_tables = "transposition table";
constexpr const char* owner = "othello";
constexpr std::uint64_t huge_page_bytes = 2u << 20;

// Geometry's sizes without its maps: what planning needs before there is memory.
struct Sizes {
    std::size_t play_entries = 0;
    std::size_t slots_per_stage = 0;
    std::size_t largest_shape = 0;
};

Sizes measure(std::span<const Shape> shapes) {
    Sizes sizes;
    for (const Shape& shape : shapes) {
        const ShapeSize size = shape_size(shape);
        sizes.play_entries += size.play_size;
        sizes.slots_per_stage += size.slot_count;
        sizes.largest_shape = std::max<std::size_t>(sizes.largest_shape, size.slot_count);
    }
    return sizes;
}

}  // namespace

void plan_geometry(RegionList& regions) {
    const auto shapes = default_shapes();
    regions.add(region_classes, owner, Geometry::map_entries(shapes) * sizeof(std::uint16_t));
    regions.add(region_members, owner, Geometry::member_entries(shapes) * sizeof(std::uint16_t));
}

void bind_geometry(Arena& arena, Geometry& geometry) {
    geometry.build(default_shapes(), arena.take_as<std::uint16_t>(region_classes),
                   arena.take_as<std::uint16_t>(region_members));
}

void OthelloWorkload::plan(const Limits& limits, RegionList& regions) const {
    CHECK(limits.workers >= 1 && limits.workers <= workers_max);
    const Sizes sizes = measure(default_shapes());
    const std::uint64_t workers = limits.workers;
    regions.add(region_weights, owner, stage_count * sizes.play_entries * sizeof(std::uint16_t),
                huge_page_bytes);
    regions.add(region_slots, owner, stage_count * sizes.slots_per_stage * sizeof(AdamSlot),
                huge_page_bytes);
    plan_geometry(regions);
    regions.add(region_corrections, owner,
                AdamCorrections::table_size * sizeof(AdamCorrections::Entry));
    regions.add(region_statistics, owner, sizeof(Statistics));
    regions.add(region_searchers, owner, workers * sizeof(Searcher));
    regions.add(region_sums, owner, workers * sizes.largest_shape * sizeof(ErrorSum));
    regions.add(region_touched, owner, workers * sizes.largest_shape * sizeof(std::uint16_t));
    regions.add_shrinkable(region_tables, owner, workers * settings_.table_bytes,
                           workers * std::min(settings_.table_floor_bytes, settings_.table_bytes),
                           sizeof(TableBucket));
}

void OthelloWorkload::bind(const Limits& limits, Arena& arena) {
    worker_count_ = limits.workers;
    bind_geometry(arena, geometry_);
    weights_ = arena.take_as<std::uint16_t>(region_weights);
    slots_ = arena.take_as<AdamSlot>(region_slots);
    learner_.bind(geometry_, weights_, slots_,
                  arena.take_as<AdamCorrections::Entry>(region_corrections));
    model_ = Model(geometry_, weights_);
    statistics_storage_ = arena.take_as<Statistics>(region_statistics).first(1);
    statistics_ = statistics_storage_.data();

    const auto searchers = arena.take_as<Searcher>(region_searchers);
    const auto sums = arena.take_as<ErrorSum>(region_sums);
    const auto touched = arena.take_as<std::uint16_t>(region_touched);
    const auto buckets = arena.take_as<TableBucket>(region_tables);
    const std::size_t share = buckets.size() / worker_count_;
    const std::size_t classes = Learner::scratch_entries(geometry_);
    for (unsigned i = 0; i < worker_count_; ++i) {
        Worker& worker = workers_[i];
        worker.table.bind(buckets.subspan(i * share, share));
        worker.searcher = &searchers[i];
        worker.searcher->bind(model_, worker.table);
        worker.sums = sums.subspan(i * classes, classes);
        worker.touched = touched.subspan(i * classes, classes);
    }
}

void OthelloWorkload::reset() {
    learner_.reset();
    *statistics_ = Statistics();
}

void OthelloWorkload::list_sections(SectionList& sections) {
    sections.add(section("othello.weights", ElementType::u16, weights_));
    sections.add(section("othello.optimiser", ElementType::adam_slot, slots_));
    sections.add(section("othello.statistics", ElementType::record, statistics_storage_));
}

PlayOutcome OthelloWorkload::play(const WorkContext& context, std::uint64_t ticket,
                                  std::span<std::byte> record) {
    CHECK(record.size() >= sizeof(GameRecord));
    auto* game = new (record.data()) GameRecord;
    workers_[context.worker].searcher->set_heartbeat(context.heartbeat);
    return play_game(settings_, *workers_[context.worker].searcher, context, ticket, *game);
}

void OthelloWorkload::skip(std::span<std::byte> record) {
    CHECK(record.size() >= sizeof(GameRecord));
    auto* game = new (record.data()) GameRecord;
    game->is_skipped = true;
}

void OthelloWorkload::absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) {
    if (settings_.control == LearningControl::frozen)
        return;
    Worker& worker = workers_[context.worker];
    const auto rate = static_cast<float>(settings_.learning_rate_at(epoch.first_ticket));
    worker.absorbed_errors += learner_.absorb(epoch, shard, rate, worker.sums, worker.touched);
}

void OthelloWorkload::finish_epoch(const Epoch& epoch, EventSink& sink) {
    for (unsigned i = 0; i < worker_count_; ++i) {
        statistics_->absorbed_errors += workers_[i].absorbed_errors;
        workers_[i].absorbed_errors = 0;
    }
    for (std::uint32_t i = 0; i < epoch.count; ++i) {
        const auto& record = *reinterpret_cast<const GameRecord*>(epoch.records->slot(i).data());
        const std::uint64_t games = epoch.first_ticket + i + 1;
        if (!record.is_skipped)
            for (GameSums* sums :
                 {&statistics_->window, &statistics_->summary, &statistics_->total})
                sums->add(record.summary);
        if (games % window_games == 0) {
            sink.emit(Event::make(event_window, games,
                                  make_window_report(statistics_->window, settings_, games)));
            statistics_->window = GameSums();
        }
        if (games % summary_games == 0) {
            sink.emit(Event::make(event_summary, games,
                                  make_summary_report(statistics_->summary,
                                                      learner_.touched_slots(), slots_.size())));
            statistics_->summary = GameSums();
        }
    }
}

void OthelloWorkload::run_trial(const WorkContext& context, unsigned trial) {
    workers_[context.worker].searcher->set_heartbeat(context.heartbeat);
    MatchSettings match;
    match.seed = settings_.seed;
    match.opponent = Opponent::corner_edge;
    match.limits.depth = 1;
    trials_[trial] =
        play_pair(match, *workers_[context.worker].searcher, trial, context.stop, nullptr);
}

void OthelloWorkload::finish_trials(std::uint64_t games, EventSink& sink) {
    MatchScore score;
    for (const MatchPair& pair : trials_)
        if (pair.is_complete)
            score.add(pair);
    if (score.games() == 0)
        return;
    StrengthReport report = {};
    report.wins = score.wins;
    report.draws = score.draws;
    report.losses = score.losses;
    report.stone_difference = static_cast<double>(score.discs) / score.games();
    sink.emit(Event::make(event_strength, games, report));
}

void OthelloWorkload::note_memory(Ledger& ledger) const {
    // A table has no count of what is in it: a sample of its buckets tells to about a percent.
    std::uint64_t used_bytes = 0;
    for (unsigned i = 0; i < worker_count_; ++i)
        used_bytes += workers_[i].table.estimate_used_bytes();
    ledger.note(region_tables, used_bytes, used_bytes);
}

}  // namespace kiln::othello
