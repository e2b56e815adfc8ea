// kiln debug updates: the next games of a run, and what each weight learns from them.
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "core/othello/explain.hpp"

#include "app/commands/debug.hpp"
#include "app/debug_model.hpp"
#include "app/debug_text.hpp"
#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using othello::GameRecord;
using othello::WeightPlace;

// What an epoch says about one weight, and the charge that says most.
struct Cause {
    std::int32_t sum = 0;
    std::uint32_t terms = 0;
    std::int32_t largest = 0;
    std::uint16_t before = 0;
    std::uint16_t at = 0;  // of the largest, in the record of ...
    std::uint32_t game = 0;
};

// A position that an error is charged to.
struct Charge {
    othello::Position position;
    std::uint32_t move = 0;  // after which number of moves it was searched
};

// Arrays larger than the heap, from the system.
template <typename T>
std::span<T> map_array(platform::Mapping& mapping, std::size_t count) {
    if (const Status mapped = mapping.map(count * sizeof(T)); !mapped)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("the system does not grant {} of memory; give fewer --games",
                                  format_bytes(count * sizeof(T))));
    return {reinterpret_cast<T*>(mapping.span().data()), count};
}

class ChargeNotes final : public othello::GameObserver {
  public:
    explicit ChargeNotes(std::span<Charge> charges) : charges_(charges) {}
    void on_move(const othello::PlayedMove& move) override {
        if (move.step >= 0) {
            is_black_[move.step] = move.is_black;
            move_[move.step] = moves_;
        }
        ++moves_;
    }
    void on_step(const othello::LearnedStep& step) override {
        if (!step.is_charged)
            return;
        const bool is_black = step.is_same_side == is_black_[step.step];
        charges_[static_cast<std::size_t>(step.at)] = {
            {step.charged, is_black ? othello::Colour::black : othello::Colour::white},
            move_[step.step]};
    }

  private:
    std::span<Charge> charges_;
    std::uint32_t moves_ = 0;
    bool is_black_[othello::positions_max] = {};
    std::uint32_t move_[othello::positions_max] = {};
};

class UpdateLog {
  public:
    UpdateLog(DebugModel& model, std::uint32_t records, double threshold_discs)
        : model_(model),
          threshold_discs_(threshold_discs),
          causes_(map_array<Cause>(cause_memory_, model.slots().size())),
          charges_(
              map_array<Charge>(charge_memory_, std::size_t{records} * othello::positions_max)) {}

    void learn(std::uint64_t first, std::uint32_t count) {
        for (std::uint32_t game = 0; game < count; ++game) {
            const auto charges = charges_.subspan(std::size_t{game} * othello::positions_max,
                                                  othello::positions_max);
            ChargeNotes notes(charges);
            note(game, model_.play(first + game, game, &notes));
        }
        model_.absorb(first, count);
        for (std::size_t slot = 0; slot < causes_.size(); ++slot) {
            if (causes_[slot].terms == 0)
                continue;
            print(first, slot, causes_[slot]);
            causes_[slot] = Cause();
        }
    }

    std::uint64_t updates() const { return updates_; }
    std::uint64_t anomalies() const { return anomalies_; }
    double largest_discs() const { return largest_discs_; }

  private:
    std::uint16_t weight(const WeightPlace& place) const {
        return model_.model().weights()[play_index(model_.geometry(), place)];
    }

    void note(std::uint32_t game, const GameRecord& record) {
        othello::LaneView views[othello::lane_capacity];
        for (int stage = 0; stage < othello::stage_count; ++stage)
            for (std::uint16_t at = record.stage_begin[stage]; at < record.stage_begin[stage + 1];
                 ++at) {
                const std::size_t count =
                    explain(model_.geometry(), record.features[at], stage, views);
                for (const othello::LaneView& view : std::span(views, count))
                    note(game, at, record.errors[at], view.place);
            }
    }

    void note(std::uint32_t game, std::uint16_t at, std::int32_t error, const WeightPlace& place) {
        Cause& cause = causes_[slot_index(model_.geometry(), place)];
        if (cause.terms == 0)
            cause.before = weight(place);
        if (cause.terms == 0 || std::abs(error) > std::abs(cause.largest)) {
            cause.largest = error;
            cause.game = game;
            cause.at = at;
        }
        cause.sum += error;
        ++cause.terms;
    }

    void print(std::uint64_t first, std::size_t slot, const Cause& cause) {
        const othello::Geometry& geometry = model_.geometry();
        const WeightPlace place = place_of_slot(geometry, slot);
        const std::uint16_t after = weight(place);
        const double change = discs(int{after} - int{cause.before});
        ++updates_;
        largest_discs_ = std::max(largest_discs_, std::abs(change));
        fmt::print(
            "stage {:>2}  {:<12} {:<10}  {:+.3f} -> {:+.3f} ({:+.3f}) discs, mean error {:+.3f} of "
            "{}, update {}\n",
            place.stage, geometry.shape(place.shape).name,
            configuration(geometry, place.shape,
                          geometry.members(place.shape, place.class_index).first),
            discs(int{cause.before} - othello::neutral_weight),
            discs(int{after} - othello::neutral_weight), change,
            discs(static_cast<double>(cause.sum) / cause.terms), cause.terms,
            model_.slots()[slot].updates);
        if (std::abs(change) <= threshold_discs_)
            return;
        ++anomalies_;
        const Charge& charge =
            charges_[std::size_t{cause.game} * othello::positions_max + cause.at];
        fmt::print(
            "  anomaly: more than {} discs at once; largest error {:+.3f} from game {} after "
            "move {}: {}\n",
            threshold_discs_, discs(cause.largest), first + cause.game, charge.move,
            position_text(charge.position));
    }

    DebugModel& model_;
    double threshold_discs_;
    platform::Mapping cause_memory_;
    platform::Mapping charge_memory_;
    std::span<Cause> causes_;
    std::span<Charge> charges_;
    std::uint64_t updates_ = 0;
    std::uint64_t anomalies_ = 0;
    double largest_discs_ = 0;
};

// Whether the state is that of the other checkpoint, byte by byte. Throws if not.
void compare(DebugModel& model, std::uint64_t games, const std::string& path) {
    const CheckpointPlace place = find_checkpoint(path, "--against");
    const OpenCheckpoint other = open_checkpoint(*place.directory, place.name);
    if (other.reader->info().games != games)
        throw Failure(
            ExitCode::usage,
            fmt::format("--against: {} is at game {}, these games end at {}; give --games "
                        "that lead there",
                        other.path, other.reader->info().games, games));
    const SectionList sections = model.sections();
    for (const Section& section : sections.all()) {
        const LoadedSection theirs(*place.directory, other, section.name);
        if (theirs.bytes().size() == section.bytes.size() &&
            std::memcmp(theirs.bytes().data(), section.bytes.data(), section.bytes.size()) == 0)
            continue;
        throw Failure(ExitCode::bad_data,
                      fmt::format("--against: section {} of {} differs from what {} learns from "
                                  "these games; it belongs to a run with other settings or tickets",
                                  section.name, other.path, model.name()));
    }
    fmt::print("identical to {} in all {} sections of the workload\n", other.path,
               sections.all().size());
}

}  // namespace

ExitCode debug_updates(const DebugOptions& options) {
    std::uint32_t records = static_cast<std::uint32_t>(options.games);
    DebugModel model(options.model, records);
    const std::uint64_t first = model.games();
    const std::uint64_t end = first + options.games;
    model.check_ticket(end - 1, "--games");
    UpdateLog log(model, records, options.threshold_discs);
    fmt::print("games {} to {} on {}; in patterns X is the player to move, O the opponent\n", first,
               end - 1, model.name());
    if (model.settings().othello.control == othello::LearningControl::frozen)
        fmt::print("the run is a frozen control: nothing is learned\n");
    for (std::uint64_t at = first; at < end;) {
        const std::uint64_t epoch_end = std::min(model.epoch_end(at), end);
        log.learn(at, static_cast<std::uint32_t>(epoch_end - at));
        if (epoch_end == end && end != model.epoch_end(at))
            fmt::print(
                "the run absorbs games {} to {} together; here they end early, so its "
                "weights will differ\n",
                at, model.epoch_end(at) - 1);
        at = epoch_end;
    }
    fmt::print("{} updates, largest change {:.3f} discs, {} above {} discs\n",
               format_count(log.updates()), log.largest_discs(), log.anomalies(),
               options.threshold_discs);
    if (!options.against.empty())
        compare(model, end, options.against);
    return ExitCode::ok;
}

}  // namespace kiln::app
