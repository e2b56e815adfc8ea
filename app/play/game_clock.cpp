#include "app/play/game_clock.hpp"

#include <algorithm>

namespace kiln::app {
namespace {

// From here on the rest of a game is solved in no time.
constexpr int empties_without_thought = 8;
// What a move costs on the controller's clock and not on ours: pipes, scheduling.
constexpr double overhead_s = 0.01;
constexpr double share_used = 0.95;
constexpr double least_s = 0.001;
constexpr double most_s = 1e6;

}  // namespace

void GameClock::set(const TimeControl& control) {
    control_ = control;
    is_running_ = control.period_s <= 0 || control.stones > 0;
    reset();
}

void GameClock::reset() {
    for (Left& left : left_)
        left = {control_.main_s, control_.period_s, control_.stones};
}

void GameClock::set_left(othello::Colour colour, double seconds, int stones) {
    is_running_ = true;
    if (stones == 0)
        left(colour) = {seconds, control_.period_s, control_.stones};
    else
        left(colour) = {0, seconds, stones};
}

std::uint64_t GameClock::share_ns(othello::Colour colour, int empties) const {
    const Left& left = left_[static_cast<int>(colour)];
    const int moves = std::max(1, (empties - empties_without_thought + 1) / 2);
    double seconds = left.main_s / (moves + 1);
    if (left.stones > 0)
        seconds += left.period_s / left.stones;
    seconds = std::clamp(seconds * share_used - overhead_s, least_s, most_s);
    return static_cast<std::uint64_t>(seconds * 1e9);
}

void GameClock::spend(othello::Colour colour, double seconds) {
    Left& left = this->left(colour);
    const double charged_s = seconds + overhead_s;
    if (charged_s < left.main_s) {
        left.main_s -= charged_s;
        return;
    }
    const double beyond_s = charged_s - left.main_s;
    left.main_s = 0;
    if (left.stones == 0)
        return;
    left.period_s = std::max(0.0, left.period_s - beyond_s);
    if (--left.stones == 0) {
        left.period_s = control_.period_s;
        left.stones = control_.stones;
    }
}

}  // namespace kiln::app
