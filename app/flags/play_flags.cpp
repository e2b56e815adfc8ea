#include "app/flags/play_flags.hpp"

#include <fmt/format.h>

#include "core/othello/probcut.hpp"

#include "app/flags/whole.hpp"
#include "app/play/engine.hpp"

namespace kiln::app {
namespace {

constexpr int standard_depth = 8;
constexpr int standard_exact = 16;
constexpr int standard_selectivity = 2;
constexpr int depth_max = 60;

constexpr const char* examples = R"(Examples:
  kiln play --model state/first
  kiln play --model state/first --colour white --time-ms 2000
  kiln play --model state/first --protocol nboard --depth 12 --exact-from 18
  kiln play --model state/first --protocol gtp
With --protocol gtp the controller's time_settings and time_left limit a move as well, and without
--exact-from the time decides from where on games are solved.)";

}  // namespace

void PlayFlags::add_to(CLI::App& app) {
    auto* command = app.add_subcommand("play", "play against a model, or let a program do so");
    command->footer(examples);
    auto* model = command->add_option("--model", options_.model.path,
                                      "checkpoint, or state directory (its newest)");
    model->type_name("PATH");
    command->add_flag("--untrained", options_.model.is_untrained, "play with neutral weights")
        ->excludes(model);
    command->add_option("--protocol", protocol_, "nboard or gtp [a person at the terminal]")
        ->type_name("NAME");
    command->add_option("--colour", colour_, "the person's, black or white [black]")
        ->type_name("COLOUR");
    auto* depth = command->add_option("--depth", depth_,
                                      fmt::format("search depth a move [{}]", standard_depth));
    auto* nodes = command->add_option("--nodes", nodes_, "search limit in positions visited");
    auto* time = command->add_option("--time-ms", time_, "limit of a move in milliseconds");
    depth->type_name("PLIES")->excludes(nodes)->excludes(time);
    nodes->type_name("NODES")->excludes(time);
    time->type_name("MS");
    command
        ->add_option("--exact-from", exact_,
                     fmt::format("solve from this many empty squares on [{}, or what --time-ms "
                                 "allows]",
                                 standard_exact))
        ->type_name("SQUARES");
    command
        ->add_option(
            "--selectivity", selectivity_,
            fmt::format("forward pruning in deep searches: 0 none, 1 cautious, 4 bold [{}]",
                        standard_selectivity))
        ->type_name("LEVEL");
}

PlayLimits PlayFlags::limits() const {
    PlayLimits limits;
    limits.usual.selectivity = standard_selectivity;
    if (!selectivity_.empty())
        limits.usual.selectivity =
            static_cast<int>(whole("--selectivity", selectivity_, 0, othello::selectivity_max));
    if (!nodes_.empty())
        limits.usual.nodes = whole("--nodes", nodes_, 1, 1'000'000'000'000);
    else if (!time_.empty())
        limits.usual.time_ns = 1'000'000 * whole("--time-ms", time_, 1, 3'600'000);
    else if (!depth_.empty())
        limits.usual.depth = static_cast<int>(whole("--depth", depth_, 1, depth_max));
    limits.usual.exact_empties = exact_by_time;
    if (!exact_.empty())
        limits.usual.exact_empties = static_cast<int>(whole("--exact-from", exact_, 0, 30));
    limits.under_clock = limits.usual;
    if (depth_.empty() && nodes_.empty() && time_.empty())
        limits.usual.depth = standard_depth;
    if (exact_.empty() && time_.empty())
        limits.usual.exact_empties = standard_exact;
    return limits;
}

PlayOptions PlayFlags::options() const {
    PlayOptions options = options_;
    if (options.model.path.empty() && !options.model.is_untrained)
        throw Failure(ExitCode::usage,
                      "play: no model; give --model PATH (a checkpoint or a state directory) or "
                      "--untrained");
    if (!protocol_.empty() && protocol_ != "nboard" && protocol_ != "gtp")
        throw Failure(
            ExitCode::usage,
            fmt::format("--protocol: '{}' is not allowed; it takes nboard or gtp", protocol_));
    if (!colour_.empty() && colour_ != "black" && colour_ != "white")
        throw Failure(
            ExitCode::usage,
            fmt::format("--colour: '{}' is not allowed; it takes black or white", colour_));
    if (!colour_.empty() && !protocol_.empty())
        throw Failure(ExitCode::usage,
                      "--colour: it is for a person at the terminal; a protocol says itself which "
                      "colour moves");
    if (protocol_ == "nboard")
        options.protocol = PlayProtocol::nboard;
    else if (protocol_ == "gtp")
        options.protocol = PlayProtocol::gtp;
    if (colour_ == "white")
        options.person = othello::Colour::white;
    options.limits = limits();
    return options;
}

}  // namespace kiln::app
