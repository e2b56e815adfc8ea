#include "core/othello/replay.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::OwnedSearcher;

const OwnedModel& random_model() {
    static OwnedModel owned;
    static const bool made = (owned.randomise(311, 300), true);
    (void)made;
    return owned;
}

OthelloSettings quick_settings() {
    OthelloSettings settings;
    settings.seed = 312;
    settings.depth = 2;
    settings.exact_empties = 8;
    settings.target_games = 100;
    return settings;
}

struct Notes final : GameObserver {
    void on_move(const PlayedMove& move) override { moves.push_back(move); }
    void on_step(const LearnedStep& step) override { steps.push_back(step); }
    std::vector<PlayedMove> moves;
    std::vector<LearnedStep> steps;
};

GameRecord play_one(std::uint64_t ticket, GameObserver* observer) {
    OwnedSearcher searcher(random_model().model);
    GameRecord record;
    EXPECT_EQ(play_game(quick_settings(), *searcher, {}, ticket, record, observer),
              PlayOutcome::done);
    return record;
}

Replay replay_one(const GameRecord& record, GameObserver* observer) {
    OwnedSearcher searcher(random_model().model);
    return replay_game(quick_settings().search_limits_at(0), *searcher, {}, record, observer);
}

TEST(Replay, a_record_replays_to_the_same_moves_values_and_figures) {
    for (std::uint64_t ticket = 0; ticket < 40; ++ticket) {
        Notes played;
        Notes replayed;
        const GameRecord record = play_one(ticket, &played);
        EXPECT_TRUE(replay_one(record, &replayed).agrees_with(record)) << ticket;
        ASSERT_EQ(played.moves.size(), record.summary.moves);
        ASSERT_EQ(replayed.moves.size(), record.summary.moves);
        for (std::size_t i = 0; i < played.moves.size(); ++i) {
            const PlayedMove& one = played.moves[i];
            const PlayedMove& other = replayed.moves[i];
            ASSERT_EQ(one.move, record.moves[i]);
            ASSERT_EQ(one.move, other.move);
            ASSERT_EQ(one.board, other.board);
            ASSERT_EQ(one.is_black, other.is_black);
            ASSERT_EQ(one.is_opening, other.is_opening);
            ASSERT_EQ(one.step, other.step);
            ASSERT_EQ(one.search.score, other.search.score);
            ASSERT_EQ(one.search.depth, other.search.depth);
            ASSERT_EQ(one.search.nodes, other.search.nodes);
            ASSERT_EQ(one.search.is_exact, other.search.is_exact);
        }
    }
}

TEST(Replay, a_game_that_is_watched_leaves_the_record_of_one_that_is_not) {
    for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
        Notes notes;
        const GameRecord watched = play_one(ticket, &notes);
        const GameRecord alone = play_one(ticket, nullptr);
        EXPECT_EQ(std::memcmp(&watched.summary, &alone.summary, sizeof(GameSummary)), 0);
        EXPECT_EQ(watched.position_count, alone.position_count);
        EXPECT_EQ(std::memcmp(watched.moves, alone.moves, sizeof(alone.moves)), 0);
        EXPECT_EQ(std::memcmp(watched.errors, alone.errors, sizeof(alone.errors)), 0);
        EXPECT_EQ(std::memcmp(watched.features, alone.features, sizeof(alone.features)), 0);
    }
}

TEST(Replay, an_observer_learns_which_position_each_error_of_the_record_is_charged_to) {
    const Model& model = random_model().model;
    std::size_t uncharged = 0;
    for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
        Notes notes;
        const GameRecord record = play_one(ticket, &notes);
        std::vector<bool> seen(record.position_count);
        for (const LearnedStep& step : notes.steps) {
            if (!step.is_charged) {
                ++uncharged;
                continue;
            }
            const auto at = static_cast<std::size_t>(step.at);
            ASSERT_LT(at, seen.size());
            ASSERT_FALSE(seen[at]);
            seen[at] = true;
            const Features features = model.geometry().features(step.charged);
            EXPECT_EQ(std::memcmp(&record.features[at], &features, sizeof(Features)), 0);
            EXPECT_EQ(record.errors[at], step.error);
            EXPECT_EQ(step.value, model.evaluate(step.charged));
            const double target = step.is_same_side ? step.target : -step.target;
            const double clip = quick_settings().error_clip_discs * score_per_disc;
            EXPECT_NEAR(step.error, std::clamp(target - step.value, -clip, clip), 0.5 + 1e-9);
        }
        EXPECT_EQ(std::count(seen.begin(), seen.end(), true), record.position_count);
    }
    EXPECT_GT(uncharged, 0u);
}

TEST(Replay, other_moves_or_other_figures_do_not_agree) {
    const GameRecord record = play_one(3, nullptr);
    GameRecord other = record;
    other.summary.moves -= 1;
    EXPECT_FALSE(replay_one(other, nullptr).agrees_with(other)) << "the game is not over";
    other = record;
    other.moves[5] = 27;  // taken from the start
    EXPECT_EQ(replay_one(other, nullptr).illegal_move, 5);
    other.moves[5] = no_square;
    EXPECT_EQ(replay_one(other, nullptr).illegal_move, 5);
    EXPECT_FALSE(replay_one(other, nullptr).agrees_with(other));
    other = record;
    other.summary.nodes += 1;
    EXPECT_FALSE(replay_one(record, nullptr).agrees_with(other));
}

}  // namespace
}  // namespace kiln::othello
