#include "core/othello/settings.hpp"

#include <algorithm>

namespace kiln::othello {
namespace {

double progress(std::uint64_t game, std::uint64_t target) {
    if (target == 0)
        return 1;
    return std::min(1.0, static_cast<double>(game) / static_cast<double>(target));
}

}  // namespace

SearchLimits OthelloSettings::search_limits_at(std::uint64_t game) const {
    const bool is_deep = deep_from < 1 && progress(game, target_games) >= deep_from;
    SearchLimits limits;
    limits.depth = is_deep ? deep_depth : depth;
    limits.nodes = nodes;
    limits.time_ns = time_ns;
    limits.exact_empties = is_deep ? deep_exact_empties : exact_empties;
    limits.selectivity = selectivity;
    return limits;
}

double OthelloSettings::epsilon_at(std::uint64_t game) const {
    const double done = progress(game, target_games);
    return done < middle_from ? epsilon_early : done < late_from ? epsilon_middle : epsilon_late;
}

double OthelloSettings::learning_rate_at(std::uint64_t game) const {
    return learning_rate + (learning_rate_final - learning_rate) * progress(game, target_games);
}

}  // namespace kiln::othello
