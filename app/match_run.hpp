// MatchRun: pairs of games played by all workers, with progress, for the commands that measure
// strength.
//
// Workers take pairs in any order; a pair's result depends on its number alone, and a match that
// may end early is asked at fixed numbers of pairs whether it does, with the pairs before that
// number and no others. So the result is the same for any number of workers, unless somebody stops
// it. One thread runs a match; `play` is called by the workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/othello/match.hpp"

#include "app/console.hpp"

namespace kiln::app {

struct MatchPlan {
    std::uint64_t pairs = 0;
    unsigned workers = 1;
    std::span<std::byte> worker_stacks = {};  // for WorkerTeam::launch()
    // Plays a pair; called by several workers at the same time. Gives up when stopped.
    std::function<othello::MatchPair(unsigned worker, std::uint64_t pair)> play = nullptr;

    // For a match that may end early: asked after each `batch_pairs` pairs and after the last one.
    std::uint64_t batch_pairs = 0;
    std::function<bool(const othello::MatchScore& so_far)> is_decided = nullptr;
    // The score so far, for the line of progress; asked only when a pair is complete.
    std::function<std::string(const othello::MatchScore& so_far)> describe = nullptr;
};

struct MatchResult {
    othello::MatchScore score;
    std::uint64_t pairs = 0;  // that it counts
    std::uint64_t nodes = 0;
    double seconds = 0;
    bool is_partial = false;  // stopped before it was played out or decided

    double games_per_second() const { return seconds > 0 ? score.games() / seconds : 0; }
};

// Until all is played or decided, or `stop` is raised. `stop` is raised by the match itself when it
// is decided, so that workers leave what is no longer wanted. Throws system_refuses. CHECK: batches
// are not empty where there is something to decide.
MatchResult play_match(const MatchPlan& plan, std::atomic<bool>& stop, Console& console);

// "1,200 nodes, exact from 12 empties"
std::string describe_limits(const othello::SearchLimits& limits);

}  // namespace kiln::app
