#include "core/othello/batch_evaluation.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/check_death.hpp"
#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

constexpr std::uint64_t seed = 47;

std::vector<Score> values_of(const Model& model, std::span<const Board> boards) {
    std::vector<std::uint16_t> order(boards.size());
    std::vector<Score> scores(boards.size(), -1);
    evaluate_batch(model, boards, order, scores);
    return scores;
}

// Every number of discs from none to 64, in no order.
std::vector<Board> any_boards(std::size_t count) {
    RandomStream random = test::test_stream(seed);
    std::vector<Board> boards;
    while (boards.size() < count) {
        const auto own = static_cast<unsigned>(random.below(257));
        boards.push_back(
            test::thrown_board(random, own, static_cast<unsigned>(random.below(257 - own))));
    }
    boards[0] = Board();
    return boards;
}

TEST(BatchEvaluation, gives_each_position_the_value_it_has_by_itself) {
    test::OwnedModel owned;
    owned.randomise(seed, 800);
    const std::vector<Board> boards = any_boards(5'000);
    const std::vector<Score> scores = values_of(owned.model, boards);
    for (std::size_t i = 0; i < boards.size(); ++i)
        ASSERT_EQ(scores[i], scalar::evaluate(owned.model, boards[i])) << to_text(boards[i]);
}

TEST(BatchEvaluation, takes_any_number_of_positions_up_to_its_limit) {
    test::OwnedModel owned;
    owned.randomise(seed + 1, 800);
    for (const std::size_t count :
         {std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{9}, batch_positions_max}) {
        const std::vector<Board> boards = any_boards(count);
        const std::vector<Score> scores = values_of(owned.model, boards);
        for (std::size_t i = 0; i < count; ++i)
            ASSERT_EQ(scores[i], owned.model.evaluate(boards[i])) << i << " of " << count;
    }
    EXPECT_TRUE(values_of(owned.model, {}).empty());
}

TEST(BatchEvaluation, refuses_more_than_it_can_number) {
    test::OwnedModel owned;
    const std::vector<Board> boards(batch_positions_max + 1);
    EXPECT_CHECK_FAILS((void)values_of(owned.model, boards), "boards.size.*");
}

}  // namespace
}  // namespace kiln::othello
