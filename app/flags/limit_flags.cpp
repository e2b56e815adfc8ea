#include "app/flags/limit_flags.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/othello/probcut.hpp"

#include "app/flags/whole.hpp"

namespace kiln::app {

void LimitFlags::add_to(CLI::App& command, int standard_depth, const std::string& exact) {
    depth_ = fmt::format("{}", standard_depth);
    exact_name_ = exact.substr(0, exact.find(','));
    auto* depth = command.add_option("--depth", depth_,
                                     fmt::format("search depth a move [{}]", standard_depth));
    auto* nodes = command.add_option("--nodes", nodes_, "search limit in positions visited");
    auto* time = command.add_option("--time-ms", time_, "search limit in milliseconds");
    command.add_option(exact, exact_, "solve from this many empty squares on [0]")
        ->type_name("SQUARES");
    command
        .add_option("--selectivity", selectivity_,
                    "forward pruning in deep searches: 0 none, 1 cautious, 4 bold [0]")
        ->type_name("LEVEL");
    depth->type_name("PLIES")->excludes(nodes)->excludes(time);
    nodes->type_name("NODES")->excludes(time);
    time->type_name("MS");
}

othello::SearchLimits LimitFlags::limits() const {
    othello::SearchLimits limits;
    limits.exact_empties = static_cast<int>(whole(exact_name_, exact_, 0, 30));
    limits.selectivity =
        static_cast<int>(whole("--selectivity", selectivity_, 0, othello::selectivity_max));
    if (!nodes_.empty())
        limits.nodes = whole("--nodes", nodes_, 1, 1'000'000'000'000);
    else if (!time_.empty())
        limits.time_ns = 1'000'000 * whole("--time-ms", time_, 1, 3'600'000);
    else
        limits.depth = static_cast<int>(whole("--depth", depth_, 1, 60));
    return limits;
}

}  // namespace kiln::app
