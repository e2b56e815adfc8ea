#include "app/flags/position_flags.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/flags/whole.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr const char* solve_examples = R"(Examples:
  kiln solve tests/data/ffo_40_49.obf --model state/first
  kiln solve endgames.obf --winner --threads 4 --memory 1500MB
  kiln solve tests/data/development.obf --model state/first --depth 1 --json
What the file says of a position is compared with what is found; ends with code 65 if that differs.)";

std::uint64_t bytes_of(const std::string& flag, const std::string& text) {
    const auto bytes = parse_bytes(text);
    if (!bytes || *bytes == 0)
        throw Failure(ExitCode::usage,
                      fmt::format("{}: '{}' is not allowed; it takes a size like 600MB, 2GiB or a "
                                  "number of bytes",
                                  flag, text));
    return *bytes;
}

}  // namespace

void PositionFlags::add_to(CLI::App& kiln) {
    add_solve(kiln);
}

void PositionFlags::add_solve(CLI::App& kiln) {
    auto* solve = kiln.add_subcommand("solve", "solve the positions of an OBF file exactly");
    solve->footer(solve_examples);
    solve->add_option("file", solve_.path, "positions in OBF, one a line")
        ->required()
        ->type_name("FILE");
    auto* model = solve->add_option("--model", solve_.model.path,
                                    "checkpoint, or state directory (its newest)");
    model->type_name("PATH");
    solve->add_flag("--untrained", is_untrained_, "neutral weights [unless there is a --model]")
        ->excludes(model);
    auto* winner =
        solve->add_flag("--winner", solve_.only_winner, "solve only for win, draw or loss: faster");
    solve
        ->add_option("--depth", depth_,
                     "evaluate with a search of so many plies instead, 0: none, and tell the error")
        ->type_name("PLIES")
        ->excludes(winner);
    solve->add_option("--threads", threads_, "positions at a time [the CPUs, as memory allows]")
        ->type_name("N");
    solve
        ->add_option("--table-mib", table_mib_,
                     "transposition table a thread; decides the nodes, not the result [256]")
        ->type_name("MIB");
    solve->add_option("--memory", memory_, "budget [1GB]")->type_name("SIZE");
    solve->add_flag("--json", solve_.json, "print the result as JSON");
}

SolveOptions PositionFlags::solve_options() const {
    SolveOptions options = solve_;
    options.model.is_untrained = options.model.path.empty();
    if (!depth_.empty()) {
        options.depth = static_cast<int>(whole("--depth", depth_, 0, 60));
        if (options.model.is_untrained && !is_untrained_)
            throw Failure(ExitCode::usage,
                          "solve: --depth evaluates a model; give --model PATH (a checkpoint or a "
                          "state directory) or --untrained");
    }
    if (!threads_.empty())
        options.workers = whole("--threads", threads_, 1, 64);
    if (!table_mib_.empty())
        options.table_bytes = whole("--table-mib", table_mib_, 1, 1u << 20) << 20;
    if (!memory_.empty())
        options.memory_bytes = bytes_of("--memory", memory_);
    return options;
}

}  // namespace kiln::app
