#include "core/othello/self_play.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/returns.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::OwnedSearcher;

const OwnedModel& random_model() {
    static OwnedModel owned;
    static const bool made = (owned.randomise(121, 300), true);
    (void)made;
    return owned;
}

// Fast games that still hold every kind of move.
OthelloSettings quick_settings() {
    OthelloSettings settings;
    settings.seed = 122;
    settings.depth = 2;
    settings.exact_empties = 8;
    settings.target_games = 1'000;
    settings.epsilon_solved = 0;  // practice has a test of its own
    return settings;
}

void without_exploration(OthelloSettings& settings) {
    settings.epsilon_early = settings.epsilon_middle = settings.epsilon_late = 0;
    settings.sparring = 0;
}

GameRecord play_one(const OthelloSettings& settings, OwnedSearcher& searcher,
                    std::uint64_t ticket) {
    const std::atomic<bool> stop{false};
    GameRecord record;
    EXPECT_EQ(play_game(settings, *searcher, {0, &stop, nullptr}, ticket, record),
              PlayOutcome::done);
    return record;
}

// Member by member, because padding is nobody's business.
bool same_record(const GameRecord& one, const GameRecord& other) {
    static_assert(std::has_unique_object_representations_v<GameSummary>);
    return std::memcmp(&one.summary, &other.summary, sizeof(GameSummary)) == 0 &&
           one.position_count == other.position_count &&
           std::equal(std::begin(one.stage_begin), std::end(one.stage_begin), other.stage_begin) &&
           std::equal(std::begin(one.moves), std::end(one.moves), other.moves) &&
           std::equal(std::begin(one.errors), std::end(one.errors), other.errors) &&
           std::memcmp(one.features, other.features, sizeof(one.features)) == 0;
}

// A searched position of a game, as replaying the record's moves finds it.
struct Searched {
    Board board;
    bool is_black = true;
    SearchResult result;
};

// Plays the moves again and searches every position behind the opening, as the game did.
std::vector<Searched> replay(const OthelloSettings& settings, const GameRecord& record,
                             int& difference) {
    OwnedSearcher searcher(random_model().model);
    searcher.table.begin_game();
    std::vector<Searched> searched;
    Board board = start_board();
    bool is_black = true;
    std::uint32_t move = 0;
    while (!is_over(board)) {
        if (legal_moves(board) == 0) {
            board = after_pass(board);
        } else {
            if (move >= record.summary.random_plies)
                searched.push_back(
                    {board, is_black, searcher.search(board, settings.search_limits_at(0))});
            const Square square = record.moves[move++];
            EXPECT_NE(legal_moves(board) & bit(square), 0u) << "an illegal move";
            board = test::play(board, square);
        }
        is_black = !is_black;
    }
    EXPECT_EQ(move, record.summary.moves);
    difference = is_black ? final_score(board) : -final_score(board);
    return searched;
}

TEST(SelfPlay, a_record_depends_on_settings_weights_and_ticket_and_on_nothing_else) {
    const OthelloSettings settings = quick_settings();
    OwnedSearcher used(random_model().model, 700);
    std::vector<GameRecord> records;
    for (std::uint64_t ticket = 0; ticket < 30; ++ticket)
        records.push_back(play_one(settings, used, ticket));
    for (std::uint64_t ticket = 30; ticket-- > 0;) {  // another order, a table with other contents
        OwnedSearcher fresh(random_model().model, 700);
        EXPECT_TRUE(same_record(play_one(settings, fresh, ticket), records[ticket])) << ticket;
        EXPECT_TRUE(same_record(play_one(settings, used, ticket), records[ticket])) << ticket;
    }
    EXPECT_FALSE(same_record(records[0], records[1]));

    OthelloSettings other = settings;
    other.seed += 1;
    EXPECT_FALSE(same_record(play_one(other, used, 0), records[0]));
}

TEST(SelfPlay, a_game_in_nodes_is_reproducible_too) {
    OthelloSettings settings = quick_settings();
    settings.depth = 60;
    settings.nodes = 300;
    OwnedSearcher used(random_model().model, 700);
    for (std::uint64_t ticket = 0; ticket < 8; ++ticket) {
        OwnedSearcher fresh(random_model().model, 700);
        play_one(settings, used, ticket + 100);
        EXPECT_TRUE(
            same_record(play_one(settings, fresh, ticket), play_one(settings, used, ticket)));
    }
}

TEST(SelfPlay, moves_of_a_record_replay_to_its_final_difference) {
    const OthelloSettings settings = quick_settings();
    OwnedSearcher searcher(random_model().model);
    std::set<int> differences;
    for (std::uint64_t ticket = 0; ticket < 60; ++ticket) {
        const GameRecord record = play_one(settings, searcher, ticket);
        int difference = 0;
        const auto searched = replay(settings, record, difference);
        const GameSummary& summary = record.summary;
        ASSERT_EQ(difference, summary.stone_difference) << "ticket " << ticket;
        ASSERT_EQ(searched.size(), summary.searched_moves + summary.solved_moves);
        ASSERT_EQ(summary.random_plies + summary.searched_moves + summary.solved_moves,
                  summary.moves);
        ASSERT_LE(summary.random_plies, static_cast<unsigned>(settings.random_plies_max));
        differences.insert(difference);
    }
    EXPECT_GT(differences.size(), 10u);
}

TEST(SelfPlay, practice_in_solved_positions_changes_neither_the_result_nor_their_exact_targets) {
    OthelloSettings settings = quick_settings();
    without_exploration(settings);
    settings.update_target = UpdateTarget::root;
    settings.error_clip_discs = 200;
    OthelloSettings practising = settings;
    practising.epsilon_solved = 1;
    OwnedSearcher searcher(random_model().model);
    int left_the_line = 0;
    for (std::uint64_t ticket = 0; ticket < 40; ++ticket) {
        const GameRecord perfect = play_one(settings, searcher, ticket);
        const GameRecord practised = play_one(practising, searcher, ticket);
        if (perfect.summary.predictions == 0)
            continue;
        ASSERT_EQ(practised.summary.stone_difference, perfect.summary.stone_difference);
        ASSERT_EQ(practised.summary.exploratory_moves, practised.summary.solved_moves);
        int played = 0;
        const auto game = replay(practising, practised, played);
        left_the_line += played != practised.summary.stone_difference;
        ASSERT_EQ(practised.position_count, game.size());
        // With the root as target, positions are in the order they were played.
        for (std::size_t at = 0; at < game.size(); ++at) {
            if (!game[at].result.is_exact)
                continue;
            ASSERT_EQ(practised.errors[at],
                      game[at].result.score - random_model().model.evaluate(game[at].board))
                << "ticket " << ticket << " position " << at;
        }
    }
    EXPECT_GT(left_the_line, 10);
}

TEST(SelfPlay, summary_is_what_the_searches_of_the_game_measured) {
    OthelloSettings settings = quick_settings();
    without_exploration(settings);
    OwnedSearcher searcher(random_model().model);
    for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
        const GameRecord record = play_one(settings, searcher, ticket);
        int difference = 0;
        GameSummary expected;
        bool is_first = true;
        for (const Searched& searched : replay(settings, record, difference)) {
            const SearchResult& result = searched.result;
            if (result.is_exact && expected.solved_moves == 0) {
                const Score predicted = random_model().model.evaluate(searched.board);
                expected.predictions = 1;
                expected.prediction_error =
                    static_cast<std::uint32_t>(std::abs(predicted - result.score));
            }
            (result.is_exact ? expected.solved_moves : expected.searched_moves) += 1;
            expected.depth_sum += result.is_exact ? 0 : static_cast<unsigned>(result.depth);
            expected.nodes += result.nodes;
            expected.value_sum += result.score;
            expected.value_square_sum +=
                static_cast<std::uint64_t>(static_cast<std::int64_t>(result.score) * result.score);
            expected.value_min =
                is_first ? result.score : std::min(expected.value_min, result.score);
            expected.value_max =
                is_first ? result.score : std::max(expected.value_max, result.score);
            is_first = false;
        }
        EXPECT_EQ(record.summary.solved_moves, expected.solved_moves);
        EXPECT_EQ(record.summary.searched_moves, expected.searched_moves);
        EXPECT_EQ(record.summary.depth_sum, expected.depth_sum);
        EXPECT_EQ(record.summary.nodes, expected.nodes);
        EXPECT_EQ(record.summary.value_sum, expected.value_sum);
        EXPECT_EQ(record.summary.value_square_sum, expected.value_square_sum);
        EXPECT_EQ(record.summary.value_min, expected.value_min);
        EXPECT_EQ(record.summary.value_max, expected.value_max);
        EXPECT_EQ(record.summary.predictions, expected.predictions);
        EXPECT_EQ(record.summary.prediction_error, expected.prediction_error);
        EXPECT_EQ(record.summary.exploratory_moves, 0u);
    }
}

// An error as the record should hold it, before sorting.
struct Charge {
    int stage;
    std::int32_t error;
    Features features;
};

// Errors of a game without exploration, worked out again from its replay.
std::vector<Charge> expected_charges(const OthelloSettings& settings,
                                     const std::vector<Searched>& game, int difference) {
    const Model& model = random_model().model;
    std::vector<Step> steps;
    for (const Searched& searched : game)
        steps.push_back({searched.result.score, searched.is_black, false});
    std::vector<double> returns(steps.size());
    lambda_returns(steps, difference * score_per_disc, settings.lambda, returns);
    std::vector<Charge> charges;
    for (std::size_t t = 0; t < game.size(); ++t) {
        const bool at_leaf =
            settings.update_target == UpdateTarget::leaf && game[t].result.has_leaf;
        const Board board = at_leaf ? game[t].result.leaf : game[t].board;
        const bool turned = at_leaf && !game[t].result.leaf_is_root_side;
        const double clip = settings.error_clip_discs * score_per_disc;
        const double error =
            std::clamp((turned ? -returns[t] : returns[t]) - model.evaluate(board), -clip, clip);
        charges.push_back({stage_of(board.discs()),
                           static_cast<std::int32_t>(std::floor(error + 0.5)),
                           model.geometry().features(board)});
    }
    std::stable_sort(charges.begin(), charges.end(),
                     [](const Charge& a, const Charge& b) { return a.stage < b.stage; });
    return charges;
}

TEST(SelfPlay, errors_are_target_minus_value_at_the_charged_position_sorted_by_stage) {
    for (const UpdateTarget target : {UpdateTarget::leaf, UpdateTarget::root}) {
        for (const double lambda : {0.0, 0.3, 1.0}) {
            OthelloSettings settings = quick_settings();
            without_exploration(settings);
            settings.update_target = target;
            settings.lambda = lambda;
            OwnedSearcher searcher(random_model().model);
            for (std::uint64_t ticket = 0; ticket < 12; ++ticket) {
                const GameRecord record = play_one(settings, searcher, ticket);
                int difference = 0;
                const auto game = replay(settings, record, difference);
                const auto charges = expected_charges(settings, game, difference);
                ASSERT_EQ(record.position_count, charges.size());
                for (std::size_t at = 0; at < charges.size(); ++at) {
                    ASSERT_EQ(record.errors[at], charges[at].error)
                        << "ticket " << ticket << " position " << at;
                    ASSERT_LE(record.stage_begin[charges[at].stage], at);
                    ASSERT_GT(record.stage_begin[charges[at].stage + 1], at);
                    ASSERT_EQ(
                        std::memcmp(&record.features[at], &charges[at].features, sizeof(Features)),
                        0);
                }
                ASSERT_TRUE(
                    std::is_sorted(std::begin(record.stage_begin), std::end(record.stage_begin)));
                ASSERT_EQ(record.stage_begin[0], 0);
                ASSERT_EQ(record.stage_begin[stage_count], charges.size());
            }
        }
    }
}

TEST(SelfPlay, exploratory_positions_cause_no_leaf_update) {
    OthelloSettings settings = quick_settings();
    settings.update_target = UpdateTarget::leaf;
    settings.epsilon_early = settings.epsilon_middle = settings.epsilon_late = 1;
    OwnedSearcher searcher(random_model().model);
    int solved = 0;
    for (std::uint64_t ticket = 0; ticket < 30; ++ticket) {
        const GameRecord record = play_one(settings, searcher, ticket);
        int difference = 0;
        const auto game = replay(settings, record, difference);
        ASSERT_EQ(record.summary.exploratory_moves, record.summary.searched_moves);
        std::uint32_t without_leaf = 0;
        for (const Searched& searched : game)
            without_leaf += !searched.result.has_leaf;
        // Only solved positions (and lines that end the game) say anything.
        ASSERT_EQ(record.position_count, without_leaf) << "ticket " << ticket;
        solved += static_cast<int>(without_leaf);
    }
    EXPECT_GT(solved, 50);
}

TEST(SelfPlay, solved_positions_are_charged_to_the_root_with_the_exact_score) {
    OthelloSettings settings = quick_settings();  // with exploration: it ends where solving begins
    OwnedSearcher searcher(random_model().model);
    int checked = 0;
    for (std::uint64_t ticket = 0; ticket < 30; ++ticket) {
        const GameRecord record = play_one(settings, searcher, ticket);
        int difference = 0;
        for (const Searched& searched : replay(settings, record, difference)) {
            if (!searched.result.is_exact)
                continue;
            const int exact = searched.is_black ? difference : -difference;
            ASSERT_EQ(searched.result.score, exact * score_per_disc) << "imperfect play";
            const double clip = settings.error_clip_discs * score_per_disc;
            const auto error = static_cast<std::int32_t>(std::clamp<double>(
                searched.result.score - random_model().model.evaluate(searched.board), -clip,
                clip));
            const Features features = random_model().geometry->features(searched.board);
            bool found = false;
            for (std::uint32_t at = 0; at < record.position_count; ++at)
                found =
                    found || (record.errors[at] == error &&
                              std::memcmp(&record.features[at], &features, sizeof(Features)) == 0);
            ASSERT_TRUE(found) << "ticket " << ticket << to_text(searched.board);
            ++checked;
        }
    }
    EXPECT_GT(checked, 100);
}

// The control must leave nothing to learn: neither the result nor what solving knows of it.
TEST(SelfPlay, shuffled_results_give_every_solved_position_the_games_random_sign) {
    OthelloSettings settings = quick_settings();
    without_exploration(settings);
    settings.update_target = UpdateTarget::root;
    settings.control = LearningControl::shuffled;
    settings.error_clip_discs = 200;
    OthelloSettings honest = settings;
    honest.control = LearningControl::none;
    OwnedSearcher searcher(random_model().model);
    int kept = 0;
    int turned = 0;
    for (std::uint64_t ticket = 0; ticket < 60; ++ticket) {
        const GameRecord record = play_one(settings, searcher, ticket);
        int difference = 0;
        const auto game = replay(settings, record, difference);
        if (difference == 0)
            continue;
        // With the root as target, positions are in the order they were played.
        int sign = 0;
        for (std::size_t at = 0; at < game.size(); ++at) {
            if (!game[at].result.is_exact)
                continue;
            const Score value = random_model().model.evaluate(game[at].board);
            const int as_kept = game[at].result.score - value;
            const int as_turned = -game[at].result.score - value;
            const int here = record.errors[at] == as_kept ? 1 : -1;
            ASSERT_EQ(record.errors[at], here == 1 ? as_kept : as_turned)
                << "ticket " << ticket << " position " << at;
            ASSERT_TRUE(sign == 0 || sign == here) << "two signs in one game";
            sign = here;
        }
        (sign == 1 ? kept : turned) += sign != 0;
        // The game itself is the same as without the control.
        const GameRecord other = play_one(honest, searcher, ticket);
        ASSERT_TRUE(std::equal(std::begin(record.moves), std::end(record.moves), other.moves));
        ASSERT_EQ(record.summary.stone_difference, other.summary.stone_difference);
    }
    EXPECT_GT(kept, 12);
    EXPECT_GT(turned, 12);
}

// Raises a stop flag when it is asked for the n-th time: every search asks once, at its start.
class RaisingClock final : public Clock {
  public:
    RaisingClock(std::atomic<bool>& stop, int questions) : stop_(stop), left_(questions) {}
    std::uint64_t now_ns() override {
        if (--left_ == 0)
            stop_.store(true);
        return 1;
    }

  private:
    std::atomic<bool>& stop_;
    int left_;
};

TEST(SelfPlay, a_game_is_abandoned_when_the_stop_flag_is_raised_at_any_of_its_moves) {
    OthelloSettings settings = quick_settings();
    settings.time_ns = ~std::uint64_t{0} / 2;
    settings.exact_empties = 0;
    OwnedSearcher searcher(random_model().model);
    GameRecord record;
    std::atomic<bool> never{false};
    RaisingClock plain(never, 0);
    ASSERT_EQ(play_game(settings, *searcher, {0, &never, &plain}, 3, record), PlayOutcome::done);
    const int searches = static_cast<int>(record.summary.searched_moves);
    ASSERT_GT(searches, 20);
    for (int question = 1; question <= searches; ++question) {
        std::atomic<bool> stop{false};
        RaisingClock clock(stop, question);
        EXPECT_EQ(play_game(settings, *searcher, {0, &stop, &clock}, 3, record),
                  PlayOutcome::abandoned)
            << "raised at move " << question;
    }
}

TEST(SelfPlay, games_keep_differing_after_exploration_has_ended) {
    const OthelloSettings settings = quick_settings();
    OwnedSearcher searcher(random_model().model);
    std::set<std::vector<Square>> games;
    for (std::uint64_t ticket = 0; ticket < 50; ++ticket) {
        const GameRecord record = play_one(settings, searcher, settings.target_games + ticket);
        games.insert({std::begin(record.moves), std::end(record.moves)});
    }
    EXPECT_GT(games.size(), 40u);
}

TEST(SelfPlay, explores_as_often_as_the_schedule_says) {
    OthelloSettings settings = quick_settings();
    settings.depth = 1;
    settings.epsilon_early = 0.25;
    settings.epsilon_middle = 0.1;
    settings.epsilon_late = 0;
    settings.sparring = 0;
    OwnedSearcher searcher(random_model().model);
    const auto share = [&](double progress) {
        std::uint64_t explored = 0;
        std::uint64_t searched = 0;
        for (std::uint64_t i = 0; i < 60; ++i) {
            const auto ticket =
                static_cast<std::uint64_t>(progress * static_cast<double>(settings.target_games)) +
                i;
            const GameRecord record = play_one(settings, searcher, ticket);
            explored += record.summary.exploratory_moves;
            searched += record.summary.searched_moves;
        }
        return static_cast<double>(explored) / static_cast<double>(searched);
    };
    // Some 2,700 draws each: a standard deviation below 0.009. Tickets are the same every time.
    EXPECT_NEAR(share(0), 0.25, 0.04);
    EXPECT_NEAR(share((settings.middle_from + settings.late_from) / 2), 0.1, 0.03);
    EXPECT_EQ(share(settings.late_from), 0);
}

TEST(SelfPlay, lets_one_player_move_at_random_in_sparring_games_only) {
    OthelloSettings settings = quick_settings();
    settings.depth = 1;
    settings.epsilon_early = settings.epsilon_middle = settings.epsilon_late = 0;
    OwnedSearcher searcher(random_model().model);
    for (const double sparring : {0.0, 1.0}) {
        settings.sparring = sparring;
        for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
            const GameSummary summary = play_one(settings, searcher, ticket).summary;
            const double explored =
                static_cast<double>(summary.exploratory_moves) / summary.searched_moves;
            // Passes and the random opening keep the players' shares from being exactly equal.
            EXPECT_NEAR(explored, sparring / 2, sparring == 0 ? 0 : 0.2) << "ticket " << ticket;
        }
    }
}

}  // namespace
}  // namespace kiln::othello
