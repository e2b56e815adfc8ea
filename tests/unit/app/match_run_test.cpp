#include "app/match_run.hpp"

#include <chrono>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "core/base/check.hpp"

#include "platform/linux/mapping.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {
namespace {

constexpr std::uint64_t stack_bytes = 1 << 20;

// Results that look like a match's, and depend on the pair's number alone.
othello::MatchPair fake_pair(std::uint64_t pair) {
    othello::MatchPair result;
    RandomStream random(3, StreamPurpose::match, pair);
    for (int& difference : result.difference)
        difference = 2 * (static_cast<int>(random.below(5)) - 1);
    result.nodes = 100 + pair;
    result.is_complete = true;
    return result;
}

class MatchRun : public testing::Test {
  protected:
    MatchPlan plan_for(unsigned workers, std::uint64_t pairs) {
        stacks_.emplace_back();
        CHECK(stacks_.back().map(platform::WorkerTeam::stack_region_bytes(workers, stack_bytes)));
        MatchPlan plan;
        plan.pairs = pairs;
        plan.workers = workers;
        plan.worker_stacks = stacks_.back().span();
        plan.play = [](unsigned, std::uint64_t pair) { return fake_pair(pair); };
        return plan;
    }
    ~MatchRun() override { std::fclose(null_); }

    std::FILE* null_ = std::fopen("/dev/null", "w");
    Console console{null_};
    std::atomic<bool> stop{false};

  private:
    std::vector<platform::Mapping> stacks_;
};

void expect_equal(const MatchResult& one, const MatchResult& other) {
    EXPECT_EQ(one.pairs, other.pairs);
    EXPECT_EQ(one.nodes, other.nodes);
    EXPECT_EQ(one.is_partial, other.is_partial);
    EXPECT_EQ(one.score.wins, other.score.wins);
    EXPECT_EQ(one.score.discs(), other.score.discs());
    for (std::size_t i = 0; i < othello::MatchScore::pair_kinds; ++i)
        EXPECT_EQ(one.score.pair_counts[i], other.score.pair_counts[i]);
}

TEST_F(MatchRun, every_pair_is_played_once_and_counted) {
    std::mutex mutex;
    std::multiset<std::uint64_t> played;
    MatchPlan plan = plan_for(4, 300);
    plan.play = [&](unsigned worker, std::uint64_t pair) {
        EXPECT_LT(worker, 4u);
        const std::lock_guard lock(mutex);
        played.insert(pair);
        return fake_pair(pair);
    };
    const MatchResult result = play_match(plan, stop, console);
    EXPECT_EQ(played.size(), 300u);
    EXPECT_EQ(std::set<std::uint64_t>(played.begin(), played.end()).size(), 300u);
    EXPECT_EQ(result.pairs, 300u);
    EXPECT_EQ(result.score.games(), 600u);
    EXPECT_EQ(result.nodes, 300u * 100 + 299 * 300 / 2);
    EXPECT_FALSE(result.is_partial);
    EXPECT_FALSE(stop.load());
}

TEST_F(MatchRun, the_result_does_not_depend_on_the_workers) {
    const MatchResult one = play_match(plan_for(1, 200), stop, console);
    const MatchResult four = play_match(plan_for(4, 200), stop, console);
    expect_equal(one, four);
}

// Ends when the first player is 10 points ahead, seen after 8, 16, 24 ... pairs.
void end_when_ahead(MatchPlan& plan, std::vector<std::uint64_t>& asked) {
    plan.batch_pairs = 8;
    plan.is_decided = [&](const othello::MatchScore& score) {
        asked.push_back(score.pair_discs.count);
        return score.points() - score.games() / 2.0 >= 10;
    };
}

TEST_F(MatchRun, a_match_that_ends_early_ends_at_the_same_pair_for_any_number_of_workers) {
    MatchResult results[3];
    int next = 0;
    for (const unsigned workers : {1u, 2u, 4u}) {
        stop = false;
        std::vector<std::uint64_t> asked;
        MatchPlan plan = plan_for(workers, 5'000);
        end_when_ahead(plan, asked);
        plan.play = [&](unsigned worker, std::uint64_t pair) {
            // Some take long, so that others are far ahead.
            if ((pair + worker) % 7 == 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            return fake_pair(pair);
        };
        results[next] = play_match(plan, stop, console);
        const std::uint64_t pairs = results[next].pairs;
        EXPECT_LT(pairs, 5'000u);
        EXPECT_EQ(pairs % 8, 0u);
        EXPECT_FALSE(results[next].is_partial);
        EXPECT_TRUE(stop.load()) << "workers go on with what nobody wants";
        for (std::size_t i = 0; i < asked.size(); ++i)
            EXPECT_EQ(asked[i], 8 * (i + 1));
        EXPECT_EQ(asked.back(), pairs);
        ++next;
    }
    expect_equal(results[0], results[1]);
    expect_equal(results[0], results[2]);
}

TEST_F(MatchRun, the_last_batch_may_be_short) {
    std::vector<std::uint64_t> asked;
    MatchPlan plan = plan_for(2, 19);
    plan.batch_pairs = 8;
    plan.is_decided = [&](const othello::MatchScore& score) {
        asked.push_back(score.pair_discs.count);
        return false;
    };
    EXPECT_EQ(play_match(plan, stop, console).pairs, 19u);
    EXPECT_EQ(asked, (std::vector<std::uint64_t>{8, 16, 19}));
}

TEST_F(MatchRun, stopped_it_counts_what_is_complete_and_says_so) {
    MatchPlan plan = plan_for(2, 1'000'000);
    std::atomic<int> played{0};
    plan.play = [&](unsigned, std::uint64_t pair) {
        othello::MatchPair result = fake_pair(pair);
        if (played.fetch_add(1) >= 40) {
            stop = true;
            result.is_complete = false;
        }
        return result;
    };
    const MatchResult result = play_match(plan, stop, console);
    EXPECT_TRUE(result.is_partial);
    EXPECT_EQ(result.pairs, 40u);
    EXPECT_EQ(result.score.games(), 80u);
}

TEST_F(MatchRun, stopped_before_anything_is_complete_it_counts_nothing) {
    stop = true;
    const MatchResult result = play_match(plan_for(2, 10), stop, console);
    EXPECT_TRUE(result.is_partial);
    EXPECT_EQ(result.pairs, 0u);
    EXPECT_EQ(result.score.games(), 0u);
}

TEST(DescribeLimits, name_what_binds) {
    EXPECT_EQ(describe_limits({.depth = 4}), "depth 4");
    EXPECT_EQ(describe_limits({.nodes = 2'000, .exact_empties = 12}),
              "2,000 nodes, exact from 12 empties");
    EXPECT_EQ(describe_limits({.time_ns = 50'000'000}), "50 ms");
    EXPECT_EQ(describe_limits({.depth = 10, .selectivity = 3}), "depth 10, selectivity 3");
}

}  // namespace
}  // namespace kiln::app
