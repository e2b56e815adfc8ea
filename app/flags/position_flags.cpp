#include "app/flags/position_flags.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/flags/whole.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

// Positions of one file; all of them are in memory.
constexpr std::uint64_t positions_limit = 50'000;

constexpr const char* solve_examples = R"(Examples:
  kiln solve tests/data/ffo_40_49.obf --model state/first
  kiln solve endgames.obf --winner --threads 4 --memory 1500MB
  kiln solve tests/data/development.obf --model state/first --depth 1 --json
What the file says of a position is compared with what is found; ends with code 65 if that differs.
Ctrl-C ends it with what is done.)";
constexpr const char* positions_examples = R"(Examples:
  kiln positions set.obf --model state/first
  kiln positions set.obf --model state/first --empties 12,16,20,24 --count 250,250,250,60
  kiln positions set.obf --model state/first --count 10 --seed 2 --all-moves
Games: 8 to 12 random plies, kept if a search of 6 plies says at most --even-within discs; then the
model plays both sides. Ctrl-C keeps what is solved; --resume goes on from there.)";

std::uint64_t bytes_of(const std::string& flag, const std::string& text) {
    const auto bytes = parse_bytes(text);
    if (!bytes || *bytes == 0)
        throw Failure(ExitCode::usage,
                      fmt::format("{}: '{}' is not allowed; it takes a size like 600MB, 2GiB or a "
                                  "number of bytes",
                                  flag, text));
    return *bytes;
}

// Whole numbers with commas between them.
std::vector<std::uint64_t> whole_list(const std::string& flag, const std::string& text,
                                      std::uint64_t low, std::uint64_t high) {
    std::vector<std::uint64_t> numbers;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        numbers.push_back(whole(flag, text.substr(begin, end - begin), low, high));
        begin = end + 1;
    }
    return numbers;
}

std::vector<PositionQuota> quotas(const std::string& empties_text, const std::string& count_text) {
    const auto empties = whole_list("--empties", empties_text, 1, 40);
    auto counts = whole_list("--count", count_text, 1, positions_limit);
    if (counts.size() == 1)
        counts.resize(empties.size(), counts.front());
    if (counts.size() != empties.size())
        throw Failure(ExitCode::usage,
                      fmt::format("--count: {} numbers for {} of --empties; give one for all, or "
                                  "one for each",
                                  counts.size(), empties.size()));
    std::vector<PositionQuota> quotas;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < empties.size(); ++i) {
        quotas.push_back({static_cast<int>(empties[i]), counts[i]});
        sum += counts[i];
    }
    if (sum > positions_limit)
        throw Failure(ExitCode::usage, fmt::format("--count: {} positions altogether are too many "
                                                   "for one file; give at most {}",
                                                   sum, positions_limit));
    const auto by_empties = [](const PositionQuota& left, const PositionQuota& right) {
        return left.empties < right.empties;
    };
    std::sort(quotas.begin(), quotas.end(), by_empties);
    for (std::size_t i = 1; i < quotas.size(); ++i)
        if (quotas[i].empties == quotas[i - 1].empties)
            throw Failure(ExitCode::usage, fmt::format("--empties: {} is there twice; give each "
                                                       "number once",
                                                       quotas[i].empties));
    return quotas;
}

}  // namespace

void PositionFlags::EngineFlags::add_to(CLI::App& command) {
    auto* model_flag =
        command.add_option("--model", model, "checkpoint, or state directory (its newest)");
    model_flag->type_name("PATH");
    command.add_flag("--untrained", is_untrained, "neutral weights")->excludes(model_flag);
    command.add_option("--threads", threads, "positions at a time [the CPUs, as memory allows]")
        ->type_name("N");
    command
        .add_option("--table-mib", table_mib,
                    "transposition table a thread; decides how many nodes it takes [256]")
        ->type_name("MIB");
    command.add_option("--memory", memory, "budget [1GB]")->type_name("SIZE");
}

template <typename Options>
void PositionFlags::EngineFlags::fill(Options& options) const {
    options.model.path = model;
    options.model.is_untrained = model.empty();
    if (!threads.empty())
        options.workers = whole("--threads", threads, 1, 64);
    if (!table_mib.empty())
        options.table_bytes = whole("--table-mib", table_mib, 1, 1u << 20) << 20;
    if (!memory.empty())
        options.memory_bytes = bytes_of("--memory", memory);
}

void PositionFlags::add_to(CLI::App& kiln) {
    add_solve(kiln);
    add_positions(kiln);
}

void PositionFlags::add_solve(CLI::App& kiln) {
    auto* solve = kiln.add_subcommand("solve", "solve the positions of an OBF file exactly");
    solve->footer(solve_examples);
    solve->add_option("file", solve_.path, "positions in OBF, one a line")
        ->required()
        ->type_name("FILE");
    solve_engine_.add_to(*solve);
    auto* winner =
        solve->add_flag("--winner", solve_.only_winner, "solve only for win, draw or loss: faster");
    solve
        ->add_option("--depth", solve_depth_,
                     "evaluate with a search of so many plies instead, 0: none, and tell the error")
        ->type_name("PLIES")
        ->excludes(winner);
    solve->add_flag("--json", solve_.json, "print the result as JSON");
}

SolveOptions PositionFlags::solve_options() const {
    SolveOptions options = solve_;
    solve_engine_.fill(options);
    if (!solve_depth_.empty()) {
        options.depth = static_cast<int>(whole("--depth", solve_depth_, 0, 60));
        if (options.model.is_untrained && !solve_engine_.is_untrained)
            throw Failure(ExitCode::usage,
                          "solve: --depth evaluates a model; give --model PATH (a checkpoint or a "
                          "state directory) or --untrained");
    }
    return options;
}

void PositionFlags::add_positions(CLI::App& kiln) {
    auto* positions =
        kiln.add_subcommand("positions", "make a set of exactly solved positions, to compare on");
    positions->footer(positions_examples);
    positions->add_option("file", positions_.path, "where they go, in OBF")
        ->required()
        ->type_name("FILE");
    positions_engine_.add_to(*positions);
    const auto add = [&](const char* flag, std::string& text, const char* help, const char* type) {
        positions->add_option(flag, text, fmt::format("{} [{}]", help, text))->type_name(type);
    };
    add("--empties", empties_, "numbers of empty squares to take positions at", "LIST");
    add("--count", count_, "positions at each number, or a list as long", "LIST");
    add("--seed", seed_, "of openings and random moves", "NUMBER");
    add("--depth", depth_, "of the searches that choose the moves", "PLIES");
    add("--random-share", random_share_, "of the moves behind the opening", "SHARE");
    add("--even-within", even_within_, "what an opening may be worth to either side", "DISCS");
    positions->add_flag("--all-moves", positions_.all_moves,
                        "solve every legal move, not only for a best one");
    auto* force = positions->add_flag("--force", positions_.force, "replace a file that is there");
    positions
        ->add_flag("--resume", positions_.resume,
                   "go on with the file of the same command that was interrupted")
        ->excludes(force);
}

PositionsOptions PositionFlags::positions_options() const {
    PositionsOptions options = positions_;
    positions_engine_.fill(options);
    if (options.model.is_untrained && !positions_engine_.is_untrained)
        throw Failure(ExitCode::usage,
                      "positions: no model; give --model PATH (a checkpoint or a state directory) "
                      "or --untrained");
    options.quotas = quotas(empties_, count_);
    options.games.seed = whole("--seed", seed_, 0, UINT64_MAX);
    options.games.depth = static_cast<int>(whole("--depth", depth_, 1, 60));
    const auto share = parse_real(random_share_);
    if (!share || *share < 0 || *share > 1)
        throw Failure(ExitCode::usage,
                      fmt::format("--random-share: '{}' is not allowed; it takes a share from 0 to "
                                  "1",
                                  random_share_));
    options.games.random_share = *share;
    options.games.even_within_discs = static_cast<int>(whole("--even-within", even_within_, 0, 64));
    return options;
}

}  // namespace kiln::app
