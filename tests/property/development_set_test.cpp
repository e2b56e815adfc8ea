// That the development set is one: solved positions, no two alike, none of which training sees.
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/othello_workload.hpp"
#include "core/othello/self_play.hpp"
#include "core/othello/symmetry.hpp"

#include "app/obf.hpp"
#include "perf/positions.hpp"
#include "tests/support/block_store.hpp"
#include "tests/support/othello.hpp"
#include "tests/support/trainer.hpp"
#include "tests/support/workload_wrapper.hpp"

namespace kiln::othello {
namespace {

using Name = std::pair<Bits, Bits>;  // the same for all images of a position

Name name_of(const Board& board) {
    const Board least = canonical(board);
    return {least.own, least.opponent};
}

std::vector<app::ObfPosition> development_set() {
    app::ObfReader reader(KILN_TEST_DATA "/development.obf", "test");
    std::vector<app::ObfPosition> all;
    for (app::ObfPosition position; reader.next(position);)
        all.push_back(position);
    return all;
}

// Notes every position of self-play that a weight is learned from or a game passes through, with as
// many empty squares as positions of the set have.
class WatchedSelfPlay final : public test::WorkloadWrapper, private GameObserver {
  public:
    WatchedSelfPlay(OthelloWorkload& workload, std::set<int> empties)
        : WorkloadWrapper(workload), workload_(workload), empties_(std::move(empties)) {}

    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override {
        auto* const game = new (record.data()) GameRecord;
        return play_game(workload_.settings(), workload_.searcher(0), context, ticket, *game, this);
    }

    std::set<Name> seen;

  private:
    void on_move(const PlayedMove& move) override { note(move.board); }
    void on_step(const LearnedStep& step) override {
        if (step.is_charged)
            note(step.charged);
    }
    void note(const Board& board) {
        if (empties_.contains(board.empties()))
            seen.insert(name_of(board));
    }

    OthelloWorkload& workload_;
    std::set<int> empties_;
};

TEST(DevelopmentSet, every_eighth_position_with_20_empties_is_measured_on) {
    std::vector<Board> expected;
    int count = 0;
    for (const app::ObfPosition& position : development_set())
        if (position.board().empties() == 20 && count++ % 8 == 0)
            expected.push_back(position.board());
    EXPECT_EQ(perf::even_positions(), expected);
}

TEST(DevelopmentSet, no_two_positions_are_images_of_each_other) {
    std::set<Name> names;
    const auto positions = development_set();
    for (const app::ObfPosition& position : positions)
        EXPECT_TRUE(names.insert(name_of(position.board())).second) << position.comment;
    EXPECT_GE(positions.size(), 750u);
}

TEST(DevelopmentSet, every_position_has_one_score_that_may_be_one) {
    for (const app::ObfPosition& position : development_set()) {
        ASSERT_EQ(position.scores.size(), 1u) << position.comment;
        EXPECT_EQ(position.scores[0].discs % 2, 0) << position.comment;
        const int empties = position.board().empties();
        EXPECT_NE(position.comment.find("e" + std::to_string(empties) + "-"), std::string::npos);
    }
}

TEST(DevelopmentSet, a_sample_solves_to_its_scores) {
    test::OwnedModel model(test::small_shapes());
    test::OwnedSearcher searcher(model.model, 1 << 16);
    std::map<int, int> solved;
    for (const app::ObfPosition& position : development_set()) {
        const int empties = position.board().empties();
        if (empties > 16 || ++solved[empties] > 20)
            continue;
        searcher.table.begin_game();
        const SearchResult found = searcher.search(position.board(), {.exact_empties = 64});
        EXPECT_EQ(found.score / score_per_disc, position.known_discs()) << position.comment;
        // The move of the file is worth as much.
        const Board after = test::play(position.board(), position.scores[0].move);
        const SearchResult reply = searcher.search(after, {.exact_empties = 64});
        EXPECT_EQ(-reply.score, found.score) << position.comment;
    }
    EXPECT_GT(solved[12], 20);
    EXPECT_GT(solved[16], 20);
}

TEST(DevelopmentSet, two_thousand_games_of_self_play_meet_none_of_its_positions) {
    constexpr std::uint64_t games = 2'000;
    OthelloSettings settings;  // as a run has them that is told nothing
    settings.table_bytes = 1u << 20;
    settings.table_floor_bytes = settings.table_bytes;
    SessionSettings session;
    session.target_games = settings.target_games;
    session.stop_after_games = games;
    std::map<Name, std::string> set;
    std::set<int> empties;
    for (const app::ObfPosition& position : development_set()) {
        set.emplace(name_of(position.board()), position.comment);
        empties.insert(position.board().empties());
    }

    OthelloWorkload workload(settings);
    WatchedSelfPlay watched(workload, empties);
    test::TestRun run(watched, session, 1);
    run.start_fresh();
    test::BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_GE(workload.statistics().total.games, games);  // to the end of an epoch
    EXPECT_GT(watched.seen.size(), games * empties.size() * 9 / 10);
    for (const auto& [name, comment] : set)
        EXPECT_FALSE(watched.seen.contains(name)) << comment;
    // What was seen is found in every image, so that a position of the set would be.
    const Name name = *watched.seen.begin();
    for (int symmetry = 0; symmetry < symmetry_count; ++symmetry)
        EXPECT_TRUE(
            watched.seen.contains(name_of(transform(symmetry, Board{name.first, name.second}))));
}

}  // namespace
}  // namespace kiln::othello
