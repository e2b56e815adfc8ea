// kiln debug csv: weights or games as a table. RFC 4180; numbers with '.', and with as many digits
// as read back to the same value.
#include <cstdio>

#include <fmt/format.h>

#include "core/othello/explain.hpp"

#include "app/commands/debug.hpp"
#include "app/debug_model.hpp"
#include "app/debug_text.hpp"
#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

std::string field(const std::string& text) {
    if (text.find_first_of("\",\r\n") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

std::vector<std::string> shape_names(const othello::Geometry& geometry) {
    std::vector<std::string> names;
    for (int shape = 0; shape < geometry.shape_count(); ++shape)
        names.emplace_back(geometry.shape(shape).name);
    return names;
}

void check_shape(const othello::Geometry& geometry, const std::string& name) {
    const std::vector<std::string> names = shape_names(geometry);
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end())
        return;
    throw Failure(ExitCode::usage, fmt::format("--shape: there is no shape '{}'; there are {}",
                                               name, fmt::join(names, ", ")));
}

void print_weights(const DebugModel& model, const DebugOptions& options) {
    const othello::Geometry& geometry = model.geometry();
    check_shape(geometry, options.shape);
    fmt::print(
        "stage,shape,pattern,mirror,discs,carry_units,updates,first_moment,"
        "second_moment\r\n");
    for (std::size_t at = 0; at < model.slots().size(); ++at) {
        const othello::WeightPlace place = place_of_slot(geometry, at);
        const AdamSlot& slot = model.slots()[at];
        const std::string name = geometry.shape(place.shape).name;
        if ((options.stage && *options.stage != place.stage) ||
            (!options.shape.empty() && options.shape != name) ||
            (options.touched && slot.updates == 0))
            continue;
        const auto members = geometry.members(place.shape, place.class_index);
        const int units =
            model.model().weights()[play_index(geometry, place)] - othello::neutral_weight;
        fmt::print("{},{},{},{},{},{},{},{},{}\r\n", place.stage, field(name),
                   configuration(geometry, place.shape, members.first),
                   configuration(geometry, place.shape, members.second), discs(units), slot.carry,
                   slot.updates, slot.first_moment, slot.second_moment);
    }
}

void print_games(DebugModel& model, std::uint64_t count) {
    const std::uint64_t first = model.games();
    model.check_ticket(first + count - 1, "--games");
    fmt::print(
        "ticket,difference_discs,moves,random_plies,searched_moves,solved_moves,"
        "exploratory_moves,errors,nodes,mean_depth,mean_value_discs,min_value_discs,"
        "max_value_discs,table_probes,table_hits,prediction_error_discs,move_list\r\n");
    for (std::uint64_t ticket = first; ticket < first + count; ++ticket) {
        if (model.skipped().contains(ticket))
            continue;
        const othello::GameRecord& record = model.play(ticket, 0, nullptr);
        const othello::GameSummary& game = record.summary;
        std::string moves;
        for (std::uint32_t i = 0; i < game.moves; ++i)
            moves += othello::square_name(record.moves[i]).text;
        const std::uint32_t values = game.searched_moves + game.solved_moves;
        const auto mean = [](double sum, std::uint32_t terms) {
            return terms == 0 ? std::string() : fmt::format("{}", sum / terms);
        };
        fmt::print("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", ticket,
                   game.stone_difference, game.moves, game.random_plies, game.searched_moves,
                   game.solved_moves, game.exploratory_moves, record.position_count, game.nodes,
                   mean(static_cast<double>(game.depth_sum), game.searched_moves),
                   mean(discs(static_cast<double>(game.value_sum)), values), discs(game.value_min),
                   discs(game.value_max), game.table_probes, game.table_hits,
                   mean(discs(game.prediction_error), game.predictions), moves);
    }
}

}  // namespace

ExitCode debug_csv(const DebugOptions& options) {
    DebugModel model(options.model, 1);
    if (options.section == CsvSection::games)
        print_games(model, options.games);
    else
        print_weights(model, options);
    return ExitCode::ok;
}

}  // namespace kiln::app
