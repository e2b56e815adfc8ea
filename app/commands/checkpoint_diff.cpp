// kiln checkpoint diff: what training changed between two checkpoints.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/othello/explain.hpp"

#include "app/commands/commands.hpp"
#include "app/debug_model.hpp"
#include "app/debug_text.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using othello::WeightPlace;
using Json = nlohmann::ordered_json;

constexpr const char* weights_section = "othello.weights";
constexpr const char* slots_section = "othello.optimiser";

struct Side {
    CheckpointPlace place;
    OpenCheckpoint checkpoint;
    std::string settings_text;

    explicit Side(const std::string& path)
        : place(find_checkpoint(path, "diff")),
          checkpoint(open_checkpoint(*place.directory, place.name)),
          settings_text(read_settings_text(*place.directory, checkpoint)) {}

    const CheckpointInfo& info() const { return checkpoint.reader->info(); }
    LoadedSection load(const char* name) const { return {*place.directory, checkpoint, name}; }
    RunSettings settings() const { return from_text(settings_text, checkpoint.path); }
};

// How a section of one checkpoint compares with the other's.
struct SectionDiff {
    std::string name;
    std::string problem;  // why it cannot be compared; then the rest means nothing
    std::uint64_t elements = 0;
    std::uint64_t changed_elements = 0;
    std::uint64_t changed_bytes = 0;
};

SectionDiff compare(const Side& before, const Side& after, const SectionInfo& section) {
    SectionDiff diff;
    diff.name = section.name;
    const SectionInfo* other = after.info().find(section.name);
    if (other == nullptr) {
        diff.problem = fmt::format("only in {}", before.checkpoint.path);
        return diff;
    }
    diff.elements = section.bytes / section.element_bytes;
    if (other->type != section.type || other->element_bytes != section.element_bytes ||
        other->bytes != section.bytes) {
        diff.problem = fmt::format("of another type or length: {} elements and {}",
                                   format_count(diff.elements),
                                   format_count(other->bytes / other->element_bytes));
        return diff;
    }
    const LoadedSection left = before.load(section.name);
    const LoadedSection right = after.load(section.name);
    for (std::uint64_t at = 0; at < section.bytes; at += section.element_bytes) {
        std::uint64_t changed = 0;
        for (std::uint32_t i = 0; i < section.element_bytes; ++i)
            changed += left.bytes()[at + i] != right.bytes()[at + i];
        diff.changed_elements += changed > 0;
        diff.changed_bytes += changed;
    }
    return diff;
}

struct ChangeSums {
    std::uint64_t weights = 0;
    std::uint64_t changed = 0;
    double change_discs = 0;  // sum of absolute changes
    double largest_discs = 0;
    std::uint64_t slots = 0;            // optimiser slots that changed
    std::uint64_t updates = 0;          // made in between
    std::uint32_t largest_updates = 0;  // of one weight

    double mean_discs() const {
        return changed == 0 ? 0 : change_discs / static_cast<double>(changed);
    }
    double mean_updates() const {
        return slots == 0 ? 0 : static_cast<double>(updates) / static_cast<double>(slots);
    }
};

struct WeightChange {
    int units;  // absolute
    std::size_t slot;
    std::uint16_t before;
    std::uint16_t after;

    // The largest first, then in the order of slots.
    bool operator<(const WeightChange& other) const {
        return units != other.units ? units > other.units : slot < other.slot;
    }
};

// The weights of both, taken apart.
struct WeightDiff {
    ChangeSums total;
    ChangeSums stages[othello::stage_count];
    std::vector<ChangeSums> shapes;
    std::set<WeightChange> largest;
};

class GeometryInMemory {
  public:
    GeometryInMemory() {
        const auto shapes = othello::default_shapes();
        class_of_.resize(othello::Geometry::map_entries(shapes));
        members_.resize(othello::Geometry::member_entries(shapes));
        geometry_.build(shapes, class_of_, members_);
    }
    const othello::Geometry& operator*() const { return geometry_; }

  private:
    std::vector<std::uint16_t> class_of_;
    std::vector<std::uint16_t> members_;
    othello::Geometry geometry_;
};

void add(ChangeSums& sums, int units, const AdamSlot& before, const AdamSlot& after) {
    const double change = discs(units);
    ++sums.weights;
    sums.changed += units != 0;
    sums.change_discs += change;
    sums.largest_discs = std::max(sums.largest_discs, change);
    if (std::memcmp(&before, &after, sizeof(AdamSlot)) == 0)
        return;
    ++sums.slots;
    // Fewer only if a weight was healed in between, or the checkpoints are in the other order.
    const std::uint32_t updates = after.updates > before.updates ? after.updates - before.updates
                                                                 : before.updates - after.updates;
    sums.updates += updates;
    sums.largest_updates = std::max(sums.largest_updates, updates);
}

WeightDiff compare_weights(const Side& before, const Side& after, const othello::Geometry& geometry,
                           std::uint64_t top) {
    const LoadedSection left = before.load(weights_section);
    const LoadedSection right = after.load(weights_section);
    const LoadedSection left_slots = before.load(slots_section);
    const LoadedSection right_slots = after.load(slots_section);
    const auto old_weights = left.as<std::uint16_t>();
    const auto new_weights = right.as<std::uint16_t>();
    const auto old_slots = left_slots.as<AdamSlot>();
    const auto new_slots = right_slots.as<AdamSlot>();
    WeightDiff diff;
    diff.shapes.resize(static_cast<std::size_t>(geometry.shape_count()));
    for (std::size_t slot = 0; slot < old_slots.size(); ++slot) {
        const WeightPlace place = place_of_slot(geometry, slot);
        const std::size_t at = play_index(geometry, place);
        const int units = std::abs(int{new_weights[at]} - int{old_weights[at]});
        for (ChangeSums* sums : {&diff.total, &diff.stages[place.stage],
                                 &diff.shapes[static_cast<std::size_t>(place.shape)]})
            add(*sums, units, old_slots[slot], new_slots[slot]);
        if (units == 0 || top == 0)
            continue;
        const WeightChange change = {units, slot, old_weights[at], new_weights[at]};
        if (diff.largest.size() == top && !(change < *diff.largest.rbegin()))
            continue;
        diff.largest.insert(change);
        if (diff.largest.size() > top)
            diff.largest.erase(std::prev(diff.largest.end()));
    }
    return diff;
}

// Whether both hold weights that this kiln's shapes give a meaning to.
bool has_known_weights(const Side& before, const Side& after, const othello::Geometry& geometry) {
    for (const Side* side : {&before, &after}) {
        const SectionInfo* weights = side->info().find(weights_section);
        const SectionInfo* slots = side->info().find(slots_section);
        if (weights == nullptr || slots == nullptr ||
            weights->bytes !=
                sizeof(std::uint16_t) * othello::stage_count * geometry.play_entries_per_stage() ||
            slots->bytes != sizeof(AdamSlot) * othello::stage_count * geometry.slots_per_stage() ||
            side->settings().pattern_shapes != RunSettings::shape_set_name())
            return false;
    }
    return true;
}

Json sums_json(const ChangeSums& sums) {
    return {{"weights", sums.weights},
            {"changed", sums.changed},
            {"mean_discs", sums.mean_discs()},
            {"largest_discs", sums.largest_discs},
            {"changed_slots", sums.slots},
            {"mean_updates", sums.mean_updates()},
            {"largest_updates", sums.largest_updates}};
}

void print_sums(const std::string& name, const ChangeSums& sums) {
    fmt::print("  {:<12} {:>9} {:>9} {:>8.3f} {:>8.3f} {:>9} {:>8.2f} {:>8}\n", name,
               format_count(sums.weights), format_count(sums.changed), sums.mean_discs(),
               sums.largest_discs, format_count(sums.slots), sums.mean_updates(),
               format_count(sums.largest_updates));
}

void print_table(const char* by) {
    fmt::print("  {:<12} {:>9} {:>9} {:>8} {:>8} {:>9} {:>8} {:>8}\n", by, "weights", "changed",
               "mean", "largest", "slots", "updates", "most");
}

double weight_discs(std::uint16_t weight) {
    return discs(int{weight} - othello::neutral_weight);
}

// A pattern of a shape's first placement on the board; '.' where it does not look.
std::string drawing(const othello::Geometry& geometry, const WeightPlace& place) {
    const auto number = geometry.members(place.shape, place.class_index).first;
    if (geometry.shape(place.shape).kind != othello::LaneKind::pattern)
        return "";
    const std::string text = configuration(geometry, place.shape, number);
    const auto squares = geometry.lane_squares(place.shape, 0);
    std::string rows[8];
    for (std::string& row : rows)
        row = "........";
    int last = 0;
    for (std::size_t i = 0; i < squares.size(); ++i) {
        rows[squares[i] / 8][squares[i] % 8] = text[i];
        last = std::max(last, squares[i] / 8);
    }
    std::string lines;
    for (int row = 0; row <= last; ++row)
        lines += "      " + rows[row] + "\n";
    return lines;
}

void print_weights(const WeightDiff& diff, const othello::Geometry& geometry) {
    fmt::print("weights: changes in discs; optimiser slots changed, updates made to them\n");
    print_table("stage");
    for (int stage = 0; stage < othello::stage_count; ++stage)
        print_sums(fmt::format("{}", stage), diff.stages[stage]);
    print_table("shape");
    for (std::size_t shape = 0; shape < diff.shapes.size(); ++shape)
        print_sums(geometry.shape(static_cast<int>(shape)).name, diff.shapes[shape]);
    print_sums("all", diff.total);
    if (!diff.largest.empty())
        fmt::print("largest changes; X is the player to move, O the opponent, - empty\n");
    for (const WeightChange& change : diff.largest) {
        const WeightPlace place = place_of_slot(geometry, change.slot);
        fmt::print("  stage {:>2}  {:<12} {:<10}  {:+.3f} -> {:+.3f} ({:+.3f})\n{}", place.stage,
                   geometry.shape(place.shape).name,
                   configuration(geometry, place.shape,
                                 geometry.members(place.shape, place.class_index).first),
                   weight_discs(change.before), weight_discs(change.after),
                   discs(int{change.after} - int{change.before}), drawing(geometry, place));
    }
}

Json weights_json(const WeightDiff& diff, const othello::Geometry& geometry) {
    Json json = sums_json(diff.total);
    for (const ChangeSums& stage : diff.stages)
        json["stages"].push_back(sums_json(stage));
    for (std::size_t shape = 0; shape < diff.shapes.size(); ++shape)
        json["shapes"][geometry.shape(static_cast<int>(shape)).name] =
            sums_json(diff.shapes[shape]);
    json["largest"] = Json::array();
    for (const WeightChange& change : diff.largest) {
        const WeightPlace place = place_of_slot(geometry, change.slot);
        json["largest"].push_back(
            {{"stage", place.stage},
             {"shape", geometry.shape(place.shape).name},
             {"pattern", configuration(geometry, place.shape,
                                       geometry.members(place.shape, place.class_index).first)},
             {"slot", change.slot},
             {"before_discs", weight_discs(change.before)},
             {"after_discs", weight_discs(change.after)}});
    }
    return json;
}

void print_sections(std::span<const SectionDiff> sections) {
    for (const SectionDiff& section : sections) {
        if (!section.problem.empty())
            fmt::print("section {}: {}\n", section.name, section.problem);
        else if (section.changed_elements == 0)
            fmt::print("section {}: the same\n", section.name);
        else
            fmt::print("section {}: {} of {} elements changed, {} bytes\n", section.name,
                       format_count(section.changed_elements), format_count(section.elements),
                       format_count(section.changed_bytes));
    }
}

}  // namespace

ExitCode diff_checkpoints(const CheckpointOptions& options) {
    (void)::signal(SIGPIPE, SIG_DFL);  // `| head` ends this quietly
    const Side before(options.path);
    const Side after(options.other);
    std::vector<SectionDiff> sections;
    for (const SectionInfo& section :
         std::span(before.info().sections, before.info().section_count))
        sections.push_back(compare(before, after, section));
    for (const SectionInfo& section : std::span(after.info().sections, after.info().section_count))
        if (before.info().find(section.name) == nullptr)
            sections.push_back(
                {section.name, fmt::format("only in {}", after.checkpoint.path), 0, 0, 0});
    const bool is_identical =
        before.info().games == after.info().games &&
        std::strcmp(before.info().workload, after.info().workload) == 0 &&
        std::all_of(sections.begin(), sections.end(), [](const SectionDiff& section) {
            return section.problem.empty() && section.changed_elements == 0;
        });
    const std::vector<std::string> settings =
        before.settings_text == after.settings_text
            ? std::vector<std::string>()
            : differences(before.settings(), after.settings());
    const GeometryInMemory geometry;
    const bool is_known = has_known_weights(before, after, *geometry);

    if (options.json) {
        Json json;
        json["before"] = {{"path", before.checkpoint.path}, {"games", before.info().games}};
        json["after"] = {{"path", after.checkpoint.path}, {"games", after.info().games}};
        json["identical"] = is_identical;
        json["settings"] = settings;
        for (const SectionDiff& section : sections)
            json["sections"][section.name] = {{"problem", section.problem},
                                              {"elements", section.elements},
                                              {"changed_elements", section.changed_elements},
                                              {"changed_bytes", section.changed_bytes}};
        if (is_known)
            json["weights"] =
                weights_json(compare_weights(before, after, *geometry, options.top), *geometry);
        print_json(json);
        return ExitCode::ok;
    }
    fmt::print("before {}: {}, {} games\nafter  {}: {}, {} games\n", before.checkpoint.path,
               before.info().workload, format_count(before.info().games), after.checkpoint.path,
               after.info().workload, format_count(after.info().games));
    if (is_identical) {
        fmt::print("identical: every byte of all {} sections\n", sections.size());
        return ExitCode::ok;
    }
    for (const std::string& line : settings)
        fmt::print("setting {}\n", line);
    print_sections(sections);
    if (is_known)
        print_weights(compare_weights(before, after, *geometry, options.top), *geometry);
    return ExitCode::ok;
}

}  // namespace kiln::app
