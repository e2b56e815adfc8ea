#include "core/othello/perft.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/othello/notation.hpp"

#include "app/commands/commands.hpp"
#include "app/commands/position.hpp"
#include "platform/linux/clock.hpp"

namespace kiln::app {

ExitCode run_perft(const PerftOptions& options) {
    const othello::Board board = read_position(options.board, "--board").board;
    platform::MonotonicClock clock;
    for (int depth = std::min(1, static_cast<int>(options.depth));
         depth <= static_cast<int>(options.depth); ++depth) {
        const std::uint64_t started_ns = clock.now_ns();
        const std::uint64_t leaves = othello::perft(board, depth);
        const double seconds = static_cast<double>(clock.now_ns() - started_ns) * 1e-9;
        const double rate = seconds > 0 ? static_cast<double>(leaves) / seconds : 0;
        fmt::print("depth {} leaves {} seconds {:.3f} leaves/s {:.0f}\n", depth, leaves, seconds,
                   rate);
        std::fflush(stdout);
    }
    return ExitCode::ok;
}

}  // namespace kiln::app
