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
constexpr const char* region_rival = "earlier self";
constexpr const char* region_statistics = "statistics";
constexpr const char* region_convergence = "convergence windows";
constexpr const char* region_held_out = "held-out positions";
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
    regions.add(region_rival, owner, stage_count * sizes.play_entries * sizeof(std::uint16_t),
                huge_page_bytes);
    regions.add(region_slots, owner, stage_count * sizes.slots_per_stage * sizeof(AdamSlot),
                huge_page_bytes);
    plan_geometry(regions);
    regions.add(region_corrections, owner,
                AdamCorrections::table_size * sizeof(AdamCorrections::Entry));
    regions.add(region_statistics, owner, sizeof(Statistics));
    regions.add(region_convergence, owner, sizeof(ConvergenceState));
    regions.add(region_held_out, owner, HeldOut::position_count * sizeof(HeldOut::Position));
    regions.add(region_searchers, owner, 2 * workers * sizeof(Searcher));
    regions.add(region_sums, owner, workers * sizes.largest_shape * sizeof(ErrorSum));
    regions.add(region_touched, owner, workers * sizes.largest_shape * sizeof(std::uint16_t));
    regions.add_shrinkable(region_tables, owner, workers * settings_.table_bytes,
                           workers * std::min(settings_.table_floor_bytes, settings_.table_bytes),
                           sizeof(TableBucket));
}

std::uint64_t OthelloWorkload::state_bytes() const {
    const Sizes sizes = measure(default_shapes());
    return stage_count * (2 * sizes.play_entries * sizeof(std::uint16_t) +
                          sizes.slots_per_stage * sizeof(AdamSlot)) +
           sizeof(Statistics) + sizeof(ConvergenceState);
}

void OthelloWorkload::bind(const Limits& limits, Arena& arena) {
    worker_count_ = limits.workers;
    bind_geometry(arena, geometry_);
    weights_ = arena.take_as<std::uint16_t>(region_weights);
    slots_ = arena.take_as<AdamSlot>(region_slots);
    learner_.bind(geometry_, weights_, slots_,
                  arena.take_as<AdamCorrections::Entry>(region_corrections));
    learner_.set_weight_decay(settings_.weight_decay);
    model_ = Model(geometry_, weights_);
    rival_weights_ = arena.take_as<std::uint16_t>(region_rival);
    rival_ = Model(geometry_, rival_weights_);
    statistics_storage_ = arena.take_as<Statistics>(region_statistics).first(1);
    statistics_ = statistics_storage_.data();
    convergence_storage_ = arena.take_as<ConvergenceState>(region_convergence).first(1);
    convergence_.bind(geometry_, convergence_storage_[0]);
    held_out_.bind(arena.take_as<HeldOut::Position>(region_held_out));

    const auto searchers = arena.take_as<Searcher>(region_searchers);
    const auto sums = arena.take_as<ErrorSum>(region_sums);
    const auto touched = arena.take_as<std::uint16_t>(region_touched);
    const auto buckets = arena.take_as<TableBucket>(region_tables);
    const std::size_t share = buckets.size() / worker_count_;
    const std::size_t classes = Learner::scratch_entries(geometry_);
    for (unsigned i = 0; i < worker_count_; ++i) {
        Worker& worker = workers_[i];
        worker.table.bind(buckets.subspan(i * share, share));
        worker.searcher = &searchers[2 * i];
        worker.searcher->bind(model_, worker.table);
        worker.rival = &searchers[2 * i + 1];
        worker.rival->bind(rival_, worker.table);
        worker.sums = sums.subspan(i * classes, classes);
        worker.touched = touched.subspan(i * classes, classes);
    }
}

void OthelloWorkload::change_settings(const OthelloSettings& settings) {
    CHECK(settings.seed == settings_.seed && settings.table_bytes == settings_.table_bytes);
    settings_ = settings;
    learner_.set_weight_decay(settings_.weight_decay);
}

void OthelloWorkload::reset() {
    learner_.reset();
    std::copy(weights_.begin(), weights_.end(), rival_weights_.begin());
    *statistics_ = Statistics();
    statistics_->rival_due = rival_first_games;
    convergence_.reset();
}

void OthelloWorkload::list_sections(SectionList& sections) {
    sections.add(section("othello.weights", ElementType::u16, weights_));
    sections.add(section("othello.optimiser", ElementType::adam_slot, slots_));
    sections.add(section("othello.statistics", ElementType::record, statistics_storage_));
    sections.add(section("othello.convergence", ElementType::record, convergence_storage_));
    sections.add(section("othello.rival", ElementType::u16, rival_weights_));
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
    worker.absorbed.add(learner_.absorb(epoch, shard, rate, worker.sums, worker.touched));
}

void OthelloWorkload::finish_epoch(const Epoch& epoch, EventSink& sink) {
    AbsorbCounts absorbed;
    for (unsigned i = 0; i < worker_count_; ++i) {
        absorbed.add(workers_[i].absorbed);
        workers_[i].absorbed = AbsorbCounts();
    }
    statistics_->absorbed_errors += absorbed.errors;
    convergence_.add_epoch(settings_, epoch.first_ticket, epoch.count);
    std::uint64_t invalid = absorbed.invalid;
    for (std::uint32_t i = 0; i < epoch.count; ++i) {
        const auto& record = *reinterpret_cast<const GameRecord*>(epoch.records->slot(i).data());
        const std::uint64_t games = epoch.first_ticket + i + 1;
        if (!record.is_skipped)
            count_game(record.summary);
        invalid += record.summary.invalid_values;
        if (games % window_games == 0)
            report_window(games, sink);
        if (games % summary_games == 0)
            report_summary(games, sink);
    }
    convergence_.warn_of_invalid_values(epoch.first_ticket + epoch.count, invalid,
                                        absorbed.saturated, sink);
    refresh_rival(epoch);
}

void OthelloWorkload::count_game(const GameSummary& game) {
    for (GameSums* sums : {&statistics_->window, &statistics_->summary, &statistics_->total})
        sums->add(game);
    convergence_.add_game(game);
}

void OthelloWorkload::report_window(std::uint64_t games, EventSink& sink) {
    const double updates = convergence_.updates(statistics_->absorbed_errors);
    sink.emit(Event::make(event_window, games,
                          make_window_report(statistics_->window, settings_, games, updates)));
    statistics_->window = GameSums();
}

void OthelloWorkload::report_summary(std::uint64_t games, EventSink& sink) {
    convergence_.finish_window(statistics_->summary.value_moments(), model_);
    const ConvergenceReport report = convergence();
    sink.emit(
        Event::make(event_summary, games,
                    make_summary_report(statistics_->summary, report.touched, report.weights)));
    sink.emit(Event::make(event_convergence, games, report));
    convergence_.warn(games, report, sink);
    statistics_->summary = GameSums();
}

// Not in the epoch that reaches the games but in the next, so that trials at its end still find the
// rival that has seen half of them.
void OthelloWorkload::refresh_rival(const Epoch& epoch) {
    if (epoch.first_ticket < statistics_->rival_due)
        return;
    std::copy(weights_.begin(), weights_.end(), rival_weights_.begin());
    statistics_->rival_games = epoch.first_ticket + epoch.count;
    while (statistics_->rival_due <= epoch.first_ticket)
        statistics_->rival_due *= 2;
}

ConvergenceReport OthelloWorkload::convergence() const {
    return convergence_.report({statistics_->absorbed_errors, learner_.count_slots()});
}

void OthelloWorkload::run_trial(const WorkContext& context, unsigned trial) {
    Worker& worker = workers_[context.worker];
    worker.searcher->set_heartbeat(context.heartbeat);
    worker.rival->set_heartbeat(context.heartbeat);
    if (trial < HeldOut::block_count) {
        held_out_.solve(trial, *worker.searcher, context.stop);
        return;
    }
    trial -= HeldOut::block_count;
    MatchSettings match;
    match.seed = settings_.seed;
    match.purpose = StreamPurpose::trial;
    match.opponent = static_cast<Opponent>(trial / trial_pairs);
    match.limits.depth = 1;
    match.other_model = worker.rival;
    const unsigned pair = trial % trial_pairs;
    trials_[trial / trial_pairs][pair] =
        play_pair(match, *worker.searcher, pair, context.stop, nullptr);
}

void OthelloWorkload::finish_trials(std::uint64_t games, EventSink& sink) {
    for (std::uint32_t opponent = 0; opponent < opponent_count; ++opponent) {
        MatchScore score;
        for (const MatchPair& pair : trials_[opponent])
            if (pair.is_complete)
                score.add(pair);
        if (score.games() == 0)
            continue;
        StrengthReport report = {};
        report.opponent = static_cast<Opponent>(opponent);
        report.wins = score.wins;
        report.draws = score.draws;
        report.losses = score.losses;
        report.stone_difference = score.mean_discs();
        report.stone_difference_error = score.mean_discs_error();
        std::copy(std::begin(score.pair_counts), std::end(score.pair_counts), report.pairs);
        if (report.opponent == Opponent::model)
            report.opponent_games = statistics_->rival_games;
        sink.emit(Event::make(event_strength, games, report));
    }
    const HeldOutReport report = held_out_.measure(model_);
    if (report.positions == HeldOut::position_count)
        sink.emit(Event::make(event_held_out, games, report));
}

void OthelloWorkload::note_memory(Ledger& ledger) const {
    // A table has no count of what is in it: a sample of its buckets tells to about a percent.
    std::uint64_t used_bytes = 0;
    for (unsigned i = 0; i < worker_count_; ++i)
        used_bytes += workers_[i].table.estimate_used_bytes();
    ledger.note(region_tables, used_bytes, used_bytes);
}

}  // namespace kiln::othello
