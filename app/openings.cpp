#include "app/openings.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/othello/symmetry.hpp"

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

// Draws in a row that all were there before: then too few are left to go on looking.
constexpr int draws_in_vain_max = 1'000;

using Key = std::pair<othello::Bits, othello::Bits>;

Key key_of(othello::Board board) {
    return {board.own, board.opponent};
}

}  // namespace

std::vector<othello::Opening> draw_openings(std::uint64_t seed, int plies, std::uint64_t count) {
    std::vector<othello::Opening> openings;
    openings.reserve(count);
    std::set<Key> drawn;
    int in_vain = 0;
    for (std::uint64_t number = 0; openings.size() < count; ++number) {
        RandomStream random(seed, StreamPurpose::match, number);
        const othello::Opening opening = othello::random_opening(random, plies);
        if (drawn.insert(key_of(othello::canonical(opening.board))).second) {
            openings.push_back(opening);
            in_vain = 0;
        } else if (++in_vain == draws_in_vain_max) {
            throw Failure(
                ExitCode::usage,
                fmt::format("--pairs: {} random plies lead to hardly more than {} openings that "
                            "differ, not to {}; give fewer --pairs or more --opening-plies",
                            plies, format_count(openings.size()), format_count(count)));
        }
    }
    return openings;
}

}  // namespace kiln::app
