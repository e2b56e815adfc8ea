#include "app/commands/debug.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/othello/explain.hpp"

#include "app/commands/commands.hpp"
#include "app/commands/position.hpp"
#include "app/debug_model.hpp"
#include "app/debug_text.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using othello::LaneView;

// A lane's squares on the board, a row of it: what stands there, or '.' where it does not look.
std::string lane_row(const othello::Geometry& geometry, const LaneView& view, int row) {
    const std::string text = configuration(geometry, view.place.shape, view.configuration);
    const auto squares = geometry.lane_squares(view.place.shape, view.lane);
    std::string cells(8, '.');
    for (std::size_t i = 0; i < squares.size(); ++i)
        if (squares[i] / 8 == row)
            cells[squares[i] % 8] = text[i];
    return cells;
}

void print_shape(const DebugModel& model, std::span<const LaneView> lanes) {
    const othello::Geometry& geometry = model.geometry();
    const auto& layout = geometry.shape(lanes.front().place.shape);
    fmt::print("\n{}{}\n", layout.name, layout.mirrored ? ", mirror images share a weight" : "");
    if (layout.kind == othello::LaneKind::pattern)
        for (int row = 0; row < 8; ++row) {
            for (const LaneView& view : lanes)
                fmt::print("  {}", lane_row(geometry, view, row));
            fmt::print("\n");
        }
    fmt::print("  {:>4}  {:<10}  {:>9}  {:>9}  {:>8}  {:>8}  {:>12}  {:>12}\n", "lane", "pattern",
               "index", "slot", "discs", "updates", "1st moment", "2nd moment");
    for (const LaneView& view : lanes) {
        const std::size_t slot = slot_index(geometry, view.place);
        const AdamSlot& state = model.slots()[slot];
        fmt::print("  {:>4}  {:<10}  {:>9}  {:>9}  {:>8}  {:>8}  {:>12.5g}  {:>12.5g}\n", view.lane,
                   configuration(geometry, view.place.shape, view.configuration), view.play_index,
                   slot, format_discs(discs(view.value)), state.updates, state.first_moment,
                   state.second_moment);
    }
}

nlohmann::ordered_json lane_json(const DebugModel& model, const LaneView& view) {
    const othello::Geometry& geometry = model.geometry();
    const std::size_t slot = slot_index(geometry, view.place);
    const AdamSlot& state = model.slots()[slot];
    std::vector<std::string> cells;
    for (const othello::Square square : geometry.lane_squares(view.place.shape, view.lane))
        cells.push_back(othello::square_name(square).text);
    nlohmann::ordered_json json;
    json["shape"] = geometry.shape(view.place.shape).name;
    json["lane"] = view.lane;
    json["cells"] = cells;
    json["pattern"] = configuration(geometry, view.place.shape, view.configuration);
    json["configuration"] = view.configuration;
    json["index"] = view.play_index;
    json["slot"] = slot;
    json["units"] = view.value;
    json["discs"] = discs(view.value);
    json["updates"] = state.updates;
    json["first_moment"] = state.first_moment;
    json["second_moment"] = state.second_moment;
    return json;
}

ExitCode debug_board(const DebugOptions& options) {
    BoardOptions board;
    board.board = options.position;
    board.moves = options.moves;
    const ExitCode exit_code = run_board(board);
    const othello::Position position =
        play_moves(read_position(options.position, "board"), options.moves, "--moves");
    fmt::print("discs {}, stage {} of 0 to {}\n", position.board.discs(),
               othello::stage_of(position.board.discs()), othello::stage_count - 1);
    return exit_code;
}

}  // namespace

ExitCode debug_patterns(const DebugOptions& options) {
    const othello::Position position =
        play_moves(read_position(options.position, "position"), options.moves, "--moves");
    const DebugModel model(options.model, 1);
    LaneView storage[othello::lane_capacity];
    const std::span<const LaneView> lanes(storage, explain(model.model(), position.board, storage));
    const othello::Score evaluation = model.model().evaluate(position.board);
    othello::Score sum = 0;
    for (const LaneView& view : lanes)
        sum += view.value;
    const int stage = othello::stage_of(position.board.discs());

    if (options.json) {
        nlohmann::ordered_json json;
        json["model"] = model.name();
        json["model_games"] = model.games();
        json["position"] = position_text(position);
        json["stage"] = stage;
        json["evaluation_units"] = evaluation;
        json["evaluation_discs"] = discs(evaluation);
        json["sum_units"] = sum;
        for (const LaneView& view : lanes)
            json["lanes"].push_back(lane_json(model, view));
        print_json(json);
        return ExitCode::ok;
    }
    char buffer[othello::board_picture_bytes];
    fmt::print("{}", othello::draw_board(position, buffer));
    fmt::print("evaluation {} discs for {} at stage {} ({}, {} games)\n",
               format_discs(discs(evaluation)), colour_name(position.to_move), stage, model.name(),
               format_count(model.games()));
    fmt::print("the sum of {} weights: {} discs{}\n", lanes.size(), format_discs(discs(sum)),
               sum == evaluation ? "" : ", cut to what an estimate may say");
    fmt::print("in patterns X is the player to move, O the opponent, - empty\n");
    for (std::size_t first = 0; first < lanes.size();) {
        std::size_t end = first;
        while (end < lanes.size() && lanes[end].place.shape == lanes[first].place.shape)
            ++end;
        print_shape(model, lanes.subspan(first, end - first));
        first = end;
    }
    return ExitCode::ok;
}

ExitCode run_debug(const DebugOptions& options) {
    // `kiln debug csv | head` ends where head does, also when whoever started kiln ignores that.
    (void)::signal(SIGPIPE, SIG_DFL);
    switch (options.action) {
        case DebugAction::board:
            return debug_board(options);
        case DebugAction::patterns:
            return debug_patterns(options);
        case DebugAction::trace:
            return debug_trace(options);
        case DebugAction::replay:
            return debug_replay(options);
        case DebugAction::updates:
            return debug_updates(options);
        case DebugAction::csv:
            return debug_csv(options);
    }
    return ExitCode::internal;
}

}  // namespace kiln::app
